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

"""The images that must be at the destination before the call."""

import collections.abc
import dataclasses
import functools
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import existing_images
from nova_selective_migrate.core.decision import nova_volumes
from nova_selective_migrate.core.evidence import file_identity
from nova_selective_migrate.core.evidence import host_evidence
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_FORMATS = ('raw', 'qcow2')


@dataclasses.dataclass(frozen=True)
class DestinationImage:
    """A fresh image to make at the destination.

    A file is sparse. A volume of a pool has all of its room, and in it what
    the disks below held before.

    :ivar virtual_bytes: the source's, to the byte: QEMU's mirror takes no
        other (mirror_run: "Source and target image have different sizes")
    :ivar backing_path: image below it, where the chain is there already
    :ivar pool: the storage pool there that it is a volume of; None: a file
    """

    target: str
    path: str
    format: str
    virtual_bytes: int
    backing_path: str | None = None
    backing_format: str | None = None
    pool: str | None = None


def problems(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> disk_strategy.Refusals:
    """Refuse the disks to copy for which no image can be made or used.

    :returns: none where the caller does not want images made
    """
    if not facts.options.create_images:
        return ()
    found = (_judge(strategy, facts) for strategy in copied)
    return tuple(e for e in found if isinstance(e, refusals.Refusal))


def without_base(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> disk_strategy.Refusals:
    """Refuse top images whose base no new image can name.

    These stand only where a top image is copied alone.
    """
    options = facts.options
    if not options.create_images:
        return ()
    return tuple(
        refusals.Refusal.of_disk(
            strategy.disk,
            disk_refusals.DiskRefusal.IMAGE_NOT_REPRODUCIBLE,
            f'{strategy.disk.chain[1].label} below it is no path of a known '
            'format',
        )
        for strategy in copied
        if strategy.extent is not disk_strategy.Extent.WHOLE
        and strategy.disk.target not in options.existing
        and not _can_be_base(strategy.disk.chain[1])
    )


def needed(
    facts: case_facts.Facts,
    copied: disk_strategy.Strategies,
    extents: collections.abc.Mapping[str, disk_strategy.Extent],
) -> tuple[DestinationImage, ...]:
    """List the images to make before the call, in XML order.

    :param copied: the disks to copy; none has one of :func:`problems`
    :param extents: how much is copied of which target
    """
    if not facts.options.create_images:
        return ()
    found = (_judge(each, facts, extents[each.disk.target]) for each in copied)
    return tuple(e for e in found if isinstance(e, DestinationImage))


def _judge(
    strategy: disk_strategy.Strategy,
    facts: case_facts.Facts,
    extent: disk_strategy.Extent = disk_strategy.Extent.WHOLE,
) -> DestinationImage | refusals.Refusal | None:
    """Say what image a disk to copy needs, or why there can be none.

    What exists at the destination is written to only where it is shown to
    be another than the source's, whatever the disk is copied for.

    :returns: None where the caller has made it, and it fits
    """
    disk, storage = strategy.disk, facts.storage
    refuse = functools.partial(refusals.Refusal.of_disk, disk)
    place = storage_facts.in_pool(disk.chain[0], storage.pools)
    path = place.path if place else None
    here = storage_facts.find(storage.source, place) if place else None
    known = storage_facts.find(storage.destination, place) if place else None
    same = file_identity.compare(here, known)
    device = place is None or host_evidence.is_device(place, here)
    existing = disk.target in facts.options.existing
    if known is not None and known.used_by:
        return refuse(
            disk_refusals.DiskRefusal.DESTINATION_EXISTS,
            f'the domain {known.used_by} uses it there',
            instead='leave it alone; give the disk another path, or migrate '
            'to another host',
        )
    if same is not file_identity.Sameness.OTHER:
        # With both hosts on one file the copy would run onto itself.
        if strategy.reason is reasons.Reason.LOCAL_DEVICE:
            return refuse(disk_refusals.DiskRefusal.DEVICE_UNPROVEN)
        if device and same is file_identity.Sameness.SAME:
            return refuse(
                disk_refusals.DiskRefusal.DEVICE_UNPROVEN,
                'both hosts show the same one',
                instead='declare it in shared_paths where both hosts reach '
                'it, and in local_paths in no case',
            )
        if existing and not device:
            return refuse(disk_refusals.DiskRefusal.IMAGE_UNPROVEN)
    if existing:
        libvirt = facts.hypervisors.destination.libvirt
        return existing_images.unfit(disk, here, known, libvirt)
    unreachable = disk_refusals.DiskRefusal.DESTINATION_UNREACHABLE
    if path is None:
        return refuse(unreachable, 'a block device')
    pool = None
    if device:
        path = pool_volumes.volume_path(path, here)
        pool = pool_volumes.volume_pool(storage.pools_there, path)
        if pool is None:
            return refuse(
                unreachable,
                f'a block device, and no storage pool there has {path}',
                instead='where it is a volume of a storage pool, start that '
                'pool there; otherwise make the device yourself and say so '
                'with --existing',
            )
    if known is not None and known.exists:
        return _in_the_way(disk, known, same, device=device)
    if known is not None and known.error:
        return refuse(
            unreachable,
            f'it cannot be told whether {path} is free there: {known.error}',
        )
    if why := _why_not_made(path, pool, known, storage):
        return refuse(unreachable, why)
    image_format = disk.chain[0].format or 'raw'
    size = here.virtual_bytes if here else None
    formats = _FORMATS if pool is None else _FORMATS[:1]
    if image_format not in formats or size is None:
        return refuse(
            disk_refusals.DiskRefusal.IMAGE_NOT_REPRODUCIBLE,
            f'{path} is {image_format} of {size or "unknown"} bytes',
        )
    if extent is disk_strategy.Extent.WHOLE:
        return DestinationImage(
            disk.target, path, image_format, size, pool=pool
        )
    base = disk.chain[1]
    return DestinationImage(
        disk.target, path, image_format, size, base.path, base.format
    )


def is_device(disk: domains.Disk, storage: storage_facts.Storage) -> bool:
    """Return whether the top image of a disk is a block device."""
    place = storage_facts.in_pool(disk.chain[0], storage.pools)
    here = storage_facts.find(storage.source, place) if place else None
    return place is not None and host_evidence.is_device(place, here)


def _why_not_made(
    path: str,
    pool: str | None,
    known: storage_facts.StorageFacts | None,
    storage: storage_facts.Storage,
) -> str:
    """Explain why nothing can be made where nothing is; else empty."""
    if pool is not None:
        if known is None or known.exists is None:
            return f'what the storage pool {pool} has there could not be told'
        return ''
    parent = posixpath.dirname(path)
    folder = storage_facts.at(storage.destination, parent)
    if folder is None or not folder.exists or known is None:
        return _why_unseen(parent, folder)
    return ''


def renamed(
    facts: case_facts.Facts, targets: collections.abc.Container[str]
) -> dict[str, str]:
    """Return the paths of logical volumes whose names mean another there.

    nova's are in the volume group that nova has there. Of others, /dev/dm-3
    is the volume that the source has activated as its fourth.

    :param targets: of the disks to copy
    :returns: ``/dev/VG/LV`` by target
    """
    if facts.prepared is not None:
        return nova_volumes.renamed(facts.domain, facts.prepared, targets)
    if not facts.options.create_images:
        return {}
    found: dict[str, str] = {}
    for disk in facts.domain.disks:
        source = disk.source
        if source is None or source.type is not domains.SourceType.BLOCK:
            continue
        here = storage_facts.find(facts.storage.source, source)
        path = here.logical_volume if here else None
        if disk.target in targets and path and source.path:
            name = storage_facts.tidy(source.path)
            if name not in logical_volumes.aliases(path):
                found[disk.target] = path
    return found


def _can_be_base(image: domains.DiskSource) -> bool:
    """Return whether a new image can name it as its backing file."""
    on_path = (domains.SourceType.FILE, domains.SourceType.BLOCK)
    return image.type in on_path and image.format is not None


def _why_unseen(path: str, folder: storage_facts.StorageFacts | None) -> str:
    """Explain why no image can be made in a directory."""
    if folder is None or folder.exists is None:
        return f'whether {path} is there could not be told'
    if folder.exists:
        return f'what is in {path} there could not be told'
    return f'{path} is not there'


def _in_the_way(
    disk: domains.Disk,
    known: storage_facts.StorageFacts,
    same: file_identity.Sameness,
    *,
    device: bool,
) -> refusals.Refusal:
    """Refuse to overwrite; nobody removes what may be the disk itself."""
    refuse = functools.partial(
        refusals.Refusal.of_disk,
        disk,
        disk_refusals.DiskRefusal.DESTINATION_EXISTS,
    )
    if known.kind is storage_facts.PathKind.OTHER:
        return refuse(
            'libvirt lists no image there, and yet the name is taken',
            instead='look there with ls -l: it may be a link that leads '
            'nowhere, or a file that libvirt may not open',
        )
    if device and same is not file_identity.Sameness.OTHER:
        return refuse(
            'nothing compares the two devices',
            instead='look on both hosts which device that is; where it is '
            'another one that nothing needs, name it with --existing',
        )
    if same is not file_identity.Sameness.OTHER:
        leave_it = disk_refusals.DiskRefusal.IMAGE_UNPROVEN.remedy
        return refuse('it may be the disk itself', instead=leave_it)
    return refuse()


def chains_to_flatten(
    facts: case_facts.Facts,
    extents: collections.abc.Mapping[str, disk_strategy.Extent],
) -> tuple[str, ...]:
    """List the targets whose fresh image will hold the whole chain."""
    options = facts.options
    if not options.create_images and not options.prepared:
        return ()
    return tuple(
        disk.target
        for disk in facts.domain.disks
        if disk.backing
        and disk.target in extents
        and extents[disk.target] is not disk_strategy.Extent.TOP
        and disk.target not in options.existing
    )
