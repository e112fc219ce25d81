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
from nova_selective_migrate.core.decision import destination_space
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.evidence import media_content
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_MIB = 2**20
_EJECT = 'take the medium out of its drive there with --eject-media'
_BY_HAND = 'copy it to the same path there yourself'
_REMOVABLE = (domains.DiskDevice.CDROM, domains.DiskDevice.FLOPPY)


class MediumAction(enum.Enum):
    """What becomes of a medium that the destination lacks."""

    COPY = 'copy'
    EJECT = 'eject'


@dataclasses.dataclass(frozen=True)
class MediumChoice:
    """A medium that is copied before the call, or ejected by it.

    :ivar path: of the file, the same on both hosts
    :ivar size_bytes: what is copied; 0 where nothing is
    """

    target: str
    path: str
    action: MediumAction
    size_bytes: int = 0


Duties = tuple[media_duties.Duty, ...]


@dataclasses.dataclass(frozen=True)
class MediaChoices:
    """What becomes of all read-only content that is not shared.

    :ivar planned: in XML order
    :ivar duties: what the caller has to have brought over
    :ivar dropped: what libvirt takes out, as its startupPolicy says
    """

    planned: tuple[MediumChoice, ...] = ()
    duties: Duties = ()
    dropped: Duties = ()
    refused: tuple[refusals.Refusal, ...] = ()

    @property
    def ejected(self) -> tuple[str, ...]:
        """Return the targets whose drives are empty at the destination."""
        return tuple(
            each.target
            for each in self.planned
            if each.action is MediumAction.EJECT
        )

    @property
    def copied(self) -> dict[str, int]:
        """Return path -> bytes of what is copied, each file once."""
        return {
            each.path: each.size_bytes
            for each in self.planned
            if each.action is MediumAction.COPY
        }


def choose(
    facts: case_facts.Facts, duties: Duties, dropped: Duties
) -> MediaChoices:
    """Choose for each duty, on the command line; nova brings its own over.

    What is there already stays with the caller. So does what cannot be told
    of, unless it is to be ejected: nothing is overwritten or copied for it.

    :param dropped: what the guest can go without, and goes without unless
        it is copied
    """
    if facts.prepared is not None or not facts.options.create_images:
        return MediaChoices(duties=duties, dropped=dropped)
    wanted = facts.options.media
    disks = {disk.target: disk for disk in facts.domain.disks}
    planned: list[MediumChoice] = []
    refused: list[refusals.Refusal] = []
    for duty in sorted((*duties, *dropped), key=_in_order(facts.domain)):
        disk = disks[duty.target]
        path = _path(disk, facts.storage) or duty.path
        lack = media_content.lack(path, facts.storage)
        ejectable = wanted.eject and disk.device in _REMOVABLE
        if lack is None:
            if ejectable and media_content.is_unknown(path, facts.storage):
                planned.append(_ejected(duty, path))
            continue
        why, remedy = _no_copy(disk, path, lack, facts)
        if not why and wanted.copy:
            why, remedy = _no_room(path, facts)
        if wanted.copy and not why:
            size = _size(path, facts.storage) or 0
            copy = MediumAction.COPY
            planned.append(MediumChoice(duty.target, path, copy, size))
        elif ejectable and duty not in dropped:
            planned.append(_ejected(duty, path))
        elif duty not in dropped:
            refused.append(_refusal(disk, path, lack, why, remedy, facts))
    settled = {choice.target for choice in planned}
    return MediaChoices(
        tuple(planned),
        tuple(duty for duty in duties if duty.target not in settled),
        tuple(duty for duty in dropped if duty.target not in settled),
        tuple(refused),
    )


def _ejected(duty: media_duties.Duty, path: str) -> MediumChoice:
    return MediumChoice(duty.target, path, MediumAction.EJECT)


