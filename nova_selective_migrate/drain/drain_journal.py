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

"""The journal of a drain: JSON lines, by which a killed one continues.

A line is on the disk before what it announces is done. The last line of a
server says where it is. A line that a crash has cut off is not one.
"""

import collections.abc
import dataclasses
import json
import os
import typing
import urllib.parse

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.host.journal import file_locks

_VERSION = 1


@dataclasses.dataclass(frozen=True)
class DrainRecord:
    """A drain as a journal has it.

    :ivar id: a UUID
    :ivar started: in seconds since the epoch
    :ivar ended: None while it is not over
    """

    id: str
    host: str
    started: float
    moves: tuple[server_moves.ServerMove, ...] = ()
    ended: float | None = None


class DrainJournal:
    """The file of one host's drains; a context manager that locks it.

    :raises InvalidInput: when it is entered and another process has the
        lock, or the file cannot be opened
    """

    def __init__(self, path: str, host: str, locks: str) -> None:
        """Take where it is.

        :param locks: directory of the locks, one for each host
        """
        self._path = os.path.abspath(path)
        self._host = host
        name = urllib.parse.quote(host, safe='')
        self._lock = file_locks.FileLock(locks, f'drain-{name}')
        self._descriptor: int | None = None

    @property
    def path(self) -> str:
        """Return where it is."""
        return self._path

    def __enter__(self) -> 'DrainJournal':
        try:
            self._lock.take()
        except file_locks.Held as err:
            raise exceptions.InvalidInput(
                f'another drain of {self._host} runs here, as process '
                f'{err.process}'
            ) from err
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        self._lock.release()

    def begin(self, drain: DrainRecord) -> None:
        """Write that a drain begins.

        :raises JournalFailed: when it cannot be written
        """
        self._write(
            {
                'version': _VERSION,
                'drain': drain.id,
                'host': drain.host,
                'started': drain.started,
            }
        )
        for move in drain.moves:
            self.note(move)

    def note(self, move: server_moves.ServerMove) -> None:
        """Write where a server is.

        :raises JournalFailed: when it cannot be written
        """
        self._write({'move': move.tree()})

    def end(self, ended: float) -> None:
        """Write that the drain is over.

        :raises JournalFailed: when it cannot be written
        """
        self._write({'ended': ended})

    def latest(self) -> DrainRecord | None:
        """Return the latest drain; None where there is none.

        :raises JournalFailed: when the file cannot be read, or is no journal
            of this host
        """
        drain: DrainRecord | None = None
        moves: dict[str, server_moves.ServerMove] = {}
        for number, line in enumerate(self._lines(), start=1):
            where = f'{self._path}, line {number}'
            try:
                tree = json.loads(line)
                if 'drain' in tree:
                    moves = {}
                    drain = self._header(tree, where)
                elif drain is not None and 'move' in tree:
                    move = server_moves.read(tree['move'])
                    moves[move.server.uuid] = move
                elif drain is not None and 'ended' in tree:
                    drain = dataclasses.replace(
                        drain, ended=float(tree['ended'])
                    )
                else:
                    raise exceptions.JournalFailed('it is no line of a drain')
            except (
                TypeError,
                KeyError,
                ValueError,
                exceptions.JournalFailed,
            ) as err:
                raise exceptions.JournalFailed(f'{where}: {err}') from err
        if drain is None:
            return None
        return dataclasses.replace(drain, moves=tuple(moves.values()))

    def _header(
        self, tree: collections.abc.Mapping[str, typing.Any], where: str
    ) -> DrainRecord:
        if tree.get('version') != _VERSION:
            raise exceptions.JournalFailed('its version is not known here')
        if tree['host'] != self._host:
            raise exceptions.JournalFailed(
                f'it is of {tree["host"]}, not of {self._host}: name another '
                'file with --journal'
            )
        return DrainRecord(
            str(tree['drain']), tree['host'], float(tree['started'])
        )

    def _lines(self) -> list[str]:
        try:
            with open(self._path, encoding='utf-8') as file:
                return [line for line in file if line.endswith('\n')]
        except (OSError, ValueError) as err:
            raise exceptions.JournalFailed(f'{self._path}: {err}') from err

    def _open(self) -> None:
        """Open the file to append; a line that was cut off is taken away."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
            whole = sum(len(line.encode()) for line in self._lines())
            os.ftruncate(self._descriptor, whole)
            os.lseek(self._descriptor, 0, os.SEEK_END)
        except OSError as err:
            raise exceptions.InvalidInput(
                f'journal {self._path}: {err}'
            ) from err

    def _write(self, tree: collections.abc.Mapping[str, typing.Any]) -> None:
        if self._descriptor is None:
            raise exceptions.JournalFailed(f'{self._path} is not open')
        data = f'{json.dumps(tree)}\n'.encode()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)
        except OSError as err:
            raise exceptions.JournalFailed(f'{self._path}: {err}') from err
