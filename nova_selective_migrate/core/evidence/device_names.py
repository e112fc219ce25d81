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

"""Names of devices: which mean the same on every host, and which do not.

Each host assigns names such as ``/dev/dm-4``, ``/dev/sdb``, ``/dev/nvme0n1``,
a friendly ``/dev/mapper/mpatha`` and a path by the PCI address of an adapter
in its own order. udev(7), multipath.conf(5).
"""

import posixpath
import re

from nova_selective_migrate.core.evidence import network_evidence
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts

#: What to do about a device that looks attached to the source alone.
ONE_NAME = (
    'look on both hosts whether it is one device: nothing shows that another '
    'host reaches it but a name that the destination has as well. Declare its '
    'path in shared_paths only if both hosts reach one device; otherwise '
    'give each device a serial of its own, or move the disk to other storage'
)
# Names by udev, multipath, rbd, DRBD and StorPool that are made from an id on
# the device or from its place in the storage. A vendor need not make a scsi-0
# id unique; names of dm and md devices are freely chosen.
_EVERYWHERE = re.compile(
    r'/dev/(?:'
    r'disk/by-id/(?!dm-name-|md-name-|scsi-0)[^/]+'
    r'|mapper/(?:[23][0-9a-f]{16}(?:[0-9a-f]{16})?'
    r'|(?:eui|naa|nvme|uuid)\.[\w.:-]+?)(?:(?:-part|p)?\d{1,3})?'
    r'|rbd/[^/]+/(?:[^/]+/)?[^/]+'
    r'|drbd/by-res/.+'
    r'|storpool(?:-byid)?/[^/]+'
    r')',
    re.IGNORECASE,
)
# Those of the names by udev that are made from an id that no two devices have.
# Others are made from a serial, which QEMU's disks have in common.
_BY_WORLDWIDE_ID = re.compile(
    r'/dev/disk/by-id/(?:wwn-|scsi-[23]|dm-uuid-(?:part\d+-)?mpath-'
    r'|nvme-(?:eui|uuid|nqn)\.).+',
    re.IGNORECASE,
)
# Without the adapter's address before it, as open-iscsi's sessions have it.
_ISCSI_BY_PATH = re.compile(
    r'/dev/disk/by-path/ip-(?P<portal>.+?)-iscsi-.+-lun-\w+', re.IGNORECASE
)
_VOLUME_ID = re.compile(
    r'volume-+[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}', re.IGNORECASE
)


def is_device(
    source: domains.DiskSource, facts: storage_facts.StorageFacts | None
) -> bool:
    """Return whether a source is a device, as the host or its name tells."""
    if facts is not None and facts.kind is not None:
        return facts.kind is storage_facts.PathKind.BLOCK
    path = posixpath.normpath(source.path or '')
    return source.type is domains.SourceType.BLOCK or path.startswith('/dev/')


def same_everywhere(
    source: domains.DiskSource, facts: storage_facts.StorageFacts | None
) -> bool:
    """Return whether a source's name means the same on every host.

    The path of a file leads to a mount that says what is mounted there; only
    names of devices are assigned by the host.

    :param facts: what the source host knows of it
    """
    if source.type is domains.SourceType.NETWORK:
        return True
    if source.type is domains.SourceType.FILE and not is_device(source, facts):
        return True
    if source.type not in (domains.SourceType.FILE, domains.SourceType.BLOCK):
        return False
    path = posixpath.normpath(source.path or '')
    if _EVERYWHERE.fullmatch(path):
        return True
    if found := _ISCSI_BY_PATH.fullmatch(path):
        # The loopback address is another server on each host.
        address = found['portal'].rpartition(':')[0] or found['portal']
        return not network_evidence.is_loopback(
            domains.NetworkHost(name=address)
        )
    if path.startswith('/dev/disk/by-path/'):
        return False
    # Device mapper doubles the dashes of a logical volume's name.
    return bool(_VOLUME_ID.search(path.replace('--', '-')))


def of_a_serial(path: str) -> bool:
    """Return whether a name is made from a serial, which anybody can set."""
    path = posixpath.normpath(path)
    return path.startswith('/dev/disk/by-id/') and not (
        _BY_WORLDWIDE_ID.fullmatch(path)
    )
