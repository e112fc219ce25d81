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

"""Where a read-only medium is copied to, and what stands against it."""

import dataclasses
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.evidence import media_content
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts

_MIB = 2**20


@dataclasses.dataclass(frozen=True)
class MediumPlace:
    """A medium on the source, and where it is to be at the destination.

    :ivar path: on the source
    :ivar place: where an argument puts it; None: at the path of the source
    :ivar lack: what is there in its place, '' where nothing is; None where
        nothing is known against it
    :ivar proven: whether what is there is shown to have the same bytes
    :ivar no_pool: the storage pool that the medium names, where the
        destination has none of that name
    """

    path: str
    place: destination_places.DestinationPlace | None
    lack: str | None
    proven: bool = False
    no_pool: str = ''

    @property
    def there(self) -> str:
        """Return the path at the destination."""
        return (self.place.path if self.place else None) or self.path


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """Why a medium cannot be copied, and what to do about it."""

    why: str
    remedy: str


def find(
    disk: domains.Disk, image: domains.DiskSource, facts: case_facts.Facts
) -> MediumPlace:
    """Find a medium, and what the destination has of it.

    What the destination has at the same path stays where it is: a mapping
    concerns what has to be brought over. It concerns no image below another.

    :param image: of the chain of the disk
    """
    storage = facts.storage
    path = path_of(image, storage)
    lack = media_content.lack(path, storage)
    place = destination_places.of(disk, storage, facts.options)
    mapped = place.by and image is disk.chain[0]
    if not mapped and is_without_pool(image, storage):
        pool = image.pool or ''
        return MediumPlace(path, None, lack or '', no_pool=pool)
    if lack is None or not mapped:
        return MediumPlace(path, None, lack)
    there = place.path or ''
    proven = media_content.is_same(path, there, storage)
    return MediumPlace(
        path,
        place,
        None if proven else media_content.lack(path, storage, there) or '',
        proven,
    )


def is_without_pool(
    image: domains.DiskSource, storage: storage_facts.Storage
) -> bool:
    """Return whether libvirt there does not know the pool that it names."""
    others = storage.destination_pools
    return (
        image.type is domains.SourceType.VOLUME
        and others is not None
        and image.pool not in others
    )


def path_of(image: domains.DiskSource, storage: storage_facts.Storage) -> str:
    """Return the path of an image, or what else names it."""
    found = pool_facts.in_pool(image, storage.pools)
    return (found.path if found else None) or image.label


def size(path: str, storage: storage_facts.Storage) -> int | None:
    """Return the bytes of a medium; None where they are not known."""
    here = storage_facts.at(storage.source, path)
    return here.virtual_bytes if here else None


def obstacle(
    disk: domains.Disk, medium: MediumPlace, facts: case_facts.Facts
) -> Obstacle | None:
    """Say why a medium cannot be copied, whatever room there is.

    What is at its path at the destination is never overwritten.
    """
    storage = facts.storage
    place, by_hand = medium.place, _by_hand(medium)
    if place is not None and (place.problem or place.device):
        return Obstacle(
            f'{place.by}: '
            f'{place.problem or f"{medium.there} would be a volume there"}',
            'map it to a directory or to a pool of files, or leave it at its '
            'path',
        )
    if medium.no_pool:
        return Obstacle(
            f'it is a volume of the storage pool {medium.no_pool}, and the '
            'destination has none of that name',
            'make and start the pool there, or name another one with '
            '--map-pool',
        )
    known = storage_facts.at(storage.destination, medium.there)
    if medium.lack or (known and known.exists):
        if known and known.used_by:
            return Obstacle(
                f'the domain {known.used_by} uses it there',
                'leave that one alone and give the medium a path of its own',
            )
        again = 'migrate with --copy-media' if _is_raw(disk) else by_hand
        return Obstacle(
            'what is there is never overwritten',
            'look whose it is, move it away where nothing needs it, and '
            f'{again}',
        )
    source = disk.chain[0]
    here = storage_facts.at(storage.source, medium.path)
    kind = here.kind if here else None
    found = pool_facts.in_pool(source, storage.pools)
    if (
        found is None
        or found.type is not domains.SourceType.FILE
        or kind not in (None, storage_facts.PathKind.FILE)
    ):
        return Obstacle('it is no file', f'{by_hand}, or detach it')
    if not _is_raw(disk):
        return Obstacle(
            f'it is {source.format}: raw files alone are copied', by_hand
        )
    if source.encrypted or source.data_file:
        return Obstacle('it is encrypted', by_hand)
    if _is_written(medium.path, facts):
        return Obstacle(
            'another disk of the guest is the same file', 'detach one'
        )
    return None


def no_room(medium: MediumPlace, facts: case_facts.Facts) -> Obstacle | None:
    """Say why a medium finds no place; None where it does."""
    by_hand = _by_hand(medium)
    bytes_ = size(medium.path, facts.storage)
    if bytes_ is None:
        return Obstacle('its size is not known', by_hand)
    if bytes_ > facts.options.media.limit_bytes:
        most = facts.options.media.limit_bytes // _MIB
        return Obstacle(
            f'it has {-(-bytes_ // _MIB)} MiB, of which at most {most} are '
            'copied',
            f'allow more with --copy-media-limit, or {by_hand}',
        )
    known = storage_facts.at(facts.storage.destination, medium.there)
    folder = posixpath.dirname(storage_facts.tidy(medium.there))
    seen = storage_facts.at(facts.storage.destination, folder)
    if seen is None or seen.exists is None:
        return Obstacle(
            f'whether {folder} is there could not be told', by_hand
        )
    if not seen.exists:
        return Obstacle(f'{folder} is not there', f'make {folder} there')
    if known is None or known.exists is None:
        return Obstacle(
            f'whether {medium.there} is there could not be told', by_hand
        )
    return None


def _is_raw(disk: domains.Disk) -> bool:
    return len(disk.chain) == 1 and (disk.chain[0].format or 'raw') == 'raw'


def _by_hand(medium: MediumPlace) -> str:
    where = f'to {medium.there}' if medium.place else 'to the same path'
    return f'copy it {where} there yourself'


def _is_written(path: str, facts: case_facts.Facts) -> bool:
    """Return whether a disk that the guest writes to has a path."""
    return any(
        disk.writable
        and disk.source
        and path_of(disk.chain[0], facts.storage) == path
        for disk in facts.domain.disks
    )
