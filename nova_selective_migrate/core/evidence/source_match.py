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

"""Hold what a volume's connection names against a disk's source."""

import collections.abc
import enum
import hashlib
import posixpath
import re

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import storage
from nova_selective_migrate.core.evidence import device_names

# How a device of a driver's volumes can be attached, from nova.virt.libvirt.
# volume and os-brick: "local" and drivers that we do not know are missing.
# A map of several paths may be over any transport.
_TRANSPORTS = {
    'iscsi': frozenset(('iscsi', 'multipath')),
    'iser': frozenset(('iscsi', 'multipath')),
    'fibre_channel': frozenset(('fc', 'multipath')),
    'nvmeof': frozenset(('nvme-fabrics', 'multipath')),
    'lightos': frozenset(('nvme-fabrics', 'multipath')),
    'rbd': frozenset(('rbd', 'nbd')),
}
# Drivers whose volumes are files of a file system that many hosts mount.
_FILE_DRIVERS = frozenset(
    ('nfs', 'smbfs', 'quobyte', 'vzstorage', 'glusterfs', 'gpfs')
)
# All whose volumes are elsewhere, and not on the host.
_REMOTE = _FILE_DRIVERS | {*_TRANSPORTS, 'scaleio', 'storpool'}
_KNOWN = _REMOTE | {'local'}
# Whose volumes QEMU can have over the network.
_BY_PROTOCOL = {
    'rbd': frozenset(('rbd',)),
    'iscsi': frozenset(('iscsi', 'iser')),
    'gluster': frozenset(('glusterfs',)),
}
_SCSI_NAME = re.compile(
    r'/dev/(?:sd[a-z]+\d*|disk/by-id/(?:dm-uuid-mpath-|scsi-|wwn-).+)'
)
# udev's names below /dev/disk/by-path of LUNs on iSCSI and fibre channel.
_BY_PATH = re.compile(
    r'/(?:.*-iscsi-(?P<iqn>.+)|.*-fc-0x(?P<wwn>[0-9a-f]+))-lun-(?P<lun>\w+)$',
    re.IGNORECASE,
)
# The LUN's own id in names of multipath and udev; that of a SCSI id has the
# number of its kind before it, a WWN has not.
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
# A snapshot's file beside its volume's (cinder.volume.drivers.remotefs).
_SNAPSHOT = re.compile(rf'(?P<volume>.*{_UUID}.*)\.{_UUID}', re.IGNORECASE)
_KRBD = '/dev/rbd/'


class Match(enum.Enum):
    """What a comparison of connection data and source says."""

    SAME = 'same'
    OTHER = 'other'
    SILENT = 'silent'


def attachment_keys(
    attachment: model.VolumeAttachment,
) -> collections.abc.Iterator[str]:
    """List what a source has to name so that both can be the same."""
    yield from attachment.device_paths
    if attachment.image is not None:
        yield attachment.image
        yield f'{_KRBD}{attachment.image}'
    yield from _file_keys(attachment)
    if attachment.wwid is not None:
        yield attachment.wwid.lower()
    for target, lun in attachment.luns:
        yield f'{target}/{lun}'
        yield f'{target.lower()}/{_lun(lun)}'


def _file_keys(
    attachment: model.VolumeAttachment,
) -> collections.abc.Iterator[str]:
    """List what a file of an export has to be called.

    Any number of exports may have a file of one name, as each has a "disk":
    the name alone leads only to the volume that it can belong to alone.
    """
    name = attachment.file_name
    if not name or not attachment.export:
        return
    volume = attachment.export.rpartition('/')[2]
    for each in dict.fromkeys((name, _volume_file(name))):
        if _is_unique(attachment):
            yield each
        yield f'{attachment.export.rstrip("/")}\0{each}'
        yield f'{_export_directory(attachment.export)}\0{each}'
        yield f'{volume}/{each}'  # as gluster names it


def _is_unique(attachment: model.VolumeAttachment) -> bool:
    """Tell whether the name of its file can be that of one volume alone."""
    name, volume = attachment.file_name, attachment.volume_id
    return bool(name and volume and volume in name)


def _export_directory(export: str) -> str:
    """Name the directory below which nova mounts an export.

    It is its MD5: nova.virt.libvirt.volume.fs, LibvirtBaseFileSystemVolume
    Driver.
    """
    return hashlib.md5(
        export.encode(errors='surrogatepass'), usedforsecurity=False
    ).hexdigest()


