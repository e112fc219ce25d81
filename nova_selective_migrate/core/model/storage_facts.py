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

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import file_systems
from nova_selective_migrate.core.model import pool_facts


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
    pools: collections.abc.Mapping[str, pool_facts.StoragePool] = (
        dataclasses.field(default_factory=dict)
    )
    destination_pools: (
        collections.abc.Mapping[str, pool_facts.StoragePool] | None
    ) = None

    @property
    def pools_there(
        self,
    ) -> collections.abc.Mapping[str, pool_facts.StoragePool]:
        """Return the destination's pools, or those that a case says it has."""
        told = self.destination_pools
        return self.pools if told is None else told


# ruff: noqa: SIM905

_LOCAL_TRANSPORTS = frozenset('sata sas nvme virtio loop ram'.split())
_STACKED_TRANSPORTS = frozenset(('dm', 'md'))
SHARED_TRANSPORTS = frozenset(
    'iscsi fc nvme-fabrics multipath drbd rbd nbd'.split()
)


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
