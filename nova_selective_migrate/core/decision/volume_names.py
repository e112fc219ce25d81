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

"""Whether the name of a kept volume means that volume at the destination.

The domain's XML takes the name along: that it is a shared volume on the source
does not prove that the other host knows it by this name.
"""

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.evidence import device_names
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import storage_facts

_ATTACHED = reasons.Reason.VOLUME_ATTACHMENT


def is_another_there(
    disk: domains.Disk,
    joined: volume_matching.VolumeMatch,
    verdict: locality_verdicts.Verdict,
    facts: case_facts.Facts,
) -> bool:
    """Return whether another volume can have its name there.

    :param verdict: that of the disk's own image
    """
    storage, paths = facts.storage, facts.options.volume_paths
    if verdict.reason is not _ATTACHED or disk.source is None:
        return False
    if any(
        item.locality is domains.Locality.SHARED
        and item.reason is not _ATTACHED
        for item in verdict.evidence
    ):
        return False  # proven the same there, or declared so
    place = pool_facts.in_pool(disk.source, storage.pools)
    if place is not None:
        known = storage_facts.find(storage.source, place)
        if device_names.same_everywhere(place, known):
            return False
    if paths is migration_options.VolumePaths.KEPT:
        return True
    return not (_by_nova(disk, joined) or _by_driver(disk, joined, paths))


def _by_nova(disk: domains.Disk, joined: volume_matching.VolumeMatch) -> bool:
    """Return whether nova itself sets the path at the destination.

    It does where the serials of the disk and of both connections are equal,
    and writes none for a LUN (nova.virt.libvirt.migration.
    _update_volume_xml, config.LibvirtConfigGuestDisk; nova 31.3 to 34.0).
    """
    return (
        disk.device is not domains.DiskDevice.LUN
        and disk.serial is not None
        and joined.attachment is not None
        and disk.serial == joined.attachment.serial
    )


def _by_driver(
    disk: domains.Disk,
    joined: volume_matching.VolumeMatch,
    paths: migration_options.VolumePaths,
) -> bool:
    """Return whether this plugin's driver sets it.

    A device name proves no volume. The secret of an encrypted one is another
    at the destination, and nova passes it on by serial alone.
    """
    encrypted = disk.source is not None and disk.source.encrypted
    return (
        paths is migration_options.VolumePaths.SET
        and not joined.weak
        and not encrypted
    )
