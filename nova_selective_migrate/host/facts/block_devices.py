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

"""How the block devices of this host are attached, from sysfs."""

import dataclasses
import pathlib
import re

from nova_selective_migrate.core.model import file_systems
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.host.facts import mountinfo

_SYSFS = pathlib.Path('/sys')
_BY_NAME = (
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


def is_thin(major: int, minor: int, sysfs: pathlib.Path = _SYSFS) -> bool:
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
    if re.fullmatch(r'loop\d+', name):
        return Attached(_loop(device))
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


def _loop(device: pathlib.Path) -> str:
    """Tell a loop device over what another host may have as well."""
    path = _read(device / 'loop/backing_file').removesuffix(' (deleted)')
    mount = mountinfo.mount_above(path) if path.startswith('/') else None
    if mount is None:
        return 'loop'
    reach = file_systems.of(mount.fstype).reach
    # A file on devtmpfs is another device.
    return 'loop' if reach is file_systems.Reach.LOCAL else 'unknown'


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
