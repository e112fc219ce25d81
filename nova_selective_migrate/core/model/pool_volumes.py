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

"""Volumes of storage pools that are block devices: their names and pools."""

import collections.abc
import posixpath

from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts


def is_logical_volume(storage: storage_facts.Storage, path: str) -> bool:
    """Return whether a path is known to be a logical volume."""
    here = storage_facts.at(storage.source, path)
    if here is not None and here.logical_volume:
        return True
    name = volume_path(path, here)
    return any(
        (pool := volume_pool(pools, name)) is not None
        and pools[pool].type == 'logical'
        for pools in (storage.pools, storage.pools_there)
    )


def volume_path(path: str, facts: storage_facts.StorageFacts | None) -> str:
    """Return the name that a volume has in its pool, as far as known.

    A name in /dev/mapper alone does not make it a volume: cryptsetup makes
    such names too.

    :param facts: of the host that has it at the path
    """
    if facts is not None and facts.logical_volume:
        return facts.logical_volume
    looked_at = facts is not None and facts.transport is not None
    return (
        storage_facts.tidy(path)
        if looked_at
        else logical_volumes.canonical(storage_facts.tidy(path))
    )


def volume_pool(
    pools: collections.abc.Mapping[str, pool_facts.StoragePool], path: str
) -> str | None:
    """Name the pool that a block device at a path is a volume of.

    :param path: as the pool has it, ``/dev/VG/LV``
    :returns: None where none of the pools has such volumes there
    """
    folder = posixpath.dirname(storage_facts.tidy(path))
    for name, pool in pools.items():
        path = storage_facts.tidy((pool.path or '').rstrip('/'))
        if pool.type in pool_facts.VOLUME_POOLS and path == folder:
            return name
    return None
