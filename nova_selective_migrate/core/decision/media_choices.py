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

"""Read-only media that the destination lacks: copied, ejected or refused."""

import collections.abc
import dataclasses
import enum
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import destination_space
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.decision import medium_copies
from nova_selective_migrate.core.evidence import media_content
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_EJECT = 'take the medium out of its drive there with --eject-media'
_REMOVABLE = (domains.DiskDevice.CDROM, domains.DiskDevice.FLOPPY)


class MediumAction(enum.Enum):
    """What becomes of a medium that the destination lacks at its path."""

    COPY = 'copy'
    EJECT = 'eject'
    #: The same bytes are where an argument maps it to.
    EXISTING = 'existing'


@dataclasses.dataclass(frozen=True)
class MediumChoice:
    """A medium that is copied before the call, or ejected by it.

    :ivar path: of the file on the source
    :ivar size_bytes: what is copied; 0 where nothing is
    :ivar destination: its path there, where that is another
    """

    target: str
    path: str
    action: MediumAction
    size_bytes: int = 0
    destination: str | None = None

    @property
    def there(self) -> str:
        """Return the path at the destination."""
        return self.destination or self.path


Duties = tuple[media_duties.Duty, ...]


@dataclasses.dataclass(frozen=True)
class MediaChoices:
    """What becomes of all read-only content that is not shared.

    :ivar planned: in XML order
    :ivar duties: what the caller has to have brought over
    :ivar dropped: what libvirt takes out, as its startupPolicy says
    :ivar placed: by target, the place of a medium that is elsewhere there
    """

    planned: tuple[MediumChoice, ...] = ()
    duties: Duties = ()
    dropped: Duties = ()
    refused: tuple[refusals.Refusal, ...] = ()
    placed: collections.abc.Mapping[
        str, destination_places.DestinationPlace
    ] = dataclasses.field(default_factory=dict)

    @property
    def ejected(self) -> tuple[str, ...]:
        """Return the targets whose drives are empty at the destination."""
        return _ejected(self.planned)

    @property
    def copied(self) -> tuple[MediumChoice, ...]:
        """Return what is copied, each file of the destination once."""
        found = {
            each.there: each
            for each in self.planned
            if each.action is MediumAction.COPY
        }
        return tuple(found.values())


def choose(
    facts: case_facts.Facts,
    duties: Duties,
    dropped: Duties,
    copied: disk_strategy.Strategies = (),
) -> MediaChoices:
    """Choose for each duty, on the command line; nova brings its own over.

    What is there already stays with the caller. So does what cannot be told
    of, unless it is to be ejected: nothing is overwritten or copied for it.

    :param dropped: what the guest can go without, and goes without unless
        it is copied
    :param copied: the disks to copy, whose places no medium may have
    """
    if facts.prepared is not None or not facts.options.create_images:
        return MediaChoices(duties=duties, dropped=dropped)
    disks = {disk.target: disk for disk in facts.domain.disks}
    owners = _owners(facts, copied)
    planned: list[MediumChoice] = []
    placed: dict[str, destination_places.DestinationPlace] = {}
    refused: list[refusals.Refusal] = []
    settled: list[media_duties.Duty] = []
    for duty in sorted((*duties, *dropped), key=_in_order(facts.domain)):
        disk = disks[duty.target]
        medium = medium_copies.find(disk, duty.image, facts)
        found = _judge(disk, medium, facts, droppable=duty in dropped)
        if isinstance(found, MediumChoice):
            found = _without_owner(disk, found, owners)
        if isinstance(found, refusals.Refusal):
            refused.append(found)
        elif found is not None:
            settled.append(duty)
            planned.append(found)
            if found.destination is not None and medium.place is not None:
                placed[disk.target] = medium.place
    planned = _without_images_of_ejected(planned)
    ejected = _ejected(planned)
    settled += [duty for duty in duties if duty.target in ejected]
    return MediaChoices(
        tuple(planned),
        tuple(duty for duty in duties if duty not in settled),
        tuple(duty for duty in dropped if duty not in settled),
        tuple(refused),
        {k: place for k, place in placed.items() if k not in ejected},
    )


def _ejected(
    planned: collections.abc.Iterable[MediumChoice],
) -> tuple[str, ...]:
    return tuple(
        each.target for each in planned if each.action is MediumAction.EJECT
    )


def _without_images_of_ejected(
    planned: list[MediumChoice],
) -> list[MediumChoice]:
    """Leave one choice of a drive that is ejected for one of its images."""
    first: dict[str, MediumChoice] = {}
    for each in planned:
        if each.action is MediumAction.EJECT:
            first.setdefault(each.target, each)
    return [each for each in planned if first.get(each.target, each) is each]