def rooms(
    facts: case_facts.Facts, choices: MediaChoices
) -> collections.abc.Iterator[destination_space.SpaceNeeded]:
    """Add up what is copied into each directory."""
    sizes: dict[str, int] = {}
    for path, size in choices.copied.items():
        folder = posixpath.dirname(storage_facts.tidy(path))
        sizes[folder] = sizes.get(folder, 0) + size
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


def _path(disk: domains.Disk, storage: storage_facts.Storage) -> str | None:
    place = pool_facts.in_pool(disk.chain[0], storage.pools)
    return place.path if place else None


def _size(path: str, storage: storage_facts.Storage) -> int | None:
    here = storage_facts.at(storage.source, path)
    return here.virtual_bytes if here else None


def _no_copy(
    disk: domains.Disk, path: str, lack: str, facts: case_facts.Facts
) -> tuple[str, str]:
    """Say why a medium cannot be copied, and what to do; '' where it can.

    What is at its path at the destination is never overwritten.
    """
    storage = facts.storage
    if lack:
        known = storage_facts.at(storage.destination, path)
        user = known.used_by if known else None
        if user:
            return (
                f'the domain {user} uses it there',
                'leave that one alone and give the medium a path of its own',
            )
        return (
            'what is there is never overwritten',
            'look whose it is, move it away where nothing needs it, and '
            'migrate with --copy-media',
        )
    source = disk.chain[0]
    here = storage_facts.at(storage.source, path)
    kind = here.kind if here else None
    place = pool_facts.in_pool(source, storage.pools)
    file = domains.SourceType.FILE
    if (
        place is None
        or place.type is not file
        or kind
        not in (
            None,
            storage_facts.PathKind.FILE,
        )
    ):
        return 'it is no file', f'{_BY_HAND}, or detach it'
    if len(disk.chain) > 1 or (source.format or 'raw') != 'raw':
        return f'it is {source.format}: raw files alone are copied', _BY_HAND
    if source.encrypted or source.data_file:
        return 'it is encrypted', _BY_HAND
    if _is_written(path, facts):
        return 'another disk of the guest is the same file', 'detach one'
    return '', ''


def _no_room(path: str, facts: case_facts.Facts) -> tuple[str, str]:
    """Say why a medium finds no place, and what to do; '' where it does."""
    size = _size(path, facts.storage)
    if size is None:
        return 'its size is not known', _BY_HAND
    if size > facts.options.media.limit_bytes:
        most = facts.options.media.limit_bytes // _MIB
        return (
            f'it has {-(-size // _MIB)} MiB, of which at most {most} are '
            'copied',
            f'allow more with --copy-media-limit, or {_BY_HAND}',
        )
    folder = posixpath.dirname(storage_facts.tidy(path))
    seen = storage_facts.at(facts.storage.destination, folder)
    if seen is None or seen.exists is None:
        return f'whether {folder} is there could not be told', _BY_HAND
    if not seen.exists:
        return f'{folder} is not there', f'make {folder} there'
    return '', ''


def _is_written(path: str, facts: case_facts.Facts) -> bool:
    """Return whether a disk that the guest writes to has a path."""
    return any(
        disk.writable and disk.source and _path(disk, facts.storage) == path
        for disk in facts.domain.disks
    )


def _refusal(
    disk: domains.Disk,
    path: str,
    lack: str,
    why: str,
    remedy: str,
    facts: case_facts.Facts,
) -> refusals.Refusal:
    """Refuse a medium, and name what brings it over or does without it."""
    asked = facts.options.media.copy or bool(lack)
    detail = '; '.join(filter(None, (lack, why if asked else '')))
    if not why:
        remedy = 'have it copied there with --copy-media'
    if disk.device in _REMOVABLE:
        remedy = f'{remedy}, or {_EJECT}'
    return refusals.Refusal(
        disk.target,
        disk_refusals.DiskRefusal.CONTENT_MISSING,
        detail,
        path,
        remedy,
    )
