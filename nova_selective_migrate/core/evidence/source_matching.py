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

"""Compare the connection of a volume with the source of a disk."""

import enum
import posixpath
import re

from nova_selective_migrate.core.evidence import device_names
from nova_selective_migrate.core.evidence import source_keys
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts

# By which transports a driver's volumes can be attached, from
# nova.virt.libvirt.volume and os-brick; "local" and unknown drivers are not
# listed. A multipath map can be over any transport.
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
# Drivers whose volumes are never on the compute host itself.
_REMOTE = _FILE_DRIVERS | {*_TRANSPORTS, 'scaleio', 'storpool'}
_KNOWN = _REMOTE | {'local'}
# Drivers whose volumes QEMU can open over the network.
_BY_PROTOCOL = {
    'rbd': frozenset(('rbd',)),
    'iscsi': frozenset(('iscsi', 'iser')),
    'gluster': frozenset(('glusterfs',)),
}
_SCSI_NAME = re.compile(
    r'/dev/(?:sd[a-z]+\d*|disk/by-id/(?:dm-uuid-mpath-|scsi-|wwn-).+)'
)


class Match(enum.Enum):
    """What a comparison of connection data and source says."""

    SAME = 'same'
    OTHER = 'other'
    SILENT = 'silent'


def match(
    source: domains.DiskSource,
    facts: storage_facts.StorageFacts | None,
    attachment: domains.VolumeAttachment,
) -> Match:
    """Say whether the attachment's connection names this source.

    Block device paths of one LUN differ between connections, so another
    path is no contradiction; another image, file, LUN or kind of source is.
    """
    if source.type is domains.SourceType.NETWORK:
        return _network(source, attachment)
    if source.path is None:
        return Match.SILENT
    names = {source.path, (facts.resolved if facts else None) or source.path}
    is_file = source.type is domains.SourceType.FILE and not (
        facts and facts.kind is storage_facts.PathKind.BLOCK
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
    source: domains.DiskSource,
    facts: storage_facts.StorageFacts | None,
    attachment: domains.VolumeAttachment,
) -> str:
    """Explain why a source cannot be this volume's; else empty.

    Nothing contradicts a driver that we do not know.
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
    source: domains.DiskSource, facts: storage_facts.StorageFacts | None
) -> str:
    """Say which local storage a source is on; empty: none.

    A DPU presents a volume as a plain NVMe device.
    """
    if facts is None:
        return ''
    if not device_names.is_device(source, facts):
        reach = storage_facts.filesystem_reach(facts.fstype or '')
        local = reach is storage_facts.Reach.LOCAL and source.path is not None
        return f'a file on {facts.fstype}' if local else ''
    if storage_facts.device_reach(facts) is not storage_facts.Reach.LOCAL:
        return ''
    below = tuple(dict.fromkeys(_bottom(facts)))
    return '' if below == ('nvme',) else f'a {"/".join(below)} device'


def _network(
    source: domains.DiskSource, attachment: domains.VolumeAttachment
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
    facts: storage_facts.StorageFacts | None,
    attachment: domains.VolumeAttachment,
) -> Match:
    if attachment.export:
        return _exported(path, facts, attachment)
    kind = attachment.driver_volume_type
    if kind in _REMOTE - _FILE_DRIVERS or attachment.device_paths:
        return Match.OTHER
    return Match.SILENT


def _exported(
    path: str,
    facts: storage_facts.StorageFacts | None,
    attachment: domains.VolumeAttachment,
) -> Match:
    """Compare a file with the file of a network file system's export."""
    export = (attachment.export or '').rstrip('/')
    file_name = attachment.file_name
    if file_name and not _same_file(posixpath.basename(path), file_name):
        return Match.OTHER
    mounted = facts.mount_source if facts else None
    directory = source_keys.export_directory(attachment.export or '')
    at_home = posixpath.basename(posixpath.dirname(path)) == directory
    if at_home or (mounted and mounted.rstrip('/') == export):
        return Match.SAME if file_name else Match.SILENT
    if mounted and _other_export(mounted, export, facts):
        return Match.OTHER
    # The file name decides alone only if one volume alone can have it.
    return Match.SAME if source_keys.is_unique(attachment) else Match.SILENT


def _other_export(
    mounted: str, export: str, facts: storage_facts.StorageFacts | None
) -> bool:
    """Return whether another directory of a server is mounted.

    A server can have several names; mount sources in another notation than
    SERVER:/DIRECTORY are compared as a whole.
    """
    local = storage_facts.filesystem_reach(
        (facts.fstype if facts else None) or ''
    )
    if local is storage_facts.Reach.LOCAL or '://' in mounted:
        return False
    _server, here, directory = mounted.rstrip('/').rpartition(':/')
    _other, there, exported = export.rpartition(':/')
    return bool(here and there) and directory != exported


def _block(path: str, attachment: domains.VolumeAttachment) -> Match:
    if attachment.image is not None and path.startswith(source_keys.KRBD):
        same = path == f'{source_keys.KRBD}{attachment.image}'
        return Match.SAME if same else Match.OTHER
    is_file = attachment.driver_volume_type in _FILE_DRIVERS
    if attachment.export or is_file:
        return Match.OTHER
    if (wwid := source_keys.wwid(path)) and attachment.wwid:
        return Match.SAME if wwid == attachment.wwid.lower() else Match.OTHER
    found = source_keys.by_path(path)
    if found is None or not attachment.luns:
        return Match.SILENT
    named = {
        (name.lower(), source_keys.lun_number(lun))
        for name, lun in attachment.luns
    }
    return Match.SAME if found in named else Match.OTHER


def _other_transport(
    path: str,
    facts: storage_facts.StorageFacts | None,
    attachment: domains.VolumeAttachment,
) -> bool:
    """Return whether a device has a transport that the driver never uses.

    A DPU presents any volume as an NVMe device of the host.
    """
    known = _TRANSPORTS.get(attachment.driver_volume_type or '')
    if attachment.image is not None:
        known = _TRANSPORTS['rbd']
    if known is None:
        return False
    below = _bottom(facts)
    if facts is None or facts.transport is None:
        return 'rbd' in known and bool(_SCSI_NAME.fullmatch(path))
    others = storage_facts.SHARED_TRANSPORTS - known
    return bool(below) and all(each in others for each in below)


def _bottom(facts: storage_facts.StorageFacts | None) -> tuple[str, ...]:
    """List the transports of a device, or of those below it."""
    if facts is None or facts.transport is None:
        return ()
    return facts.slaves or (facts.transport,)


def _other_volume(name: str, attachment: domains.VolumeAttachment) -> bool:
    """Return whether a name contains the id of another volume.

    After cinder has migrated a volume its image has the id of the copy, in
    the connection too.
    """
    (found,) = source_keys.volume_ids(name) or ('',)
    told = {
        each
        for text in (
            *(attachment.image, attachment.file_name),
            *attachment.device_paths,
            *(target for target, _lun in attachment.luns),
        )
        for each in source_keys.volume_ids(text or '')
    }
    if not found or not told:
        return False
    own = {(attachment.volume_id or '').lower()}
    return found not in told | own


def _same_file(one: str, other: str) -> bool:
    """Compare the names of a volume's file and of its snapshots'."""
    return source_keys.volume_file(one) == source_keys.volume_file(other)