def _judge(
    disk: domains.Disk,
    medium: medium_copies.MediumPlace,
    facts: case_facts.Facts,
    *,
    droppable: bool,
) -> MediumChoice | refusals.Refusal | None:
    """Choose for one medium.

    :returns: None where nothing is done about it
    """
    wanted = facts.options.media
    ejectable = wanted.eject and disk.device in _REMOVABLE
    ejected = MediumChoice(
        disk.target,
        medium_copies.path_of(disk.chain[0], facts.storage),
        MediumAction.EJECT,
    )
    there = medium.there if medium.place is not None else None
    if medium.proven:
        return MediumChoice(
            disk.target, medium.path, MediumAction.EXISTING, destination=there
        )
    if medium.lack is None:
        unknown = media_content.is_unknown(medium.path, facts.storage)
        return ejected if ejectable and unknown else None
    obstacle = medium_copies.obstacle(disk, medium, facts)
    if obstacle is None and wanted.copy:
        obstacle = medium_copies.no_room(medium, facts)
    if wanted.copy and obstacle is None:
        return MediumChoice(
            disk.target,
            medium.path,
            MediumAction.COPY,
            medium_copies.size(medium.path, facts.storage) or 0,
            there,
        )
    if droppable:
        return None
    if ejectable:
        return ejected
    return _refusal(disk, medium, obstacle, facts)


def _without_owner(
    disk: domains.Disk, choice: MediumChoice, owners: dict[str, str]
) -> MediumChoice | refusals.Refusal:
    """Refuse a medium that has its place where another image is made.

    A medium that is there already would be overwritten by that image.

    :param owners: target or path of a medium by path there; gets what is
        copied
    """
    if choice.action is MediumAction.EJECT:
        return choice
    there = storage_facts.tidy(choice.there)
    owner = owners.get(there, choice.path)
    if choice.action is MediumAction.COPY:
        owners[there] = owner
    if owner == choice.path:
        return choice
    return refusals.Refusal.of_disk(
        disk,
        disk_refusals.DiskRefusal.DUPLICATE_DESTINATION,
        f'{there} there is that of {owner}',
    )


def _owners(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> dict[str, str]:
    """List what is made at the destination for the disks: path -> target."""
    found: dict[str, str] = {}
    for each in copied:
        place = destination_places.of(each.disk, facts.storage, facts.options)
        if place.path:
            found[storage_facts.tidy(place.path)] = each.disk.target
    return found


def rooms(
    facts: case_facts.Facts, choices: MediaChoices
) -> collections.abc.Iterator[destination_space.SpaceNeeded]:
    """Add up what is copied into each directory."""
    sizes: dict[str, int] = {}
    for each in choices.copied:
        folder = posixpath.dirname(storage_facts.tidy(each.there))
        sizes[folder] = sizes.get(folder, 0) + each.size_bytes
    for folder, size in sizes.items():
        known = storage_facts.at(facts.storage.destination, folder)
        free = known.free_bytes if known else None
        yield destination_space.SpaceNeeded(folder, size, free)


def notes(choices: MediaChoices) -> collections.abc.Iterator[str]:
    """Note what the guest finds of an ejected medium."""
    for each in choices.planned:
        if each.action is MediumAction.EJECT:
            yield (
                f'{each.target}: {each.path} is not in the drive at the '
                'destination, even if the guest has locked its tray: where '
                'it has it mounted, unmount it first'
            )


def _in_order(
    domain: domains.Domain,
) -> collections.abc.Callable[[media_duties.Duty], int]:
    targets = [disk.target for disk in domain.disks]
    return lambda duty: targets.index(duty.target)


def _refusal(
    disk: domains.Disk,
    medium: medium_copies.MediumPlace,
    obstacle: medium_copies.Obstacle | None,
    facts: case_facts.Facts,
) -> refusals.Refusal:
    """Refuse a medium, and name what brings it over or does without it."""
    asked = facts.options.media.copy or bool(medium.lack or medium.no_pool)
    why = obstacle.why if obstacle and asked else ''
    if obstacle is None:
        remedy = 'have it copied there with --copy-media'
    else:
        remedy = obstacle.remedy
    if disk.device in _REMOVABLE:
        remedy = f'{remedy}, or {_EJECT}'
    return refusals.Refusal(
        disk.target,
        disk_refusals.DiskRefusal.CONTENT_MISSING,
        '; '.join(filter(None, (medium.lack, why))),
        medium.path,
        remedy,
    )
