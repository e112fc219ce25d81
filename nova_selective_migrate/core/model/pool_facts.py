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

"""A libvirt storage pool as a host has it, and where its volumes are."""

import collections.abc
import dataclasses
import posixpath

from nova_selective_migrate.core.model import domains

# Storage pools whose volumes QEMU reaches over the network.
NETWORK_POOLS = frozenset(('rbd', 'gluster', 'sheepdog', 'iscsi-direct'))
# Storage pools of devices whose volumes are not named like the devices.
DEVICE_POOLS = frozenset(('iscsi', 'scsi', 'mpath'))
# Storage pools whose volumes are block devices that libvirt makes in it.
VOLUME_POOLS = frozenset(('logical', 'zfs'))
_BLOCK_POOLS = VOLUME_POOLS | {'disk'}
# Storage pools whose volumes are files in one directory.
FILE_POOLS = frozenset(('dir', 'fs', 'netfs'))


@dataclasses.dataclass(frozen=True)
class StoragePool:
    """A libvirt storage pool as one host has it; None where it has none.

    :ivar path: directory of its volumes on the host
    :ivar hosts: servers of its source
    :ivar name: of its source: the Ceph pool, the volume of Gluster
    :ivar directory: in its source
    :ivar devices: of its source: an IQN, a disk
    :ivar volumes: path by name of those that the guest has, where a name
        does not tell the path
    :ivar free_bytes: what can be made in it; of volume groups alone, while
        the pool runs
    :ivar active: whether it runs
    """

    type: str
    path: str | None = None
    hosts: tuple[domains.NetworkHost, ...] = ()
    name: str | None = None
    directory: str | None = None
    devices: tuple[str, ...] = ()
    volumes: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    free_bytes: int | None = None
    active: bool | None = None

    @property
    def source(self) -> tuple[object, ...]:
        """Return what is equal in two pools over the same storage.

        Files are told by what is mounted below the path: a server has many
        names.
        """
        if self.type not in NETWORK_POOLS:
            return (self.type, self.path)
        servers = frozenset((host.name, host.port) for host in self.hosts)
        place = (self.name, self.directory, self.devices)
        return (self.type, servers, *place)


def in_pool(
    source: domains.DiskSource,
    pools: collections.abc.Mapping[str, StoragePool],
) -> domains.DiskSource | None:
    """Say where a pool's volume is: a path or a network image.

    :returns: the source itself where it names no pool; None where nothing
        is known of the pool
    """
    if source.type is not domains.SourceType.VOLUME:
        return source
    pool = pools.get(source.pool or '')
    if pool is None or not source.volume:
        return None
    if pool.type in NETWORK_POOLS:
        return domains.DiskSource(
            type=domains.SourceType.NETWORK,
            protocol=pool.type.removesuffix('-direct'),
            name=_network_name(pool, source.volume),
            hosts=pool.hosts,
            format=source.format,
            encrypted=source.encrypted,
        )
    if known := pool.volumes.get(source.volume):
        return domains.DiskSource(
            type=domains.SourceType.BLOCK,
            path=known,
            format=source.format,
            encrypted=source.encrypted,
        )
    if not pool.path:
        return None
    block = pool.type in _BLOCK_POOLS
    return domains.DiskSource(
        type=domains.SourceType.BLOCK if block else domains.SourceType.FILE,
        path=posixpath.join(pool.path, source.volume),
        format=source.format,
        encrypted=source.encrypted,
        data_file=source.data_file,
    )


def _network_name(pool: StoragePool, volume: str) -> str:
    """Name a volume as a network disk does.

    libvirt's virDomainDiskTranslateSourcePool, virStorageAddISCSIPoolSource
    and the backends of its pools.
    """
    if pool.type == 'iscsi-direct':
        # unit:HOST:BUS:TARGET:LUN, of which the last counts.
        volume = volume.rpartition(':')[2]
        return '/'.join((*pool.devices[:1], volume))
    folder = (pool.directory or '').strip('/')
    return '/'.join(filter(None, (pool.name, folder, volume)))
