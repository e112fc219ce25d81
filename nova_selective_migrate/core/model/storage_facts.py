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

"""What a host knows of a path, and what transports mean."""

import collections.abc
import dataclasses
import enum
import posixpath

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import file_systems


class PathKind(enum.Enum):
    """What lies at a path."""

    FILE = 'file'
    BLOCK = 'block'
    DIRECTORY = 'directory'
    OTHER = 'other'


#: What a kind of storage says of who can reach it.
Reach = file_systems.Reach


@dataclasses.dataclass(frozen=True)
class StorageFacts:
    """What one host knows of one path; None where it does not know.

    :ivar resolved: the path behind symbolic links
    :ivar fstype: type of the file system that holds the path
    :ivar mount_source: what is mounted there, ``server:/export``
    :ivar identity: equal on both hosts exactly when the file is the same
    :ivar transport: how a block device is attached
    :ivar slaves: transports of the devices below a dm or md device
    :ivar virtual_bytes: size that the guest sees
    :ivar allocated_bytes: bytes that the image occupies
    :ivar format: format of an image, where the host knows it
    :ivar content: of an image that nobody writes: equal on both hosts
        exactly when its bytes are; of one that does not exist: what the
        host will have made sure of before the guest runs there
    :ivar internal_snapshots: how many an image has inside
    :ivar free_bytes: of a directory: what its file system has room for
    :ivar error: what was answered, where it cannot be told what is there
    :ivar used_by: a domain of that host, other than the guest, that has it
    :ivar group_uuid: UUID of the LVM volume group of a logical volume; of
        a path that does not exist: of the group that it would be in there
    :ivar volume_uuid: UUID of a logical volume
    :ivar logical_volume: ``/dev/VG/LV`` of a logical volume, whatever name
        of it the path is
    :ivar thin: whether a logical volume takes room only as it is written
    """

    exists: bool | None = None
    kind: PathKind | None = None
    resolved: str | None = None
    fstype: str | None = None
    mount_source: str | None = None
    mount_point: str | None = None
    identity: str | None = None
    transport: str | None = None
    slaves: tuple[str, ...] = ()
    virtual_bytes: int | None = None
    allocated_bytes: int | None = None
    format: str | None = None
    content: str | None = None
    free_bytes: int | None = None
    internal_snapshots: int | None = None
    error: str | None = None
    used_by: str | None = None
    group_uuid: str | None = None
    volume_uuid: str | None = None
    logical_volume: str | None = None
    thin: bool | None = None


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


FactsByPath = collections.abc.Mapping[str, StorageFacts]


@dataclasses.dataclass(frozen=True)
class Storage:
    """What both hosts know of the paths that a domain names.

    :ivar pools: the source's storage pools
    :ivar destination_pools: those of the destination; None where it was not
        asked, or a case of before says that they are the source's
    """

    source: FactsByPath = dataclasses.field(default_factory=dict)
    destination: FactsByPath = dataclasses.field(default_factory=dict)
    pools: collections.abc.Mapping[str, StoragePool] = dataclasses.field(
        default_factory=dict
    )
    destination_pools: collections.abc.Mapping[str, StoragePool] | None = None

    @property
    def pools_there(self) -> collections.abc.Mapping[str, StoragePool]:
        """Return the destination's pools, or those that a case says it has."""
        told = self.destination_pools
        return self.pools if told is None else told


# ruff: noqa: SIM905

_LOCAL_TRANSPORTS = frozenset('sata sas nvme virtio loop ram'.split())
_STACKED_TRANSPORTS = frozenset(('dm', 'md'))
SHARED_TRANSPORTS = frozenset(
    'iscsi fc nvme-fabrics multipath drbd rbd nbd'.split()
)
# Storage pools whose volumes QEMU reaches over the network.
NETWORK_POOLS = frozenset(('rbd', 'gluster', 'sheepdog', 'iscsi-direct'))
# Storage pools of devices whose volumes are not named like the devices.
DEVICE_POOLS = frozenset(('iscsi', 'scsi', 'mpath'))
# Storage pools whose volumes are block devices that libvirt makes in it.
VOLUME_POOLS = frozenset(('logical', 'zfs'))
_BLOCK_POOLS = VOLUME_POOLS | {'disk'}
# Storage pools whose volumes are files in one directory.
FILE_POOLS = frozenset(('dir', 'fs', 'netfs'))


def filesystem_reach(fstype: str) -> Reach:
    """Say who can reach a file on a file system of this type."""
    return file_systems.of(fstype).reach


def device_reach(facts: StorageFacts) -> Reach:
    """Say who can reach a block device, from how it is attached.

    A dm or md device is local only over nothing but local devices, and
    may be shared as soon as one device below it may.
    """
    if facts.transport in _STACKED_TRANSPORTS:
        below = [_transport_reach(slave) for slave in facts.slaves]
        if below and all(reach is Reach.LOCAL for reach in below):
            return Reach.LOCAL
        if Reach.CANDIDATE in below:
            return Reach.CANDIDATE
        return Reach.UNKNOWN
    reach = _transport_reach(facts.transport)
    if reach is Reach.LOCAL and facts.slaves:
        return Reach.UNKNOWN  # such a device has nothing below it
    return reach


def _transport_reach(transport: str | None) -> Reach:
    if transport in _LOCAL_TRANSPORTS:
        return Reach.LOCAL
    if transport in SHARED_TRANSPORTS:
        return Reach.CANDIDATE
    return Reach.UNKNOWN


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


def contradicts(facts: StorageFacts, others: FactsByPath) -> bool:
    """Return whether the facts of a path and of its target differ."""
    behind = others.get(facts.resolved or '')
    if behind is None:
        return False
    pairs = (
        (facts.kind, behind.kind),
        (facts.fstype, behind.fstype),
        (facts.mount_source, behind.mount_source),
        (facts.identity, behind.identity),
        (facts.transport, behind.transport),
    )
    return any(one and other and one != other for one, other in pairs)


def find(
    facts: FactsByPath, source: domains.DiskSource
) -> StorageFacts | None:
    """Look up what a host knows of a source; None where nothing."""
    return at(facts, source.path) if source.path else None


def at(facts: FactsByPath, path: str) -> StorageFacts | None:
    """Look up what a host knows of a path, however it is written."""
    found = facts.get(path)
    return facts.get(tidy(path)) if found is None else found


def tidy(path: str) -> str:
    """Write an absolute path with single slashes and without ``.``.

    A ``..`` stays: behind a symbolic link it leads elsewhere.
    """
    if not path.startswith('/') or ('//' not in path and '/.' not in path):
        return path
    parts = [part for part in path.split('/') if part not in ('', '.')]
    return f'/{"/".join(parts)}'


@dataclasses.dataclass(frozen=True)
class FileStamp:
    """What distinguishes a file from another one at the same path.

    :ivar modified: mtime, as libvirt writes it: seconds and nanoseconds
    :ivar changed: ctime
    :ivar inode: device and inode, where the file's host is this one;
        libvirt tells neither
    """

    modified: str
    changed: str
    inode: str | None = None
