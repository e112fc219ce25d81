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

"""What this host knows of a path: mount, kind, sizes, transport."""

import dataclasses
import errno
import functools
import os
import pathlib
import re
import stat

from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import storage_answers

_KINDS = (
    (stat.S_ISREG, storage_facts.PathKind.FILE),
    (stat.S_ISBLK, storage_facts.PathKind.BLOCK),
    (stat.S_ISDIR, storage_facts.PathKind.DIRECTORY),
)
# Of a file system that has no statfs(2).
_NO_ANSWER = (errno.ENOSYS, errno.EOPNOTSUPP)
# st_blocks counts in this unit, whatever the block size is (stat(2)).
_STAT_BLOCK_BYTES = 512


def free_bytes(path: str) -> int:
    """Return the bytes of a file system that are free for any user.

    :raises OSError: when there is no such path
    """
    room = os.statvfs(path)
    return room.f_bavail * room.f_frsize


def local_facts(path: str) -> storage_facts.StorageFacts:
    """Collect what this host knows; what it has no permission for is unknown.

    :raises StorageSilent: when the storage does not answer
    """
    storage_answers.require(path)
    try:
        resolved = os.path.realpath(path, strict=True)
        status = os.stat(resolved)
        _ask_server(resolved)
        mount = mount_of(resolved)
        if not os.path.samestat(status, os.stat(path)):
            # The path leads to another file by now: the facts would be of two.
            return storage_facts.StorageFacts()
    except (FileNotFoundError, NotADirectoryError):
        return storage_facts.StorageFacts(exists=False)
    except OSError as err:
        # EIO or ESTALE, say: what is there is not known.
        return storage_facts.StorageFacts(error=err.strerror)
    except ValueError:
        return storage_facts.StorageFacts()
    kind = next(
        (kind for test, kind in _KINDS if test(status.st_mode)),
        storage_facts.PathKind.OTHER,
    )
    found = storage_facts.StorageFacts(
        exists=True,
        kind=kind,
        resolved=resolved,
        fstype=mount.fstype if mount else None,
        # Some FUSE file systems have a password in it.
        mount_source=redaction.anywhere(mount.source) if mount else None,
        mount_point=mount.mount_point if mount else None,
        identity=_identity(status),
    )
    if kind is storage_facts.PathKind.BLOCK:
        device = os.major(status.st_rdev), os.minor(status.st_rdev)
        attached = transport_of(*device)
        found = dataclasses.replace(
            found, transport=attached.transport, slaves=attached.slaves
        )
        volume = volume_of(*device)
        if volume is None:
            return found
        return dataclasses.replace(
            found,
            logical_volume=volume.path,
            group_uuid=volume.group_uuid,
            volume_uuid=volume.uuid,
            thin=_is_thin(*device),
        )
    if kind is storage_facts.PathKind.FILE:
        allocated = status.st_blocks * _STAT_BLOCK_BYTES
        return dataclasses.replace(found, allocated_bytes=allocated)
    return found


def _ask_server(path: str) -> None:
    """Assert that the path exists on its file server as well.

    An NFS client can answer stat(2) from its cache for a minute after the file
    has gone; statfs(2) always asks the server.

    :raises OSError: ESTALE, say
    """
    try:
        os.statvfs(path)
    except OSError as err:
        if err.errno not in _NO_ANSWER:
            raise


def _identity(status: os.stat_result) -> str:
    """Name a file so that another kernel never gives the same name.

    Two hosts on one kernel do, when the file is the same.
    """
    if stat.S_ISBLK(status.st_mode):
        return f'{_boot_id()}:block:{status.st_rdev}'
    return f'{_boot_id()}:{status.st_dev}:{status.st_ino}'


@functools.cache
def _boot_id() -> str:
    path = pathlib.Path('/proc/sys/kernel/random/boot_id')
    return path.read_text().strip()


_SYSFS = pathlib.Path('/sys')
_BY_NAME = (
    (re.compile(r'loop\d+'), 'loop'),
    (re.compile(r'z?ram\d+'), 'ram'),
    (re.compile(r'nbd\d+'), 'nbd'),
    (re.compile(r'rbd\d+'), 'rbd'),
    (re.compile(r'drbd\d+'), 'drbd'),
)
# Parts of the device's path below /sys/devices, the telling ones first: a
# SCSI disk of an iSCSI session has a PCI parent too.
_BY_PATH = (
    (re.compile(r'/session\d+/'), 'iscsi'),
    (re.compile(r'/rport-\d'), 'fc'),
    (re.compile(r'/end_device-\d'), 'sas'),
    (re.compile(r'/ata\d+/'), 'sata'),
    (re.compile(r'/virtio\d+/'), 'virtio'),
)


