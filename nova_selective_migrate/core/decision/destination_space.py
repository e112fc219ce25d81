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

"""The bytes that a migration needs at the destination, and those free."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.decision import nova_volumes
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts


@dataclasses.dataclass(frozen=True)
class SpaceNeeded:
    """The bytes needed and free on the file system of a directory.

    :ivar free: None where it is not known
    """

    directory: str
    needed: int
    free: int | None

    @property
    def lacks(self) -> bool:
        """Return whether the free space is known to be too little."""
        return self.free is not None and self.needed > self.free

    def __str__(self) -> str:
        return (
            f'{self.directory} needs {self.needed} bytes '
            f'({_mebibytes(self.needed)}) and has {self.free} bytes '
            f'({_mebibytes(self.free or 0)}) free'
        )


def space_needed(
    prepared: migration_options.Preparation,
    copied: collections.abc.Sequence[tuple[domains.Disk, int]],
    duties: collections.abc.Iterable[media_duties.Duty],
    storage: storage_facts.Storage,
) -> tuple[SpaceNeeded, ...]:
    """Add up the bytes that will be written for a guest, by place.

    :param copied: the disks to copy with the bytes that a copy moves
    :param duties: read-only content that is brought over
    """
    volumes = [
        disk
        for disk, _ in copied
        if nova_volumes.is_made_in_group(disk, prepared)
    ]
    files = [each for each in copied if each[0] not in volumes]
    in_files = _in_files(prepared, files, duties, storage)
    if not volumes:
        return (in_files,)
    group = prepared.destination_group
    there = storage.destination.get(nova_volumes.directory(group))
    in_group = SpaceNeeded(
        f'the volume group {group}',
        nova_volumes.bytes_needed(volumes, storage),
        there.free_bytes if there else None,
    )
    return in_files, in_group


def _in_files(
    prepared: migration_options.Preparation,
    copied: collections.abc.Iterable[tuple[domains.Disk, int]],
    duties: collections.abc.Iterable[media_duties.Duty],
    storage: storage_facts.Storage,
) -> SpaceNeeded:
    needed = prepared.fetched_bytes
    bases: set[str] = set()
    for disk, moved in copied:
        needed += moved
        bases.update(image.path for image in disk.backing if image.path)
    for path in bases:
        there = storage.destination.get(path)
        if there is not None and there.exists is False and there.content:
            needed += _allocated(storage, path)
    needed += sum(_allocated(storage, duty.path) for duty in duties)
    known = storage.destination.get(prepared.directory)
    free = known.free_bytes if known else None
    return SpaceNeeded(prepared.directory, needed, free)


def _allocated(storage: storage_facts.Storage, path: str) -> int:
    here = storage.source.get(path)
    return (here.allocated_bytes or 0) if here else 0


def _mebibytes(size: int) -> str:
    return f'{size / 2**20:.1f} MiB'
