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

"""Carry out a drain: call nova, follow, verify, try again.

One thread does all of it, and asks nova of what is on its way once in each
interval. nova stays the engine of every move.
"""

import bisect
import collections
import collections.abc
import contextlib
import dataclasses

from nova_selective_migrate.drain import destination_choices
from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_estimates
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import drain_plans
from nova_selective_migrate.drain import drain_tools
from nova_selective_migrate.drain import flight_budgets
from nova_selective_migrate.drain import move_endings
from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.drain import stop_requests

#: Between two looks at what is on its way.
POLL_SECONDS = 5.0
#: nova has set the task state of a server when its API answers, and makes the
#: record of the migration soon after.
SETTLE_SECONDS = 60.0
#: Servers that may overtake one for which no destination has room.
_LOOK_AHEAD = 16

_State = server_moves.MoveState


class DrainRun:
    """One run of a drain, from the first call until nothing is on its way."""

    def __init__(
        self,
        options: drain_options.DrainOptions,
        hosts: destination_choices.DestinationHosts,
        tools: drain_tools.DrainTools,
        *,
        aborts: bool = False,
    ) -> None:
        """Take what is asked.

        :param aborts: whether a stop aborts what is on its way
        """
        self._options = options
        self._hosts = hosts
        self._tools = tools
        self._nova = tools.nova
        self._aborts = aborts
        self._moves: dict[str, server_moves.ServerMove] = {}
        # What the moves say, so that nobody looks through all of them for it.
        self._waiting: list[server_moves.ServerMove] = []
        self._flights: dict[str, flight_budgets.Flight] = {}
        self._sent: collections.Counter[str] = collections.Counter()
        self._progress: dict[str, nova_port.MovedBytes | None] = {}
        self._doubtful: dict[str, float] = {}
        self._told = ''
        self._stop_told = False

    def run(
        self,
        moves: collections.abc.Iterable[server_moves.ServerMove],
        *,
        wait: bool = True,
    ) -> tuple[server_moves.ServerMove, ...]:
        """Move the servers that wait, and follow those on their way.

        :param wait: whether to stay until the last has ended
        :returns: all, as they are in the end
        :raises JournalFailed: when one cannot be written down
        """
        for move in moves:
            self._enter(move)
        started = self._tools.clock.now()
        while True:
            stopping = self._tools.stop.wish
            if stopping is stop_requests.StopWish.LEAVE:
                break
            for move in self._flying():
                self._try(self._follow, move)
            if stopping is stop_requests.StopWish.NONE:
                self._try(self._start_all)
            else:
                self._stop()
            self._tools.watcher.show(
                self._moves.values(),
                self._progress,
                self._tools.clock.now() - started,
            )
            if self._is_done(wait):
                break
            self._tools.clock.wait(POLL_SECONDS)
        return tuple(self._moves.values())

    def _stop(self) -> None:
        """Begin nothing more, and abort what is on its way where asked."""
        self._tell_stop()
        if self._aborts:
            for move in self._flying():
                self._try(self._abort, move)

    def _tell_stop(self) -> None:
        """Say once what the first signal does, and what the second would."""
        if self._stop_told:
            return
        self._stop_told = True
        what = 'is aborted' if self._aborts else 'goes on to its end'
        self._tools.watcher.tell(
            f'stopping: no other server is begun, what is on its way {what} '
            f'({len(self._flights)}); once more leaves that to nova'
        )

    def _is_done(self, wait: bool) -> bool:
        if self._tools.stop.wish is stop_requests.StopWish.NONE:
            return not self._waiting and not (wait and self._flights)
        return not self._flights

    def _try(
        self,
        part: collections.abc.Callable[..., None],
        *about: server_moves.ServerMove,
    ) -> None:
        """Do a part of the round; where nova does not answer, next time."""
        try:
            part(*about)
        except nova_port.NovaError as err:
            if str(err) != self._told:
                self._told = str(err)
                self._tools.watcher.tell(f'{err}. It is asked again')

    def _flying(self) -> list[server_moves.ServerMove]:
        return [self._moves[uuid] for uuid in self._flights]

    def _enter(self, move: server_moves.ServerMove) -> None:
        """Put a move where it belongs, in place of what it was."""
        uuid = move.server.uuid
        former = self._moves.get(uuid)
        if former is not None and former.state is _State.WAITING:
            self._waiting.remove(former)
        self._moves[uuid] = move
        if move.state is _State.WAITING:
            bisect.insort(self._waiting, move, key=_turn)
        if move.flies:
            self._flights[uuid] = destination_choices.flight(move)
        else:
            self._flights.pop(uuid, None)
        if move.state is _State.MOVED and move.destination:
            self._sent[move.destination] += move.bytes or 0

    def _keep(self, move: server_moves.ServerMove) -> None:
        """Write a move down, then believe it."""
        if move != self._moves.get(move.server.uuid):
            self._tools.notes.note(move)
            self._enter(move)

    # What waits.

    def _start_all(self) -> None:
        budget = self._options.budget
        passed = 0
        for move in [*self._waiting]:
            flights = self._flights.values()
            if not budget.leaves(flights, move.bytes):
                return
            choice = destination_choices.choose(
                move, self._hosts, flights, self._sent, budget
            )
            if choice is not None:
                self._start(move, choice)
            elif (passed := passed + 1) >= _LOOK_AHEAD:
                return

    def _start(
        self,
        move: server_moves.ServerMove,
        choice: destination_choices.DestinationChoice,
    ) -> None:
        uuid = move.server.uuid
        server = self._nova.server(uuid)
        if server is None or server.host != self._options.host:
            where = 'deleted' if server is None else f'moved to {server.host}'
            self._keep(
                move.to(_State.GONE, why=f'it has been {where} meanwhile')
            )
            return
        if blocked := drain_blockers.of_server(server):
            self._keep(move.to(_State.BLOCKED, blocked=(blocked,)))
            return
        records = self._nova.migrations(uuid)
        called = move.to(
            _State.CALLED,
            server=server,
            attempts=move.attempts + 1,
            destination=choice.host,
            named=choice.host is not None and self._hosts.target is None,
            before=max((each.id for each in records), default=0),
            called=self._tools.clock.now(),
            volumes=self._nova.attachments(uuid),
            blocked=(),
            why='',
        )
        self._keep(called)
        try:
            request = self._nova.live_migrate(uuid, choice.host)
        except nova_port.NovaRefused as err:
            self._end(called.to(_State.NOT_MOVED, why=str(err)))
            return
        self._keep(called.to(_State.CALLED, request=request))

    # What is on its way.

    def _follow(self, move: server_moves.ServerMove) -> None:
        uuid = move.server.uuid
        records = self._nova.migrations(uuid)
        made = [each for each in records if each.id > move.before]
        if not made:
            self._look_for_a_call(move)
            return
        # The first after the call is its own: the server is busy till then.
        record = min(made, key=lambda each: each.id)
        destination = record.destination or move.destination
        if record.is_final:
            self._settle(
                dataclasses.replace(
                    move, migration=record.id, destination=destination
                ),
                record,
            )
            return
        if (move.migration, move.destination) != (record.id, destination):
            self._keep(
                move.to(
                    _State.MIGRATING,
                    migration=record.id,
                    destination=destination,
                )
            )
        self._progress[uuid] = drain_estimates.furthest(
            self._progress.get(uuid), self._nova.moved_bytes(uuid, record.id)
        )

    def _look_for_a_call(self, move: server_moves.ServerMove) -> None:
        """End a call of which nova has made no migration."""
        if self._tools.clock.now() - move.called < SETTLE_SECONDS:
            return
        server = self._nova.server(move.server.uuid)
        if server is None:
            self._end(move.to(_State.GONE, why='the server has been deleted'))
        elif server.task is not None:
            return
        elif server.host == self._options.host and (
            server.status == move.server.status
        ):
            events = self._nova.failed_events(server.uuid, move.request)
            words = '; '.join(each.message for each in events)
            self._end(
                move.to(
                    _State.NOT_MOVED,
                    why=words or 'nova has made no migration of the call',
                )
            )
        else:
            self._end(
                move.to(
                    _State.UNKNOWN,
                    why=f'there is no record of its migration, and it is '
                    f'{server.status} on {server.host}',
                )
            )

    def _settle(
        self,
        move: server_moves.ServerMove,
        record: nova_port.LiveMigrationRecord,
    ) -> None:
        """Verify where a server is whose migration has ended."""
        uuid = move.server.uuid
        server = self._nova.server(uuid)
        now = self._tools.clock.now()
        since = self._doubtful.setdefault(uuid, now)
        if server is not None and server.task is not None:
            return
        events: tuple[nova_port.FailedEvent, ...] = ()
        if record.status != 'completed' and server is not None:
            events = self._nova.failed_events(uuid, move.request)
        volumes = self._nova.attachments(uuid) if server else frozenset()
        ended = move_endings.judge(move, record, server, volumes, events)
        if ended.state is _State.UNKNOWN and now - since < SETTLE_SECONDS:
            # nova writes record and server one after the other.
            return
        self._end(ended)

    def _end(self, move: server_moves.ServerMove) -> None:
        """Keep how a move ended, and have it tried again where it may be."""
        uuid = move.server.uuid
        self._progress.pop(uuid, None)
        self._doubtful.pop(uuid, None)
        self._tell(move)
        move = move.with_ended_attempt(self._tools.clock.now())
        avoided = {*move.avoided, move.destination}
        again = move.again(
            self._options.attempts,
            elsewhere=self._hosts.target is None
            and bool(self._hosts.hosts - avoided),
        )
        # One line: killed between two, a drain would not try it again.
        self._keep(again or move)

    def _tell(self, move: server_moves.ServerMove) -> None:
        if move.state is _State.MOVED:
            return
        reasons = [f'[{each.code}] {each.message}' for each in move.blocked]
        about = '; '.join(filter(None, [move.why, *reasons]))
        server = move.server
        self._tools.watcher.tell(
            f'{server.name} ({server.uuid}): {move.state.value}: {about}'
        )

    def _abort(self, move: server_moves.ServerMove) -> None:
        if move.migration is None:
            return
        # It has just ended, or has not begun: the next look tells.
        with contextlib.suppress(nova_port.NovaRefused):
            self._nova.abort(move.server.uuid, move.migration)


def _turn(
    move: server_moves.ServerMove,
) -> tuple[int, bool, int, str, str]:
    """Return the key of the order in which those that wait are called."""
    return (move.attempts, *drain_plans.order(move))
