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

"""What a drain has done: as JSON, as a table's rows, and its exit code."""

import collections
import dataclasses
import datetime
import typing

from nova_selective_migrate.drain import server_moves

_State = server_moves.MoveState

COLUMNS = ('Id', 'Server UUID', 'Source Compute', 'Dest Compute', 'Status')
LONG_COLUMNS = ('Name', 'Bytes', 'Attempts', 'Reason', 'Failed Attempts')


@dataclasses.dataclass(frozen=True)
class DrainReport:
    """A drain, or the plan of one.

    :ivar id: of the drain; empty for a dry run
    :ivar started: seconds since the epoch, as is ended
    :ivar ended: None while it goes on
    """

    id: str
    host: str
    started: float
    ended: float | None
    moves: tuple[server_moves.ServerMove, ...]
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 5, 4, 3 or 0, the first that fits.

        5: where a server is is not known. 4: one has not moved. 3: one
        cannot move. 0: each has moved, is on its way, or could move.
        """
        states = {move.state for move in self.moves}
        if _State.UNKNOWN in states:
            return 5
        if states & {_State.NOT_MOVED, _State.ABORTED}:
            return 4
        if states & {_State.BLOCKED, _State.REFUSED}:
            return 3
        return 0

    def of_moves(
        self, moves: tuple[server_moves.ServerMove, ...]
    ) -> 'DrainReport':
        """Return the report of these moves."""
        return dataclasses.replace(self, moves=moves)

    def of_drain(
        self,
        drain: str,
        started: float,
        ended: float,
        moves: tuple[server_moves.ServerMove, ...],
    ) -> 'DrainReport':
        """Return the report of a drain that was carried out."""
        return dataclasses.replace(
            self, id=drain, started=started, ended=ended, moves=moves
        )

    def rows(self, *, long: bool) -> list[tuple[typing.Any, ...]]:
        """Return a row for each server, in the order of the columns."""
        return [self._row(move, long) for move in self.moves]

    def _row(
        self, move: server_moves.ServerMove, long: bool
    ) -> tuple[typing.Any, ...]:
        row = (
            move.migration,
            move.server.uuid,
            self.host,
            move.destination,
            move.state.value,
        )
        if not long:
            return row
        name = move.server.name
        return (
            *row,
            name,
            move.bytes,
            move.attempts,
            reason(move),
            '\n'.join(failed_attempts(move)),
        )

    def tree(self) -> dict[str, typing.Any]:
        """Return it as JSON's types; the field names are a contract."""
        counts = collections.Counter(m.state.value for m in self.moves)
        return {
            'drain': self.id or None,
            'host': self.host,
            'started': _moment(self.started),
            'ended': _moment(self.ended),
            'seconds': None
            if self.ended is None
            else round(self.ended - self.started, 1),
            'servers': [_server(move) for move in self.moves],
            'totals': {
                'servers': len(self.moves),
                'left_out': self.left_out,
                'bytes': sum(move.bytes or 0 for move in self.moves),
                'states': dict(sorted(counts.items())),
            },
            'notes': list(self.notes),
        }


def reason(
    move: server_moves.ServerMove | server_moves.EndedAttempt,
) -> str:
    """Return why a server is not moved: codes, or a sentence."""
    codes = dict.fromkeys(each.code for each in move.blocked)
    return ', '.join(codes) or move.why


def failed_attempts(move: server_moves.ServerMove) -> list[str]:
    """Return a line for each call that did not move the server."""
    return [
        f'{each.number}: {each.state.value} to {each.destination or "-"}: '
        f'{reason(each)}'
        for each in move.ended_attempts
        if each.state is not _State.MOVED
    ]


def _server(move: server_moves.ServerMove) -> dict[str, typing.Any]:
    return {
        'id': move.migration,
        'uuid': move.server.uuid,
        'name': move.server.name,
        'project': move.server.project,
        'destination': move.destination,
        'status': move.state.value,
        'bytes': move.bytes,
        'attempts': move.attempts,
        'why': move.why or None,
        'reasons': _reasons(move),
        'ended_attempts': [
            {
                'attempt': each.number,
                'id': each.migration,
                'destination': each.destination,
                'status': each.state.value,
                'called': _moment(each.called),
                'ended': _moment(each.ended),
                'why': each.why or None,
                'reasons': _reasons(each),
            }
            for each in move.ended_attempts
        ],
    }


def _reasons(
    move: server_moves.ServerMove | server_moves.EndedAttempt,
) -> list[dict[str, str]]:
    return [
        {'reason': each.code, 'message': each.message} for each in move.blocked
    ]


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    found = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return found.isoformat(timespec='seconds')
