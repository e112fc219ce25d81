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

"""The storage pools of the volume groups that a guest's devices are in."""

import collections.abc
import dataclasses
import posixpath

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import volume_pools

Pools = dict[str, pool_facts.StoragePool]
Facts = dict[str, storage_facts.StorageFacts]


@dataclasses.dataclass(frozen=True)
class VolumeGroupPools:
    """The pools of both hosts, by name, and what follows of the volumes.

    :ivar here: facts of the source, by path
    :ivar there: those of the destination
    """

    source: Pools
    destination: Pools
    here: Facts
    there: Facts


def folders(
    here: collections.abc.Mapping[str, storage_facts.StorageFacts],
) -> dict[str, str]:
    """Return the directory that would be the volume group's, by device.

    :param here: facts of the source, by path
    """
    return {
        path: posixpath.dirname(pool_volumes.volume_path(path, known))
        for path, known in here.items()
        if known.kind is storage_facts.PathKind.BLOCK
        or path.startswith('/dev/')
    }


def of_devices(
    source: connection.Connection,
    destination: connection.Connection,
    here: collections.abc.Mapping[str, storage_facts.StorageFacts],
    there: collections.abc.Mapping[str, storage_facts.StorageFacts],
    theirs: collections.abc.Mapping[str, volume_pools.VolumePool],
) -> VolumeGroupPools:
    """Find the pools, and whether both hosts have one volume group.

    libvirt tells no UUID of a volume group. Two groups with a volume of the
    same UUID are one group or clones. Two with no common volume can still be
    one group, as only active volumes are listed.

    :param theirs: the destination's volume groups, by directory
    """
    places = folders(here)
    ours = volume_pools.at(source, {*places.values()})
    common = {
        folder
        for folder in ours.keys() & theirs.keys()
        if _keys(ours[folder]) & _keys(theirs[folder])
    }
    told = {
        path: _told(path, known, ours.get(places.get(path, '')))
        for path, known in here.items()
    }
    facts = {
        path: dataclasses.replace(known, group_uuid=here[path].group_uuid)
        for path, known in there.items()
        if places.get(path) in common
    }
    return VolumeGroupPools(
        _pools(source, ours),
        _pools(destination, theirs),
        told,
        {**there, **facts},
    )


def _told(
    path: str,
    known: storage_facts.StorageFacts,
    group: volume_pools.VolumePool | None,
) -> storage_facts.StorageFacts:
    """Add what the source's pool tells of a volume.

    If the source is another host, nothing else tells its volume from the
    destination's.
    """
    if group is None or known.volume_uuid:
        return known
    name = posixpath.basename(pool_volumes.volume_path(path, known))
    found = group.facts(name)
    return dataclasses.replace(
        known,
        logical_volume=found.logical_volume,
        volume_uuid=found.volume_uuid,
        thin=found.thin,
    )


def _keys(group: volume_pools.VolumePool) -> frozenset[str]:
    try:
        return group.keys()
    except exceptions.HypervisorError:
        return frozenset()


def _pools(
    peer: connection.Connection,
    groups: collections.abc.Mapping[str, volume_pools.VolumePool],
) -> Pools:
    return {
        group.name: dataclasses.replace(pool, free_bytes=group.room())
        for group in groups.values()
        if (pool := peer.pool(group.name)) is not None
    }
