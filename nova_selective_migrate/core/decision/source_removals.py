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

"""Images of the source that go when the guest runs at the destination."""

import collections.abc
import dataclasses
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts

Why = str


@dataclasses.dataclass(frozen=True)
class SourceRemoval:
    """An image of the source, and what shows later that it is the same.

    :ivar path: of a file, or ``/dev/VG/LV``
    :ivar identity: of a file, as this host tells it; of a volume its UUID
    :ivar pool: the source's storage pool that it is a volume of; None: it
        is a file
    """

    target: str
    path: str
    identity: str
    virtual_bytes: int
    pool: str | None = None


@dataclasses.dataclass(frozen=True)
class SourceRemovals:
    """What of the copied disks goes from the source, and what stays.

    :ivar kept: why an image stays, by its path
    """

    removed: tuple[SourceRemoval, ...] = ()
    kept: collections.abc.Mapping[str, Why] = dataclasses.field(
        default_factory=dict
    )


def choose(
    facts: case_facts.Facts,
    copied: disk_strategy.Strategies,
    images: collections.abc.Iterable[destination_images.DestinationImage],
) -> SourceRemovals:
    """Choose the top images of the disks to copy that may go.

    Images below them may be those of other guests, and stay.

    :param copied: the disks to copy that nothing stands against
    :param images: what is made at the destination
    """
    if facts.prepared is not None or not facts.options.remove_source_images:
        return SourceRemovals()
    made = {image.target for image in images}
    removed: list[SourceRemoval] = []
    kept: dict[str, Why] = {}
    for strategy in copied:
        found = _judge(strategy.disk, facts, made)
        if isinstance(found, SourceRemoval):
            removed.append(found)
        else:
            kept[strategy.disk.chain[0].label] = found
    return SourceRemovals(tuple(removed), kept)


def notes(
    choices: SourceRemovals,
) -> collections.abc.Iterator[str]:
    """Note what goes, and what stays although it was asked for."""
    for each in choices.removed:
        yield (
            f'{each.target}: {each.path} is deleted on the source once the '
            'guest is seen running at the destination'
        )
    for path, why in choices.kept.items():
        yield f'{path} is not deleted on the source: {why}'


def _judge(
    disk: domains.Disk,
    facts: case_facts.Facts,
    made: collections.abc.Container[str],
) -> SourceRemoval | Why:
    storage = facts.storage
    place = pool_facts.in_pool(disk.chain[0], storage.pools)
    path = place.path if place else None
    if disk.target not in made or path is None:
        return 'the image at the destination is not made by this migration'
    if _other_user(disk, path, facts):
        return 'another disk of the guest has it'
    here = storage_facts.at(storage.source, path)
    size = here.virtual_bytes if here else None
    if here is None or size is None:
        return 'nothing is known of it'
    if here.kind is not storage_facts.PathKind.FILE:
        return _volume(disk.target, here, size, storage)
    if here.identity is None:
        return (
            'which file it is can be told only where the command runs on '
            'the source'
        )
    if here.resolved != storage_facts.tidy(path):
        return 'there is a link in its path'
    if here.mount_point == here.resolved:
        return 'it is mounted over its name'
    return SourceRemoval(disk.target, path, here.identity, size)


def _volume(
    target: str,
    here: storage_facts.StorageFacts,
    size: int,
    storage: storage_facts.Storage,
) -> SourceRemoval | Why:
    name = here.logical_volume
    if name is None or here.volume_uuid is None:
        return 'it is neither a file nor a logical volume'
    pool = pool_volumes.volume_pool(storage.pools, name)
    if pool is None:
        return f'no storage pool of the source has {posixpath.dirname(name)}'
    if here.thin:
        return 'libvirt lists no thin volume'
    return SourceRemoval(target, name, here.volume_uuid, size, pool)


def _other_user(
    disk: domains.Disk, path: str, facts: case_facts.Facts
) -> bool:
    """Return whether the guest has a path elsewhere, now or when it starts."""
    both = (facts.domain, facts.definition)
    others = (
        image
        for domain in both
        if domain is not None
        for other in domain.disks
        if other.target != disk.target
        for image in other.chain
    )
    wanted = storage_facts.tidy(path)
    for image in others:
        place = pool_facts.in_pool(image, facts.storage.pools)
        if place and place.path and storage_facts.tidy(place.path) == wanted:
            return True
    return False
