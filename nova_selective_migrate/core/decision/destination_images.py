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
import posixpath

from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import file_identity
from nova_selective_migrate.core.evidence import host_evidence
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts

_FORMATS = ('raw', 'qcow2')
_NO_IMAGES = (storage_facts.PathKind.DIRECTORY, storage_facts.PathKind.OTHER)
# From this release on the destination gives the mirror a slice of the
# source's size; before, QEMU refuses to mirror into another size.
_TAKES_LARGER_DEVICES = 10_000_000


@dataclasses.dataclass(frozen=True)
class DestinationImage:
    """A fresh, sparse image to make at the destination.

    :ivar virtual_bytes: the source's, to the byte: QEMU's mirror takes no
        other (mirror_run: "Source and target image have different sizes")
    :ivar backing_path: image below it, where the chain is there already
    """

    target: str
    path: str
    format: str
    virtual_bytes: int
    backing_path: str | None = None
    backing_format: str | None = None


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why no image can be made, or the caller's does not fit.

    :ivar remedy: instead of the reason's own, where that is not safe
    """

    reason: reasons.Reason
    detail: str = ''
    remedy: str = ''


def image_for(
    chosen: disk_strategy.Decision,
    storage: storage_facts.Storage,
    options: migration_options.MigrationOptions,
    libvirt: int | None,
) -> DestinationImage | Problem | None:
    """Say what image a disk to copy needs, or why none can be made.

    What exists at the destination is written to only where it is shown to
    be another than the source's, whatever the disk is copied for.

    :param libvirt: the destination's release, as libvirt counts it
    :returns: None where the caller made it; otherwise what stands against
        an image, or against the caller's
    """
    disk = chosen.disk
    place = storage_facts.in_pool(disk.chain[0], storage.pools)
    path = place.path if place else None
    facts = storage_facts.find(storage.source, place) if place else None
    known = storage_facts.find(storage.destination, place) if place else None
    same = file_identity.compare(facts, known)
    is_file = (
        place is not None
        and path is not None
        and not host_evidence.is_device(place, facts)
    )
    existing = disk.target in options.existing
    if known is not None and known.used_by:
        return Problem(
            reasons.Reason.DESTINATION_EXISTS,
            f'the domain {known.used_by} uses it there',
            'leave it alone; give the disk another path, or migrate to '
            'another host',
        )
    if same is not file_identity.Sameness.OTHER:
        # With both hosts on one file the copy would run onto itself.
        if chosen.found is reasons.Reason.LOCAL_DEVICE:
            return Problem(reasons.Reason.DEVICE_UNPROVEN)
        if existing and is_file:
            return Problem(reasons.Reason.IMAGE_UNPROVEN)
    if existing:
        return _unfit(disk.chain[0], facts, known, libvirt)
    if path is None or not is_file:
        return Problem(
            reasons.Reason.DESTINATION_UNREACHABLE, 'a block device'
        )
    folder = storage_facts.at(storage.destination, posixpath.dirname(path))
    if known is not None and known.exists:
        return _in_the_way(known, same)
    if known is not None and known.error:
        return Problem(
            reasons.Reason.DESTINATION_UNREACHABLE,
            f'it cannot be told whether {path} is free there: {known.error}',
        )
    if folder is None or not folder.exists or known is None:
        return Problem(
            reasons.Reason.DESTINATION_UNREACHABLE,
            _why_unseen(posixpath.dirname(path), folder),
        )
    return _fresh(chosen, path, facts)


def _why_unseen(path: str, folder: storage_facts.StorageFacts | None) -> str:
    """Say what is known of a directory in which no image can be made."""
    if folder is None or folder.exists is None:
        return f'whether {path} is there could not be told'
    if folder.exists:
        return f'what is in {path} there could not be told'
    return f'{path} is not there'


def _in_the_way(
    known: storage_facts.StorageFacts, same: file_identity.Sameness
) -> Problem:
    """Refuse to overwrite; nobody removes what may be the disk itself."""
    reason = reasons.Reason.DESTINATION_EXISTS
    if known.kind is storage_facts.PathKind.OTHER:
        return Problem(
            reason,
            'libvirt lists no image there, and yet the name is taken',
            'look there with ls -l: it may be a link that leads nowhere, '
            'or a file that libvirt may not open',
        )
    if same is not file_identity.Sameness.OTHER:
        leave_it = reasons.Reason.IMAGE_UNPROVEN.remedy
        return Problem(reason, 'it may be the disk itself', leave_it)
    return Problem(reason)


def _fresh(
    chosen: disk_strategy.Decision,
    path: str,
    facts: storage_facts.StorageFacts | None,
) -> DestinationImage | Problem:
    disk = chosen.disk
    image_format = disk.chain[0].format or 'raw'
    size = facts.virtual_bytes if facts else None
    if image_format not in _FORMATS or size is None:
        return Problem(
            reasons.Reason.IMAGE_NOT_REPRODUCIBLE,
            f'{path} is {image_format} of {size or "unknown"} bytes',
        )
    backing = disk.chain[1] if chosen.top_only else None
    if backing is None:
        return DestinationImage(disk.target, path, image_format, size)
    on_path = (domains.SourceType.FILE, domains.SourceType.BLOCK)
    if backing.type not in on_path or backing.format is None:
        return Problem(
            reasons.Reason.IMAGE_NOT_REPRODUCIBLE,
            f'{backing.label} below it is no path of a known format',
        )
    return DestinationImage(
        disk.target, path, image_format, size, backing.path, backing.format
    )


def _unfit(
    source: domains.DiskSource,
    facts: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
    libvirt: int | None,
) -> Problem | None:
    """Hold an image that the caller made against the source's."""
    mismatch = reasons.Reason.DESTINATION_MISMATCH
    if known is None:
        return None
    if known.exists is False:
        return Problem(mismatch, f'{source.label} is not there')
    if known.kind in _NO_IMAGES:
        return Problem(
            mismatch, f'{source.label} is neither a file nor a device there'
        )
    size = facts.virtual_bytes if facts else None
    there = known.virtual_bytes
    if there is not None and size is not None and there != size:
        sizes = f'{source.label} has {there} bytes there and {size} here'
        if there < size or not _is_raw_device(source, known):
            return Problem(mismatch, sizes)
        if libvirt is None or libvirt < _TAKES_LARGER_DEVICES:
            return Problem(
                mismatch,
                sizes,
                'make it anew with the same size in bytes, or upgrade '
                'libvirt at the destination to 10.0 or newer, which takes '
                'a larger device',
            )
    if known.format and source.format and known.format != source.format:
        return Problem(
            mismatch,
            f'{source.label} is {known.format} there, {source.format} here',
        )
    return None


def _is_raw_device(
    source: domains.DiskSource, known: storage_facts.StorageFacts
) -> bool:
    """Tell what libvirt can use a part of, the slice of the disk's size.

    It looks at the type in the domain XML and at the format
    (qemuMigrationDstPrepareStorage).
    """
    return (
        source.type is domains.SourceType.BLOCK
        and known.kind in (storage_facts.PathKind.BLOCK, None)
        and source.format in ('raw', None)
    )


def chains_to_flatten(
    copied: collections.abc.Iterable[disk_strategy.Decision],
    options: migration_options.MigrationOptions,
) -> tuple[str, ...]:
    """List the targets whose fresh image will hold the whole chain."""
    return tuple(
        chosen.disk.target
        for chosen in copied
        if (options.create_images or options.prepared)
        and chosen.disk.backing
        and (chosen.seeded or not chosen.top_only)
        and chosen.disk.target not in options.existing
    )