@dataclasses.dataclass(frozen=True)
class Attached:
    """The transport of a device, and of those below a dm or md device."""

    transport: str
    slaves: tuple[str, ...] = ()


def transport_of(
    major: int, minor: int, sysfs: pathlib.Path = _SYSFS
) -> Attached:
    """Return how a block device is attached; never raises."""
    try:
        device = (sysfs / f'dev/block/{major}:{minor}').resolve(strict=True)
        return _of(device)
    except OSError:
        return Attached('unknown')


def volume_of(
    major: int, minor: int, sysfs: pathlib.Path = _SYSFS
) -> logical_volumes.LogicalVolume | None:
    """Return which logical volume a device is; None for any other."""
    device = sysfs / f'dev/block/{major}:{minor}'
    uuids = logical_volumes.uuids_of_mapper_uuid(_read(device / 'dm/uuid'))
    path = logical_volumes.path_of_mapper_name(_read(device / 'dm/name'))
    if uuids is None or path is None:
        return None
    return logical_volumes.LogicalVolume(path, *uuids)


def _is_thin(major: int, minor: int, sysfs: pathlib.Path = _SYSFS) -> bool:
    """Tell whether a device lies over a thin pool's, which LVM hides."""
    below = (sysfs / f'dev/block/{major}:{minor}/slaves').glob('*/dm/uuid')
    return any(_read(each).endswith('-tpool') for each in below)


def _of(device: pathlib.Path) -> Attached:
    if (device / 'partition').exists():
        device = device.parent
    name = device.name
    if name.startswith('dm-'):
        kind = 'dm'
        if _read(device / 'dm/uuid').startswith('mpath-'):
            kind = 'multipath'
        return Attached(kind, _below(device))
    if re.fullmatch(r'md\w*\d+', name):
        return Attached('md', _below(device))
    if name.startswith('nvme'):
        return Attached(_nvme(device))
    for pattern, transport in _BY_NAME:
        if pattern.fullmatch(name):
            return Attached(transport)
    for pattern, transport in _BY_PATH:
        if pattern.search(str(device)):
            return Attached(transport)
    return Attached('unknown')


def _below(device: pathlib.Path) -> tuple[str, ...]:
    """List the transports at the bottom of a stacked device."""
    found: list[str] = []
    for slave in sorted((device / 'slaves').iterdir()):
        attached = _of(slave.resolve(strict=True))
        if attached.transport in ('dm', 'md'):
            # Without a known device below it, it could be anything.
            found.extend(attached.slaves or ('unknown',))
        else:
            # A multipath map stays one, whatever its paths are.
            found.append(attached.transport)
    return tuple(dict.fromkeys(found))


def _nvme(device: pathlib.Path) -> str:
    """Tell NVMe over PCIe from NVMe over fabrics.

    With native multipath the disk hangs below its subsystem, which links
    all its controllers; otherwise below its only controller.
    """
    parent = device.parent
    controllers = [parent, *sorted(parent.glob('nvme[0-9]*'))]
    words = {_read(c / 'transport') for c in controllers} - {''}
    if not words:
        return 'unknown'
    return 'nvme' if words == {'pcie'} else 'nvme-fabrics'


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ''


_ESCAPE = re.compile(r'\\([0-7]{3})')


@dataclasses.dataclass(frozen=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    mount_id: int
    mount_point: str
    fstype: str
    source: str


def parse_mountinfo(text: str) -> dict[int, Mount]:
    """Read mountinfo(5); a line that is none is passed over."""
    mounts = {}
    # Not splitlines(): the kernel escapes line feeds and no other end.
    for line in text.split('\n'):
        # 36 35 98:0 /root /point opts [optional...] - fstype source super
        before, separator, after = line.partition(' - ')
        left, right = before.split(' '), after.split(' ')
        if not separator or len(left) < 6 or len(right) < 2:
            continue
        if not left[0].isdecimal():
            continue
        mount = Mount(
            mount_id=int(left[0]),
            mount_point=_unescape(left[4]),
            fstype=right[0],
            source=_unescape(right[1]),
        )
        mounts[mount.mount_id] = mount
    return mounts


def mount_of(path: str) -> Mount | None:
    """Find the mount of an existing path.

    The kernel is asked which mount the path is on, so that bind mounts,
    mounts over mounts and symbolic links need no rule here.

    :raises OSError: when the path cannot be opened
    """
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        info = pathlib.Path(f'/proc/self/fdinfo/{handle}').read_text()
    finally:
        os.close(handle)
    found = re.search(r'^mnt_id:\s*(\d+)$', info, re.MULTILINE)
    if found is None:
        return None
    raw = pathlib.Path('/proc/self/mountinfo').read_bytes()
    text = raw.decode(errors='surrogateescape')
    return parse_mountinfo(text).get(int(found[1]))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)
