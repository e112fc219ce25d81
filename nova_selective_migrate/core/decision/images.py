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

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import options as options_
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import reasons

_FORMATS = ('raw', 'qcow2')


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


Problem = tuple[reasons.Reason, str]


def image_for(
    chosen: decision.Decision,
    storage: storage_.Storage,
    options: options_.MigrationOptions,
) -> DestinationImage | Problem | None:
    """Say what image a disk to copy needs, or why none can be made.

    :returns: None where the caller made it; a reason and its detail where
        no image can be made, or the caller's does not fit
    """
    disk = chosen.disk
    place = storage_.in_pool(disk.chain[0], storage.pools)
    path = place.path if place else None
    facts = storage.source.get(path or '')
    known = storage.destination.get(path or '')
    presumed = chosen.reason is reasons.Reason.LOCAL_DEVICE
    if presumed and (known is None or known.identity is None):
        # With both hosts on one device the copy would run onto itself.
        return reasons.Reason.DEVICE_UNPROVEN, ''
    declared = chosen.reason is reasons.Reason.DECLARED_LOCAL
    there = known is not None and known.exists and known.identity is None
    if disk.target in options.existing and declared and there:
        # On storage that could be shared; a local file system is a proof.
        return reasons.Reason.IMAGE_UNPROVEN, ''
    if disk.target in options.existing:
        return _unfit(disk.chain[0], facts, known)
    if path is None or (facts and facts.kind is storage_.PathKind.BLOCK):
        return reasons.Reason.DESTINATION_UNREACHABLE, 'a block device'
    folder = storage.destination.get(posixpath.dirname(path))
    if known is not None and known.exists:
        return reasons.Reason.DESTINATION_EXISTS, ''
    if folder is None or not folder.exists or known is None:
        return (
            reasons.Reason.DESTINATION_UNREACHABLE,
            f'{posixpath.dirname(path)} is not seen there',
        )
    return _fresh(chosen, path, facts)


def _fresh(
    chosen: decision.Decision,
    path: str,
    facts: storage_.StorageFacts | None,
) -> DestinationImage | Problem:
    disk = chosen.disk
    image_format = disk.chain[0].format or 'raw'
    size = facts.virtual_bytes if facts else None
    if image_format not in _FORMATS or size is None:
        return (
            reasons.Reason.IMAGE_NOT_REPRODUCIBLE,
            f'{path} is {image_format} of {size or "unknown"} bytes',
        )
    backing = disk.chain[1] if chosen.top_only else None
    if backing is None:
        return DestinationImage(disk.target, path, image_format, size)
    on_path = (model.SourceType.FILE, model.SourceType.BLOCK)
    if backing.type not in on_path or backing.format is None:
        return (
            reasons.Reason.IMAGE_NOT_REPRODUCIBLE,
            f'{backing.label} below it is no path of a known format',
        )
    return DestinationImage(
        disk.target, path, image_format, size, backing.path, backing.format
    )


def _unfit(
    source: model.DiskSource,
    facts: storage_.StorageFacts | None,
    known: storage_.StorageFacts | None,
) -> Problem | None:
    """Hold an image that the caller made against the source's."""
    if known is None:
        return None
    if known.exists is False:
        return (
            reasons.Reason.DESTINATION_MISMATCH,
            f'{source.label} is not there',
        )
    size = facts.virtual_bytes if facts else None
    there = known.virtual_bytes
    if there is not None and size is not None and there != size:
        return (
            reasons.Reason.DESTINATION_MISMATCH,
            f'{source.label} has {there} bytes there and {size} here',
        )
    if known.format and source.format and known.format != source.format:
        return (
            reasons.Reason.DESTINATION_MISMATCH,
            f'{source.label} is {known.format} there, {source.format} here',
        )
    return None


def chains_to_flatten(
    copied: collections.abc.Iterable[decision.Decision],
    options: options_.MigrationOptions,
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
