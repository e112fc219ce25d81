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

_SCSI_TYPES = frozenset(('iscsi', 'iser', 'fibre_channel', 'nvmeof'))
# udev's names below /dev/disk/by-path of LUNs on iSCSI and fibre channel.
_BY_PATH = re.compile(
    r'/(?:.*-iscsi-(?P<iqn>.+)|.*-fc-0x(?P<wwn>[0-9a-f]+))-lun-(?P<lun>\w+)$',
    re.IGNORECASE,
)


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
    yield from filter(None, (attachment.image, attachment.file_name))
    for target, lun in attachment.luns:
        yield f'{target}/{lun}'
        yield f'{target.lower()}/{lun}'


def keys(
    source: model.DiskSource, facts: storage.StorageFacts | None
) -> collections.abc.Iterator[str]:
    """List what a source names: paths, files, images and LUNs."""
    if source.name:
        name = source.name.lstrip('/')
        yield name
        yield name.partition('/')[2]
    if source.path:
        yield source.path
        yield posixpath.basename(source.path)
        if found := _BY_PATH.search(source.path):
            target = (found['iqn'] or found['wwn']).lower()
            yield f'{target}/{found["lun"]}'
    if facts and facts.resolved:
        yield facts.resolved


def match(
    source: model.DiskSource,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> Match:
    """Say whether the attachment's connection names this source.

    Block device paths of one LUN differ between connections, so another
    path is no contradiction; another image, file or kind of source is.
    """
    if source.type is model.SourceType.NETWORK:
        return _network(source, attachment)
    if source.path is None:
        return Match.SILENT
    names = {source.path, (facts.resolved if facts else None) or source.path}
    if names & set(attachment.device_paths):
        return Match.SAME
    is_file = source.type is model.SourceType.FILE and not (
        facts and facts.kind is storage.PathKind.BLOCK
    )
    if is_file:
        return _file(source.path, facts, attachment)
    return _block(source.path, attachment)


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
        same = name == f'{volume}/{attachment.file_name}'
        return Match.SAME if same else Match.OTHER
    if attachment.driver_volume_type in _SCSI_TYPES or attachment.export:
        return Match.OTHER
    return Match.SILENT


def _file(
    path: str,
    facts: storage.StorageFacts | None,
    attachment: model.VolumeAttachment,
) -> Match:
    if attachment.export:
        return _exported(path, facts, attachment)
    kinds = (*_SCSI_TYPES, 'rbd')
    if attachment.driver_volume_type in kinds or attachment.device_paths:
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
    if not file_name or posixpath.basename(path) != file_name:
        return Match.OTHER
    mounted = facts.mount_source if facts else None
    if mounted and mounted.rstrip('/') == export:
        return Match.SAME
    # nova mounts an export below a directory named by its MD5
    # (nova.virt.libvirt.volume.fs, LibvirtBaseFileSystemVolumeDriver).
    digest = hashlib.md5(
        (attachment.export or '').encode(errors='surrogatepass'),
        usedforsecurity=False,
    ).hexdigest()
    if posixpath.basename(posixpath.dirname(path)) == digest:
        return Match.SAME
    if (
        mounted
        and storage.filesystem_reach((facts.fstype if facts else None) or '')
        is not storage.Reach.LOCAL
    ):
        return Match.OTHER
    # The name alone decides only where it can belong to one volume.
    unique = attachment.volume_id and attachment.volume_id in file_name
    return Match.SAME if unique else Match.SILENT


def _block(path: str, attachment: model.VolumeAttachment) -> Match:
    if attachment.image is not None or attachment.export:
        return Match.OTHER
    found = _BY_PATH.search(path)
    if found is None or not attachment.luns:
        return Match.SILENT
    target = (found['iqn'] or found['wwn']).lower()
    named = {(name.lower(), lun) for name, lun in attachment.luns}
    return Match.SAME if (target, found['lun']) in named else Match.OTHER
