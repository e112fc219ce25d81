# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A case: all that the planner sees, recorded and replayed as JSON.

The format is version 1 of doc/source/reference/cases.rst; its field names are
a contract. A case holds no credential: it is redacted when it is made.
"""

import dataclasses
import json
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.case import option_fields
from nova_selective_migrate.core.case import readiness_fields
from nova_selective_migrate.core.case import storage_fields
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts

VERSION = 1


@dataclasses.dataclass(frozen=True)
class Case:
    """The input of one plan.

    :ivar block_device_info: nova's own shape, or None where not known
    :ivar persistent_xml: the domain's definition, where it differs from
        what runs
    :ivar readiness: what the destination tells beside storage; None where it
        was not asked
    """

    domain_xml: str
    block_device_info: typing.Any = None
    storage: storage_facts.Storage = dataclasses.field(
        default_factory=storage_facts.Storage
    )
    domain_state: domains.DomainState = dataclasses.field(
        default_factory=domains.DomainState
    )
    hypervisors: domains.Hypervisors = dataclasses.field(
        default_factory=domains.Hypervisors
    )
    policy: declared_paths.LocalityPolicy = dataclasses.field(
        default_factory=declared_paths.LocalityPolicy
    )
    options: migration_options.MigrationOptions = dataclasses.field(
        default_factory=migration_options.MigrationOptions
    )
    persistent_xml: str | None = None
    readiness: destination_readiness.Readiness | None = None

    def with_active_job(self) -> 'Case':
        """Return it with a job that libvirt does not know of yet."""
        state = dataclasses.replace(self.domain_state, job_active=True)
        return dataclasses.replace(self, domain_state=state)

    def with_measured_rate(self, bytes_per_second: int | None) -> 'Case':
        """Return it with how fast the last migration to the host was."""
        if self.readiness is None or bytes_per_second is None:
            return self
        told = dataclasses.replace(
            self.readiness, bytes_per_second=bytes_per_second
        )
        return dataclasses.replace(self, readiness=told)


def loads(text: str) -> Case:
    """Read a recorded case.

    :raises InvalidCase: when the text is no case of version 1
    :raises InvalidPolicy: when its declared paths contradict each other
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise exceptions.InvalidCase(f'not JSON: {err}') from err
    fields = json_fields.Fields.of(tree, 'case')
    version = fields.integer('version')
    if version != VERSION:
        raise exceptions.InvalidCase(
            f'version {version} is not known, only {VERSION} is'
        )
    domain_xml = fields.text('domain_xml')
    if domain_xml is None:
        raise exceptions.InvalidCase('case.domain_xml is missing')
    return Case(
        domain_xml=domain_xml,
        block_device_info=tree.get('block_device_info'),
        storage=storage_fields.read(fields.object('storage')),
        domain_state=_domain_state(fields.object('domain_state')),
        hypervisors=_hypervisors(fields.object('hypervisor')),
        policy=_policy(fields.object('policy')),
        options=option_fields.read(fields.object('options')),
        persistent_xml=fields.text('persistent_xml'),
        readiness=readiness_fields.read(fields),
    )


def dumps(case: Case) -> str:
    """Write a case as JSON that :func:`loads` reads back as it was."""
    return json.dumps(_tree(case), indent=1) + '\n'


def _domain_state(fields: json_fields.Fields) -> domains.DomainState:
    return domains.DomainState(
        state=fields.text('state'),
        snapshots=fields.integer('snapshots') or 0,
        block_jobs=fields.texts('block_jobs'),
        persistent=fields.boolean('persistent'),
        paused_without_io=fields.boolean('paused_without_io'),
        job_active=fields.boolean('job_active'),
        checkpoints=fields.integer('checkpoints') or 0,
    )


def _hypervisors(fields: json_fields.Fields) -> domains.Hypervisors:
    source, destination = fields.object('source'), fields.object('destination')
    return domains.Hypervisors(_versions(source), _versions(destination))


def _versions(fields: json_fields.Fields) -> domains.Versions:
    return domains.Versions(
        libvirt=fields.integer('libvirt'),
        qemu=fields.integer('qemu'),
        shared_filesystems=fields.texts('shared_filesystems'),
        tls_certificates=fields.boolean('tls_certificates'),
    )


def _policy(fields: json_fields.Fields) -> declared_paths.LocalityPolicy:
    return declared_paths.LocalityPolicy(
        shared_paths=fields.texts('shared_paths'),
        local_paths=fields.texts('local_paths'),
    )


def _tree(case: Case) -> dict[str, typing.Any]:
    tree = {
        'version': VERSION,
        'domain_xml': case.domain_xml,
        'block_device_info': case.block_device_info,
        'storage': json_fields.plain(case.storage),
        'domain_state': json_fields.plain(case.domain_state),
        'hypervisor': json_fields.plain(case.hypervisors),
        'policy': json_fields.plain(case.policy),
        'options': json_fields.plain(case.options),
        'persistent_xml': case.persistent_xml,
        'readiness': json_fields.plain(case.readiness),
    }
    return {key: value for key, value in tree.items() if value is not None}
