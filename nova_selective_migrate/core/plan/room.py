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

"""Hold what a plan brings to the destination against its free room."""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import preparation
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import duty as duty_


@dataclasses.dataclass(frozen=True)
class Room:
    """Bytes that a directory's file system must take, and has free.

    :ivar free: None where it is not known
    """

    directory: str
    needed: int
    free: int | None

    @property
    def lacks(self) -> bool:
        """Tell whether it is known to be too little."""
        return self.free is not None and self.needed > self.free

    def __str__(self) -> str:
        return (
            f'{self.directory} needs {self.needed} bytes '
            f'({_mebibytes(self.needed)}) and has {self.free} bytes '
            f'({_mebibytes(self.free or 0)}) free'
        )


def measure(
    prepared: preparation.Preparation,
    copied: collections.abc.Iterable[tuple[model.Disk, int]],
    duties: collections.abc.Iterable[duty_.Duty],
    storage: storage_.Storage,
) -> Room:
    """Add up what will be written for a guest.

    :param copied: the disks to copy with the bytes that a copy moves
    :param duties: read-only content that is brought over
    """
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
    return Room(prepared.directory, needed, free)


def _allocated(storage: storage_.Storage, path: str) -> int:
    here = storage.source.get(path)
    return (here.allocated_bytes or 0) if here else 0


def _mebibytes(size: int) -> str:
    return f'{size / 2**20:.1f} MiB'
