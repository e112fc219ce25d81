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

"""A directory of entries: one file each, named by a UUID.

A file is written whole or not at all, and is on the disk when `write`
returns: the next process finds in it what this one did not finish.
"""

import collections.abc
import contextlib
import json
import os
import typing
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import file_locks

_VERSION = 1
_SUFFIX = '.json'

Tree = dict[str, typing.Any]
_Entry = typing.TypeVar('_Entry')


class JournalEntries:
    """The entries of one kind; a thread writes of its own UUID alone."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def write(self, name: str, entry: Tree) -> None:
        """Write the entry of a UUID, in place of an earlier one.

        :raises JournalFailed: when it cannot be written
        """
        path = self.path(name)
        with _journal_failures(path):
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            text = json.dumps({'version': _VERSION, **entry}, indent=1)
            _write_whole(path, text)
            _sync(self._directory)

    def read(self, name: str) -> Tree | None:
        """Read the entry of a UUID; None where there is none.

        :raises JournalFailed: when it cannot be read, or is no entry
        """
        path = self.path(name)
        with _journal_failures(path):
            try:
                with open(path, encoding='utf-8') as file:
                    tree = json.load(file)
            except FileNotFoundError:
                return None
        if not isinstance(tree, dict) or tree.pop('version', 0) != _VERSION:
            raise exceptions.JournalFailed(
                f'{path} is not an entry of a version that is known here'
            )
        return tree

    def read_as(
        self,
        name: str,
        parse: collections.abc.Callable[[Tree], _Entry],
        kind: str,
    ) -> _Entry | None:
        """Read and parse the entry of a UUID; None where there is none.

        :param parse: makes it of the tree; what it raises for a wrong one
            is told
        :param kind: what it should be, for the message
        :raises JournalFailed: when it cannot be read, or is no such entry
        """
        tree = self.read(name)
        if tree is None:
            return None
        try:
            return parse(tree)
        except (TypeError, KeyError, ValueError, AttributeError) as err:
            raise exceptions.JournalFailed(
                f'{self.path(name)} is no {kind}: {err!r}'
            ) from err

    def drop(self, name: str) -> None:
        """Remove the entry of a UUID, where there is one.

        :raises JournalFailed: when it cannot be removed
        """
        path = self.path(name)
        with _journal_failures(path), contextlib.suppress(FileNotFoundError):
            os.unlink(path)
            _sync(self._directory)

    def names(self) -> list[str]:
        """List the UUIDs that have an entry.

        :raises JournalFailed: when the directory cannot be read
        """
        with _journal_failures(self._directory):
            try:
                names = os.listdir(self._directory)
            except FileNotFoundError:
                return []
        stems = (n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX))
        return sorted(stem for stem in stems if _is_uuid(stem))

    def lock(self, name: str) -> file_locks.FileLock:
        """Return the lock of a UUID, which ends with who takes it.

        :raises JournalFailed: when that is no UUID
        """
        self.path(name)
        return file_locks.FileLock(self._directory, name)

    def path(self, name: str) -> str:
        """Return where the entry of a UUID is.

        :raises JournalFailed: when that is no UUID but a way elsewhere
        """
        if not _is_uuid(name):
            raise exceptions.JournalFailed(f'{name!r} is no UUID')
        return os.path.join(self._directory, f'{name}{_SUFFIX}')


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _write_whole(path: str, text: str) -> None:
    temporary = f'{path}.new'
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)  # of a process that ended while it wrote
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)


def _sync(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _journal_failures(path: str) -> collections.abc.Iterator[None]:
    try:
        yield
    except (OSError, RecursionError, ValueError) as err:
        raise exceptions.JournalFailed(f'journal {path}: {err}') from err
