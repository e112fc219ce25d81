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

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import destination_vacancy
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import nova_volumes
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_OTHER_FORMAT = (
    'have it made as another with --to-format, or make the image at the '
    'destination yourself and say so with --existing'
)


@dataclasses.dataclass(frozen=True)
class DestinationImage:
    """A fresh image to make at the destination.

    A file is sparse. A volume of a pool has all of its room, and in it what
    the disks below held before.

    :ivar virtual_bytes: the source's, to the byte: QEMU's mirror takes no
        other (mirror_run: "Source and target image have different sizes")
    :ivar backing_path: image below it, where the chain is there already
    :ivar pool: the storage pool there that it is a volume of; None: a file
    :ivar source_path: of the disk on the source, where that is another path
    """

    target: str
    path: str
    format: str
    virtual_bytes: int
    backing_path: str | None = None
    backing_format: str | None = None
    pool: str | None = None
    source_path: str | None = None


def problems(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> disk_strategy.Refusals:
    """Refuse the disks to copy for which no image can be made or used.

    A caller that makes them itself is not asked for more than that none is
    the source.
    """
    options = facts.options
    if options.create_images:
        found = [_judge(strategy, facts) for strategy in copied]
    elif options.prepared is None:
        found = [destination_vacancy.served(each, facts) for each in copied]
    else:
        return ()
    return tuple(e for e in found if isinstance(e, refusals.Refusal))


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

    :returns: None where the caller has made it, and it fits
    """
    disk, storage = strategy.disk, facts.storage
    place = destination_places.of(disk, storage, facts.options)
    if refusal := destination_vacancy.problem(strategy, place, facts):
        return refusal
    if disk.target in facts.options.existing:
        return None
    source = pool_facts.in_pool(disk.chain[0], storage.pools)
    here = storage_facts.find(storage.source, source) if source else None
    path = destination_vacancy.image_path(place, here) or ''
    size = here.virtual_bytes if here else None
    pool = None
    if place.device:
        pool = pool_volumes.volume_pool(storage.pools_there, path)
    if refusal := _not_reproducible(disk, place, path, pool, size):
        return refusal
    base = disk.chain[1] if extent is not disk_strategy.Extent.WHOLE else None
    return DestinationImage(
        disk.target,
        path,
        place.format,
        size or 0,
        base.path if base else None,
        base.format if base else None,
        pool,
        (source.path if source else None) if place.by else None,
    )


def _not_reproducible(
    disk: domains.Disk,
    place: destination_places.DestinationPlace,
    path: str,
    pool: str | None,
    size: int | None,
) -> refusals.Refusal | None:
    """Say why libvirt makes no image of a format and size, if so."""
    if pool is not None and place.changed and place.format != 'raw':
        return refusals.Refusal.of_disk(
            disk,
            disk_refusals.DiskRefusal.FORMAT_UNUSABLE,
            f'{path} is a volume of a volume group',
            instead=f'leave --to-format {disk.target} out: such a volume is '
            'raw; or map the disk to a directory',
        )
    formats = destination_mapping.FORMATS if pool is None else ('raw',)
    if place.format in formats and size is not None:
        return None
    return refusals.Refusal.of_disk(
        disk,
        disk_refusals.DiskRefusal.IMAGE_NOT_REPRODUCIBLE,
        f'{path} is {place.format} of {size or "unknown"} bytes',
        instead=_OTHER_FORMAT if size is not None else '',
    )


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
        place = destination_places.of(disk, facts.storage, facts.options)
        if disk.target in targets and path and source.path and not place.by:
            name = storage_facts.tidy(source.path)
            if name not in logical_volumes.aliases(path):
                found[disk.target] = path
    return found


def placed(
    facts: case_facts.Facts, targets: collections.abc.Container[str]
) -> dict[str, destination_places.DestinationPlace]:
    """Return the places of disks that are elsewhere there, or otherwise.

    :param targets: of the disks to copy
    """
    found = destination_places.targets(
        facts.domain, facts.storage, facts.options
    )
    return {
        disk.target: place
        for disk, place in found
        if disk.target in targets and place.changed
    }


def can_be_base(image: domains.DiskSource) -> bool:
    """Return whether an image made by libvirt can name it as its base."""
    on_path = (domains.SourceType.FILE, domains.SourceType.BLOCK)
    return image.type in on_path and image.format is not None


def chains_to_flatten(
    facts: case_facts.Facts,
    extents: collections.abc.Mapping[str, disk_strategy.Extent],
) -> tuple[str, ...]:
    """List the targets whose image there will hold the whole chain.

    One that the caller has made at the same path may have a base of its own.
    """
    options = facts.options
    if not options.create_images and not options.prepared:
        return ()
    return tuple(
        disk.target
        for disk in facts.domain.disks
        if disk.backing
        and disk.target in extents
        and extents[disk.target] is not disk_strategy.Extent.TOP
        and (
            disk.target not in options.existing
            or destination_places.of(disk, facts.storage, options).changed
        )
    )
