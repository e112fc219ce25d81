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

"""Keys by which a volume and the source of a disk are matched.

Names of udev, multipath, krbd, cinder and nova, as they write them.
"""

import collections.abc
import posixpath
import re

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts

# udev's names below /dev/disk/by-path of LUNs on iSCSI and fibre channel.
_BY_PATH = re.compile(
    r'/(?:.*-iscsi-(?P<iqn>.+)|.*-fc-0x(?P<wwn>[0-9a-f]+))-lun-(?P<lun>\w+)$',
    re.IGNORECASE,
)
# The WWID of a LUN in names by multipath and udev. A SCSI id begins with the
# digit of its type, a WWN does not.
_WWID = re.compile(
    r'/dev/(?:disk/by-id/(?:dm-uuid-(?:part\d+-)?mpath-|scsi-)|mapper/)'
    r'(?P<wwid>[23][0-9a-f]{16}(?:[0-9a-f]{16})?)(?:-part\d+)?'
    r'|/dev/disk/by-id/wwn-0x(?P<wwn>[0-9a-f]{16}(?:[0-9a-f]{16})?)'
    r'(?:-part\d+)?',
    re.IGNORECASE,
)
_UUID = r'[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}'
# cinder's volume_name_template.
_VOLUME = re.compile(rf'volume-+({_UUID})', re.IGNORECASE)
# A snapshot's file next to its volume's (cinder.volume.drivers.remotefs).
_SNAPSHOT = re.compile(rf'(?P<volume>.*{_UUID}.*)\.{_UUID}', re.IGNORECASE)
#: Below which udev names the images of krbd: POOL/IMAGE.
KRBD = '/dev/rbd/'


def attachment_keys(
    attachment: domains.VolumeAttachment,
) -> collections.abc.Iterator[str]:
    """List the keys that a matching source has, of an attachment."""
    yield from attachment.device_paths
    if attachment.image is not None:
        yield attachment.image
        yield f'{KRBD}{attachment.image}'
    yield from _file_keys(attachment)
    if attachment.wwid is not None:
        yield attachment.wwid.lower()
    for target, lun in attachment.luns:
        yield f'{target}/{lun}'
        yield f'{target.lower()}/{lun_number(lun)}'


def _file_keys(
    attachment: domains.VolumeAttachment,
) -> collections.abc.Iterator[str]:
    """List the keys of a volume's file on a network file system.

    Many exports can have files of one name, such as "disk": the name is a key
    only where one volume alone can have it.
    """
    name = attachment.file_name
    if not name or not attachment.export:
        return
    volume = attachment.export.rpartition('/')[2]
    for each in dict.fromkeys((name, volume_file(name))):
        if is_unique(attachment):
            yield each
        yield f'{attachment.export.rstrip("/")}\0{each}'
        yield f'{export_directory(attachment.export)}\0{each}'
        yield f'{volume}/{each}'  # as gluster names it


def is_unique(attachment: domains.VolumeAttachment) -> bool:
    """Return whether only one volume can have this file name."""
    name, volume = attachment.file_name, attachment.volume_id
    return bool(name and volume and volume in name)


def export_directory(export: str) -> str:
    """Return the directory name below which nova mounts an export.

    It is its MD5: nova.virt.libvirt.volume.fs, LibvirtBaseFileSystemVolume
    Driver.
    """
    # Here, since it brings all of OpenSSL, and few cases need it.
    import hashlib

    return hashlib.md5(
        export.encode(errors='surrogatepass'), usedforsecurity=False
    ).hexdigest()


def source_keys(
    source: domains.DiskSource, facts: storage_facts.StorageFacts | None
) -> collections.abc.Iterator[str]:
    """List the keys of a source: paths, files, images and LUNs."""
    if source.name:
        name = source.name.lstrip('/')
        yield name
        yield volume_file(name)
        yield name.partition('/')[2]
    if source.path:
        yield source.path
        folder, base = posixpath.split(source.path)
        mounted = (facts.mount_source if facts else None) or ''
        for each in dict.fromkeys((base, volume_file(base))):
            yield each
            yield f'{mounted.rstrip("/")}\0{each}'
            yield f'{posixpath.basename(folder)}\0{each}'
        if own := wwid(source.path):
            yield own
        if found := by_path(source.path):
            yield '/'.join(found)
    if facts and facts.resolved:
        yield facts.resolved


def volume_ids(name: str) -> tuple[str, ...]:
    """Return the volume id in a name, if there is one."""
    # Device mapper doubles the dashes of a logical volume's name.
    found = _VOLUME.search(name.replace('--', '-'))
    return (found[1].lower(),) if found else ()


def volume_file(name: str) -> str:
    """Return the name of a volume's file, from that of a snapshot's."""
    found = _SNAPSHOT.fullmatch(name)
    return found['volume'] if found else name


def wwid(path: str) -> str | None:
    """Return the WWID in the path of a device, as multipath writes it."""
    found = _WWID.fullmatch(path)
    if found is None:
        return None
    return (found['wwid'] or f'3{found["wwn"]}').lower()


def by_path(path: str) -> tuple[str, str] | None:
    """Return target and LUN in a path by udev."""
    found = _BY_PATH.search(path)
    if found is None:
        return None
    target = (found['iqn'] or found['wwn']).lower()
    return target, lun_number(found['lun'])


def lun_number(text: str) -> str:
    """Write a LUN as a number, as udev does only up to 255.

    Above that it has the eight bytes of SAM in hexadecimal, the upper two
    bits of which say how the LUN is addressed.
    """
    if not re.fullmatch(r'0x[0-9a-f]{16}', text, re.IGNORECASE):
        return text
    return str(int(text[2:6], 16) & 0x3FFF)
