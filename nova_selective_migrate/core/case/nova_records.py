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

"""What nova's records say of a host's servers, as one JSON document.

The process that asks nova-conductor writes it, and the command line reads
it: so nova is imported there alone.
"""

import collections.abc
import dataclasses
import json
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import audit_options
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import nova_servers


@dataclasses.dataclass(frozen=True)
class NovaRecords:
    """The servers of one host, and how its nova-compute migrates them.

    :ivar host: by nova's name
    :ivar mode: of [selective_migrate]: enforce or audit; disabled where it
        is not enabled
    """

    host: str
    mode: str
    options: audit_options.AuditOptions
    servers: tuple[nova_servers.NovaServer, ...]

    def find(self, uuid: str) -> nova_servers.NovaServer | None:
        """Return a server of this host; None where nova has none."""
        return next((one for one in self.servers if one.uuid == uuid), None)

    def not_running(
        self, running: collections.abc.Container[str]
    ) -> tuple[nova_servers.NovaServer, ...]:
        """Return the servers of which no guest runs here, by name."""
        found = [one for one in self.servers if one.uuid not in running]
        return tuple(sorted(found, key=lambda one: (one.name, one.uuid)))


def dumps(records: NovaRecords) -> str:
    """Write records as JSON, without secrets."""
    return json.dumps(json_fields.plain(records))


def loads(text: str) -> NovaRecords:
    """Read records.

    :raises InvalidInput: when it is not what :func:`dumps` writes, or
        ``{"problem": …}``, with that
    """
    try:
        tree: typing.Any = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise exceptions.InvalidInput(f'no JSON: {err}') from err
    fields = json_fields.Fields.of(tree, 'records')
    if problem := fields.text('problem'):
        raise exceptions.InvalidInput(problem)
    options = fields.object('options')
    policy = options.object('policy')
    return NovaRecords(
        _text(fields, 'host'),
        _text(fields, 'mode'),
        audit_options.AuditOptions(
            declared_paths.LocalityPolicy(
                policy.texts('shared_paths'), policy.texts('local_paths')
            ),
            options.member('thin', migration_options.Thin)
            or migration_options.Thin.OFF,
            options.integer('parallel_mirrors') or 0,
            options.texts('accept_known_bad'),
            options.texts('shared_filesystems'),
            options.boolean('tunnelled') or False,
            options.boolean('tls') or False,
            options.boolean('images_by_nova') or False,
        ),
        tuple(_server(each) for each in fields.each('servers')),
    )


def _server(fields: json_fields.Fields) -> nova_servers.NovaServer:
    return nova_servers.NovaServer(
        _text(fields, 'uuid'),
        fields.text('name') or '',
        fields.text('vm_state'),
        fields.text('task_state'),
        redaction.block_device_info(
            dict(fields.object('block_device_info').tree)
        ),
        _text(fields, 'directory'),
        _text(fields, 'images_type'),
        fields.boolean('volume_backed') or False,
        fields.boolean('tunnelled') or False,
    )


def _text(fields: json_fields.Fields, name: str) -> str:
    if value := fields.text(name):
        return value
    raise exceptions.InvalidInput(f'{fields.where} has no {name}')
