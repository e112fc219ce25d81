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

"""The logical volumes of nova's images_type=lvm: which can be made there.

nova names each after the server, in the volume group that
images_volume_group names, and removes it from there by that name.
"""

import collections.abc
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

IMAGES_TYPE = 'lvm'
_Reason = disk_refusals.DiskRefusal


def directory(group: str) -> str:
    """Return the directory of a volume group's devices."""
    return f'/dev/{group}'


def problem(
    disk: domains.Disk,
    facts: case_facts.Facts,
    prepared: migration_options.Preparation,
) -> refusals.Refusal | None:
    """Say why the destination makes no volume for a local block device.

    :param prepared: that of the facts
    """

    def refuse(
        reason: refusals.AnyReason, detail: str = '', instead: str = ''
    ) -> refusals.Refusal:
        return refusals.Refusal.of_disk(disk, reason, detail, instead=instead)

    source, uuid = disk.chain[0], facts.domain.uuid
    path = source.path or ''
    folder, name = posixpath.split(path)
    mine = bool(uuid) and name.startswith(f'{uuid}_')
    if mine and folder == '/dev/mapper' and name.endswith('-dmcrypt'):
        return refuse(
            reasons.Reason.ENCRYPTED_DISK,
            'nova has encrypted it for ephemeral_storage_encryption',
            'shut the server down and move its data in another way; nova '
            'moves no encrypted logical volume to another host',
        )
    if source.type is not domains.SourceType.BLOCK or not mine:
        return refuse(_Reason.LOCAL_BLOCK_DEVICE)
    if not prepared.volume_group:
        if prepared.same_images_type and prepared.images_type == IMAGES_TYPE:
            # The case is of a release that did not tell the group.
            return refuse(_Reason.LOCAL_BLOCK_DEVICE)
        return refuse(
            _Reason.LOCAL_BLOCK_DEVICE,
            'images_type of the source is not lvm any more, so that nova '
            'would leave it behind there',
            'make a snapshot of the server and boot another one from it',
        )
    if folder != directory(prepared.volume_group):
        return refuse(
            _Reason.LOCAL_BLOCK_DEVICE,
            f'images_volume_group of the source is {prepared.volume_group}',
        )
    if prepared.shared_directory:
        return refuse(
            _Reason.SHARED_INSTANCE_DIRECTORY,
            prepared.directory,
            'give each host an instances_path of its own: where it is '
            'shared, nova cleans up no logical volume on either host',
        )
    if prepared.block_migration is False:
        return refuse(_Reason.BLOCK_MIGRATION_FORBIDDEN)
    if why := _unfit(prepared):
        return refuse(*why)
    here = storage_facts.find(facts.storage.source, source)
    known = storage_facts.find(facts.storage.destination, source)
    return _unproven(here, known, refuse)


def _unfit(
    prepared: migration_options.Preparation,
) -> tuple[refusals.AnyReason, str, str] | None:
    """Say why the destination has no suitable volume group."""
    if not prepared.makes_images:
        return (
            _Reason.VOLUME_GROUP_UNFIT,
            'the destination does not run this plugin',
            'enable the plugin on the destination',
        )
    if prepared.images_type != IMAGES_TYPE:
        return (
            _Reason.OTHER_IMAGES_TYPE,
            f'it is a logical volume, and images_type there is '
            f'{prepared.images_type}',
            '',
        )
    if not prepared.destination_group:
        return (
            _Reason.VOLUME_GROUP_UNFIT,
            'the destination tells of no volume group: its plugin is of a '
            'release that makes no logical volumes, or could not read it',
            'upgrade the plugin on the destination, or look into the log of '
            'its nova-compute',
        )
    return None


def _unproven(
    here: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
    refuse: collections.abc.Callable[..., refusals.Refusal],
) -> refusals.Refusal | None:
    """Say which proof of two volume groups is missing.

    No declaration replaces it: with one volume group on both hosts the disk
    would be copied onto itself, and nova's clean-up would remove the volume
    that the guest uses.
    """
    groups = [side.group_uuid if side else None for side in (here, known)]
    if not all(groups):
        where = 'source' if not groups[0] else 'destination'
        return refuse(
            _Reason.VOLUME_GROUP_UNFIT,
            f'the UUID of its volume group on the {where} is not known',
            'look there whether vgs and lvs show the volume group',
        )
    if groups[0] == groups[1]:
        return refuse(reasons.Reason.SAME_VOLUME_GROUP)
    if known is not None and known.exists is not False:
        return refuse(
            _Reason.DESTINATION_EXISTS,
            'the destination has logical volumes of this server',
            'look there with lvs and virsh domblklist what they are: they '
            'may be left from an earlier migration or evacuation; remove '
            'them only where nothing needs them',
        )
    if here is None or here.virtual_bytes is None:
        return refuse(
            _Reason.IMAGE_NOT_REPRODUCIBLE,
            'its size in bytes is not known',
            'find out why libvirt does not tell it, with virsh domblkinfo',
        )
    return None


def is_made_in_group(
    disk: domains.Disk, prepared: migration_options.Preparation
) -> bool:
    """Return whether a disk that is copied gets a volume, not a file."""
    source = disk.chain[0]
    return (
        source.type is domains.SourceType.BLOCK
        and bool(prepared.volume_group)
        and posixpath.dirname(source.path or '')
        == directory(prepared.volume_group)
    )


def renamed(
    domain: domains.Domain,
    prepared: migration_options.Preparation,
    targets: collections.abc.Container[str],
) -> dict[str, str]:
    """Return the paths at the destination where its group has another name.

    :param targets: of the disks to copy
    :returns: by target
    """
    group = prepared.destination_group
    if not group or group == prepared.volume_group:
        return {}
    return {
        disk.target: posixpath.join(
            directory(group), posixpath.basename(disk.chain[0].path or '')
        )
        for disk in domain.disks
        if disk.target in targets and is_made_in_group(disk, prepared)
    }


def bytes_needed(
    copied: collections.abc.Iterable[domains.Disk],
    storage: storage_facts.Storage,
) -> int:
    """Add up the sizes of volumes, which nova allocates in full."""
    found = (storage_facts.find(storage.source, d.chain[0]) for d in copied)
    return sum((each.virtual_bytes or 0) for each in found if each)
