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

"""Read what a case has of the storage of both hosts."""

from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts


def read(fields: json_fields.Fields) -> storage_facts.Storage:
    """Read ``storage`` of a case.

    :raises InvalidCase: when a field has another type
    """
    told = fields.tree.get('destination_pools') is not None
    return storage_facts.Storage(
        source=_facts_by_path(fields.object('source')),
        destination=_facts_by_path(fields.object('destination')),
        pools=_pools(fields.object('pools')),
        destination_pools=(
            _pools(fields.object('destination_pools')) if told else None
        ),
    )


def _pools(fields: json_fields.Fields) -> dict[str, pool_facts.StoragePool]:
    return {name: _pool(pool) for name, pool in fields.objects()}


def _pool(fields: json_fields.Fields) -> pool_facts.StoragePool:
    volumes = fields.object('volumes')
    paths = {name: volumes.text(name) for name in volumes.tree}
    return pool_facts.StoragePool(
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
        # An empty one is equal on all hosts, and tells nothing.
        identity=fields.text('identity') or None,
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