def keys(
    source: model.DiskSource, facts: storage.StorageFacts | None
) -> collections.abc.Iterator[str]:
    """List what a source names: paths, files, images and LUNs."""
    if source.name:
        name = source.name.lstrip('/')
        yield name
        yield _volume_file(name)
        yield name.partition('/')[2]
    if source.path:
        yield source.path
        folder, base = posixpath.split(source.path)
        mounted = (facts.mount_source if facts else None) or ''
        for each in dict.fromkeys((base, _volume_file(base))):
            yield each
            yield f'{mounted.rstrip("/")}\0{each}'
            yield f'{posixpath.basename(folder)}\0{each}'
        if wwid := _wwid(source.path):
            yield wwid
        if found := _BY_PATH.search(source.path):
            yield '/'.join(_by_path(found))
    if facts and facts.resolved:
        yield facts.resolved


def match(
    source: model.DiskSource,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> Match:
    """Say whether the attachment's connection names this source.

    Block device paths of one LUN differ between connections, so another
    path is no contradiction; another image, file, LUN or kind of source is.
    """
    if source.type is model.SourceType.NETWORK:
        return _network(source, attachment)
    if source.path is None:
        return Match.SILENT
    names = {source.path, (facts.resolved if facts else None) or source.path}
    is_file = source.type is model.SourceType.FILE and not (
        facts and facts.kind is storage.PathKind.BLOCK
    )
    if not is_file and _other_transport(source.path, facts, attachment):
        return Match.OTHER
    if names & set(attachment.device_paths):
        return Match.SAME
    if any(_other_volume(name, attachment) for name in names):
        return Match.OTHER
    if is_file:
        return _file(source.path, facts, attachment)
    return _block(source.path, attachment)


def contradicts(
    source: model.DiskSource,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> str:
    """Say how a source is none of a volume that it is said to be; else ''.

    Of drivers that we do not know, nothing is expected.
    """
    kind = attachment.driver_volume_type
    if kind not in _KNOWN:
        return ''
    if kind in _REMOTE and (local := _on_this_host(source, facts)):
        return f'{source.label} is {local} of this host'
    if match(source, facts, attachment) is Match.OTHER:
        transport = '/'.join(_bottom(facts))
        below = f', a device of transport {transport},' if transport else ''
        return (
            f'{source.label}{below} is not what its connection of type '
            f'{kind} names'
        )
    return ''


def _on_this_host(
    source: model.DiskSource, facts: storage.StorageFacts | None
) -> str:
    """Say what a source is that is the host's own; else ''.

    A volume that a DPU shows is a plain NVMe device.
    """
    if facts is None:
        return ''
    if not device_names.is_device(source, facts):
        reach = storage.filesystem_reach(facts.fstype or '')
        local = reach is storage.Reach.LOCAL and source.path is not None
        return f'a file on {facts.fstype}' if local else ''
    if storage.device_reach(facts) is not storage.Reach.LOCAL:
        return ''
    below = tuple(dict.fromkeys(_bottom(facts)))
    return '' if below == ('nvme',) else f'a {"/".join(below)} device'


def _network(
    source: model.DiskSource, attachment: model.VolumeAttachment
) -> Match:
    name = (source.name or '').lstrip('/')
    if attachment.image is not None:
        same = source.protocol == 'rbd' and name == attachment.image
        return Match.SAME if same else Match.OTHER
    if source.protocol == 'iscsi' and attachment.luns:
        named = {f'{target}/{lun}' for target, lun in attachment.luns}
        return Match.SAME if name in named else Match.OTHER
    if source.protocol == 'gluster' and attachment.export:
        volume = attachment.export.rpartition('/')[2]
        same = _same_file(name, f'{volume}/{attachment.file_name}')
        return Match.SAME if same else Match.OTHER
    if _other_volume(name, attachment) or attachment.export:
        return Match.OTHER
    kind = attachment.driver_volume_type
    possible = _BY_PROTOCOL.get(source.protocol or '', frozenset())
    return Match.OTHER if kind in _KNOWN - possible else Match.SILENT


def _file(
    path: str,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> Match:
    if attachment.export:
        return _exported(path, facts, attachment)
    kind = attachment.driver_volume_type
    if kind in _REMOTE - _FILE_DRIVERS or attachment.device_paths:
        return Match.OTHER
    return Match.SILENT


def _exported(
    path: str,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> Match:
    """Compare a file with the file of a network file system's export."""
    export = (attachment.export or '').rstrip('/')
    file_name = attachment.file_name
    if file_name and not _same_file(posixpath.basename(path), file_name):
        return Match.OTHER
    mounted = facts.mount_source if facts else None
    directory = _export_directory(attachment.export or '')
    at_home = posixpath.basename(posixpath.dirname(path)) == directory
    if at_home or (mounted and mounted.rstrip('/') == export):
        return Match.SAME if file_name else Match.SILENT
    if mounted and _other_export(mounted, export, facts):
        return Match.OTHER
    # The name alone decides only where it can belong to one volume.
    return Match.SAME if _is_unique(attachment) else Match.SILENT


def _other_export(
    mounted: str, export: str, facts: storage.StorageFacts | None
) -> bool:
    """Tell whether another directory of a server is mounted.

    A server has several names, and other notations than SERVER:/DIRECTORY
    are each their own.
    """
    local = storage.filesystem_reach((facts.fstype if facts else None) or '')
    if local is storage.Reach.LOCAL or '://' in mounted:
        return False
    _server, here, directory = mounted.rstrip('/').rpartition(':/')
    _other, there, exported = export.rpartition(':/')
    return bool(here and there) and directory != exported


def _block(path: str, attachment: model.VolumeAttachment) -> Match:
    if attachment.image is not None and path.startswith(_KRBD):
        same = path == f'{_KRBD}{attachment.image}'
        return Match.SAME if same else Match.OTHER
    is_file = attachment.driver_volume_type in _FILE_DRIVERS
    if attachment.export or is_file:
        return Match.OTHER
    if (wwid := _wwid(path)) and attachment.wwid:
        return Match.SAME if wwid == attachment.wwid.lower() else Match.OTHER
    found = _BY_PATH.search(path)
    if found is None or not attachment.luns:
        return Match.SILENT
    named = {(name.lower(), _lun(lun)) for name, lun in attachment.luns}
    return Match.SAME if _by_path(found) in named else Match.OTHER


def _other_transport(
    path: str,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> bool:
    """Tell whether a device is attached as none of the driver's is.

    A DPU shows any volume as an NVMe device of the host.
    """
    known = _TRANSPORTS.get(attachment.driver_volume_type or '')
    if attachment.image is not None:
        known = _TRANSPORTS['rbd']
    if known is None:
        return False
    below = _bottom(facts)
    if facts is None or facts.transport is None:
        return 'rbd' in known and bool(_SCSI_NAME.fullmatch(path))
    others = storage.SHARED_TRANSPORTS - known
    return bool(below) and all(each in others for each in below)


def _bottom(facts: storage.StorageFacts | None) -> tuple[str, ...]:
    """List the transports of a device, or of those below it."""
    if facts is None or facts.transport is None:
        return ()
    return facts.slaves or (facts.transport,)


def _other_volume(name: str, attachment: model.VolumeAttachment) -> bool:
    """Tell whether a name bears the id of a volume, and of another one.

    After cinder has migrated a volume its image has the id of the copy, in
    the connection too.
    """
    (found,) = _volume_ids(name) or ('',)
    told = {
        each
        for text in (
            *(attachment.image, attachment.file_name),
            *attachment.device_paths,
            *(target for target, _lun in attachment.luns),
        )
        for each in _volume_ids(text or '')
    }
    if not found or not told:
        return False
    own = {(attachment.volume_id or '').lower()}
    return found not in told | own


def _volume_ids(name: str) -> tuple[str, ...]:
    """Return the id of the volume that a name bears, if it bears one."""
    # Device mapper doubles the dashes of a logical volume's name.
    found = _VOLUME.search(name.replace('--', '-'))
    return (found[1].lower(),) if found else ()


def _same_file(one: str, other: str) -> bool:
    """Compare the names of a volume's file and of its snapshots'."""
    return _volume_file(one) == _volume_file(other)


def _volume_file(name: str) -> str:
    found = _SNAPSHOT.fullmatch(name)
    return found['volume'] if found else name


def _wwid(path: str) -> str | None:
    found = _WWID.fullmatch(path)
    if found is None:
        return None
    return (found['wwid'] or f'3{found["wwn"]}').lower()


def _by_path(found: re.Match[str]) -> tuple[str, str]:
    target = (found['iqn'] or found['wwn']).lower()
    return target, _lun(found['lun'])


def _lun(text: str) -> str:
    """Write a LUN as a number, as udev does only up to 255.

    Above that it has the eight bytes of SAM in hexadecimal, the upper two
    bits of which say how the LUN is addressed.
    """
    if not re.fullmatch(r'0x[0-9a-f]{16}', text, re.IGNORECASE):
        return text
    return str(int(text[2:6], 16) & 0x3FFF)
