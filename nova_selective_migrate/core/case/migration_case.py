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
from nova_selective_migrate.core.case import readiness_fields
from nova_selective_migrate.core.case import transport_fields
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import media_options
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.model import trim_options

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
        storage=_storage(fields.object('storage')),
        domain_state=_domain_state(fields.object('domain_state')),
        hypervisors=_hypervisors(fields.object('hypervisor')),
        policy=_policy(fields.object('policy')),
        options=_options(fields.object('options')),
        persistent_xml=fields.text('persistent_xml'),
        readiness=readiness_fields.read(fields),
    )


def dumps(case: Case) -> str:
    """Write a case as JSON that :func:`loads` reads back as it was."""
    return json.dumps(_tree(case), indent=1) + '\n'


def _storage(fields: json_fields.Fields) -> storage_facts.Storage:
    told = fields.tree.get('destination_pools') is not None
    return storage_facts.Storage(
        source=_facts_by_path(fields.object('source')),
        destination=_facts_by_path(fields.object('destination')),
        pools=_pools(fields.object('pools')),
        destination_pools=(
            _pools(fields.object('destination_pools')) if told else None
        ),
    )


def _pools(fields: json_fields.Fields) -> dict[str, storage_facts.StoragePool]:
    return {name: _pool(pool) for name, pool in fields.objects()}


def _pool(fields: json_fields.Fields) -> storage_facts.StoragePool:
    volumes = fields.object('volumes')
    paths = {name: volumes.text(name) for name in volumes.tree}
    return storage_facts.StoragePool(
        type=fields.text('type') or 'unknown',
        path=fields.text('path'),
        hosts=tuple(
            domains.NetworkHost(
                name=host.text('name'),
                port=host.text('port'),
                transport=host.text('transport') or 'tcp',
                socket=host.text('socket'),
            )
            for host in fields.each('hosts')
        ),
        name=fields.text('name'),
        directory=fields.text('directory'),
        devices=fields.texts('devices'),
        volumes={name: path for name, path in paths.items() if path},
        free_bytes=fields.integer('free_bytes'),
        active=fields.boolean('active'),
    )


def _facts_by_path(
    fields: json_fields.Fields,
) -> dict[str, storage_facts.StorageFacts]:
    return {
        path: _facts(facts)
        for path, facts in fields.objects()
        # An empty object says that nothing is known of the path.
        if facts.tree
    }


def _facts(fields: json_fields.Fields) -> storage_facts.StorageFacts:
    return storage_facts.StorageFacts(
        exists=fields.boolean('exists'),
        kind=fields.member('kind', storage_facts.PathKind),
        resolved=fields.text('resolved'),
        fstype=fields.text('fstype'),
        mount_source=fields.text('mount_source'),
        mount_point=fields.text('mount_point'),
        identity=fields.text('identity'),
        transport=fields.text('transport'),
        slaves=fields.texts('slaves'),
        virtual_bytes=fields.integer('virtual_bytes'),
        allocated_bytes=fields.integer('allocated_bytes'),
        format=fields.text('format'),
        content=fields.text('content'),
        free_bytes=fields.integer('free_bytes'),
        used_by=fields.text('used_by'),
        internal_snapshots=fields.integer('internal_snapshots'),
        error=fields.text('error'),
        group_uuid=fields.text('group_uuid'),
        logical_volume=fields.text('logical_volume'),
        volume_uuid=fields.text('volume_uuid'),
        thin=fields.boolean('thin'),
    )


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


def _options(fields: json_fields.Fields) -> migration_options.MigrationOptions:
    return migration_options.MigrationOptions(
        destination_uri=fields.text('destination_uri'),
        bandwidth=fields.integer('bandwidth') or 0,
        migrate_uri=fields.text('migrate_uri'),
        listen_address=fields.text('listen_address'),
        direct=bool(fields.boolean('direct')),
        tunnelled=bool(fields.boolean('tunnelled')),
        tls=bool(fields.boolean('tls')),
        create_images=bool(fields.boolean('create_images')),
        existing=fields.texts('existing'),
        prepared=_preparation(fields),
        postcopy=bool(fields.boolean('postcopy')),
        parallel=bool(fields.boolean('parallel')),
        synchronous_writes=bool(fields.boolean('synchronous_writes')),
        converge=bool(fields.boolean('converge')),
        auto_converge=bool(fields.boolean('auto_converge')),
        disks_port=fields.integer('disks_port'),
        disks_uri=fields.text('disks_uri'),
        thin=fields.member('thin', migration_options.Thin)
        or migration_options.Thin.OFF,
        parallel_mirrors=fields.integer('parallel_mirrors') or 0,
        accept_known_bad=fields.texts('accept_known_bad'),
        transport=transport_fields.read(fields.object('transport')),
        media=_media(fields.object('media')),
        mapping=_mapping(fields.object('mapping')),
        remove_source_images=bool(fields.boolean('remove_source_images')),
        trim=_trim(fields.object('trim')),
    )


def _trim(fields: json_fields.Fields) -> trim_options.TrimOptions:
    seconds = fields.integer('seconds')
    return trim_options.TrimOptions(
        on=bool(fields.boolean('on')),
        seconds=trim_options.TRIM_SECONDS if seconds is None else seconds,
    )


def _media(fields: json_fields.Fields) -> media_options.MediaOptions:
    limit = fields.integer('limit_bytes')
    return media_options.MediaOptions(
        copy=bool(fields.boolean('copy')),
        eject=bool(fields.boolean('eject')),
        limit_bytes=(
            media_options.MediaOptions.limit_bytes if limit is None else limit
        ),
    )


def _mapping(
    fields: json_fields.Fields,
) -> destination_mapping.DestinationMapping:
    formats = fields.object('formats')
    return destination_mapping.DestinationMapping(
        paths=tuple(
            destination_mapping.PathMap.of(*_ends(each))
            for each in fields.each('paths')
        ),
        pools=tuple(
            destination_mapping.PoolMap(*_ends(each))
            for each in fields.each('pools')
        ),
        formats={name: formats.text(name) or '' for name in formats.tree},
    )


def _ends(fields: json_fields.Fields) -> tuple[str, str]:
    return fields.text('source') or '', fields.text('destination') or ''


def _preparation(
    fields: json_fields.Fields,
) -> migration_options.Preparation | None:
    if fields.tree.get('prepared') is None:
        return None
    prepared = fields.object('prepared')
    directory = prepared.text('directory')
    if directory is None:
        raise exceptions.InvalidCase(f'{prepared.where}.directory is missing')
    reasons = prepared.object('not_carried')
    return migration_options.Preparation(
        directory=directory,
        shared_directory=bool(prepared.boolean('shared_directory')),
        block_migration=prepared.boolean('block_migration'),
        carried=prepared.texts('carried'),
        not_carried={name: reasons.text(name) or '' for name in reasons.tree},
        seeded=prepared.texts('seeded'),
        makes_images=prepared.boolean('makes_images') is not False,
        images_type=prepared.text('images_type') or 'qcow2',
        same_images_type=prepared.boolean('same_images_type') is not False,
        fetched_bytes=prepared.integer('fetched_bytes') or 0,
        sets_volume_paths=bool(prepared.boolean('sets_volume_paths')),
        also_sent=prepared.texts('also_sent'),
        volume_group=prepared.text('volume_group') or '',
        destination_group=prepared.text('destination_group') or '',
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
