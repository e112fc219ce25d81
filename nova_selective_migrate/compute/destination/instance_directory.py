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

"""Prove which instance directory is ours, and remove no other.

The same path can lead to another directory later. Files are therefore known
by device and inode, and are looked at and removed through the descriptor of
a directory that was opened without following a symbolic link. On a file
system that is shared with another host this proves nothing; callers must not
ask for it there.
"""

import collections.abc
import contextlib
import dataclasses
import fcntl
import os
import stat
import sys
import typing

from nova_selective_migrate import exceptions

# FS_IOC_GETVERSION on 64 bits; on other machines it fails.
_GET_VERSION = 0x80087601
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

#: Tells by the name whether a file that the proof lacks is ours.
Known = collections.abc.Callable[[str], bool]


@dataclasses.dataclass(frozen=True)
class EntryFacts:
    """What lstat says of a directory or of an entry in one.

    :ivar changed_ns: time of the last change, for a person who looks
    """

    device: int
    inode: int
    mode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> 'EntryFacts':
        """Return the facts of a stat result."""
        return cls(
            found.st_dev,
            found.st_ino,
            stat.S_IFMT(found.st_mode),
            found.st_size,
            found.st_ctime_ns,
        )

    def same(self, other: 'EntryFacts') -> bool:
        """Tell whether both are the same file; its size may differ."""
        mine = (self.device, self.inode, self.mode)
        return mine == (other.device, other.inode, other.mode)

    @property
    def is_file(self) -> bool:
        """Tell whether it is a regular file."""
        return stat.S_ISREG(self.mode)


@dataclasses.dataclass(frozen=True)
class DirectoryProof:
    """A directory of ours and the entries in it.

    :ivar generation: of the directory's inode; differs where its number is
        used again. None on a file system without generations
    """

    directory: EntryFacts
    generation: int | None
    entries: collections.abc.Mapping[str, EntryFacts]

    def to_json(self) -> dict[str, typing.Any]:
        """Return what `from_json` takes."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, tree: dict[str, typing.Any]) -> 'DirectoryProof':
        """Read what `to_json` returned.

        :raises TypeError, KeyError: when it is something else
        """
        return cls(
            EntryFacts(**tree['directory']),
            tree['generation'],
            {n: EntryFacts(**facts) for n, facts in tree['entries'].items()},
        )


def prove(top: str, path: str) -> DirectoryProof:
    """Return the proof of a directory of ours as it is now.

    :param top: a directory above it, below which no link is followed
    :raises NotOurs: when a link leads to it, or it is no directory
    """
    with _opened(top, path) as place:
        return DirectoryProof(place.facts, place.generation, place.entries())


def check(top: str, path: str, proof: DirectoryProof, known: Known) -> None:
    """Assert that a directory and all that is in it is ours.

    :param known: tells whether an entry that the proof lacks is ours
    :raises NotOurs: naming what is not
    """
    with _opened(top, path) as place:
        place.check(proof, known)


def remove(
    top: str, path: str, proof: DirectoryProof, known: Known
) -> tuple[str, ...]:
    """Remove a directory of ours with all that is in it, or nothing.

    :returns: the names of the entries that it had
    :raises NotOurs: naming what is not ours; nothing is removed then
    """
    with _opened(top, path) as place:
        entries = place.check(proof, known)
        for name, facts in entries.items():
            # It may have been replaced since the check.
            if not place.look(name).same(facts):
                raise exceptions.NotOurs(
                    f'{os.path.join(path, name)} was replaced meanwhile'
                )
            os.unlink(name, dir_fd=place.descriptor)
        above = os.stat(place.name, dir_fd=place.above, follow_symlinks=False)
        if not EntryFacts.of(above).same(proof.directory):
            raise exceptions.NotOurs(f'{path} was replaced meanwhile')
        os.rmdir(place.name, dir_fd=place.above)
    return tuple(entries)


@dataclasses.dataclass(frozen=True)
class _Place:
    """An open directory, and the one that it is in."""

    path: str
    name: str
    above: int
    descriptor: int

    @property
    def facts(self) -> EntryFacts:
        return EntryFacts.of(os.fstat(self.descriptor))

    @property
    def generation(self) -> int | None:
        try:
            told = fcntl.ioctl(self.descriptor, _GET_VERSION, bytes(8))
        except OSError:
            return None
        return int.from_bytes(told[:4], sys.byteorder)

    def look(self, name: str) -> EntryFacts:
        found = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        return EntryFacts.of(found)

    def entries(self) -> dict[str, EntryFacts]:
        return {n: self.look(n) for n in sorted(os.listdir(self.descriptor))}

    def check(
        self, proof: DirectoryProof, known: Known
    ) -> dict[str, EntryFacts]:
        same = self.facts.same(proof.directory)
        if not same or proof.generation not in (None, self.generation):
            raise exceptions.NotOurs(
                f'{self.path} is another directory than the one that was made'
            )
        entries = self.entries()
        foreign = [
            name
            for name, facts in entries.items()
            if not (facts.is_file and _ours(name, facts, proof, known))
        ]
        if foreign:
            raise exceptions.NotOurs(
                f'{self.path} has what was not made for it: '
                f'{", ".join(foreign)}'
            )
        return entries


def _ours(
    name: str, facts: EntryFacts, proof: DirectoryProof, known: Known
) -> bool:
    noted = proof.entries.get(name)
    return facts.same(noted) if noted is not None else known(name)


@contextlib.contextmanager
def _opened(top: str, path: str) -> collections.abc.Iterator[_Place]:
    """Open a directory step by step, following no link below the top."""
    parts = os.path.relpath(path, top).split(os.sep)
    if not {os.curdir, os.pardir}.isdisjoint(parts):
        raise exceptions.NotOurs(f'{path} is not below {top}')
    with contextlib.ExitStack() as stack:
        try:
            # The operator may have made the top itself a link.
            steps = [os.open(top, _DIRECTORY & ~os.O_NOFOLLOW)]
            stack.callback(os.close, steps[-1])
            for part in parts:
                steps.append(os.open(part, _DIRECTORY, dir_fd=steps[-1]))
                stack.callback(os.close, steps[-1])
            yield _Place(path, parts[-1], steps[-2], steps[-1])
        except OSError as err:
            raise exceptions.NotOurs(f'{path}: {err}') from err
