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

"""A drain on a terminal: one line a server and a total, or plain lines."""

import collections.abc
import contextlib
import os
import typing

from rich import console
from rich import live
from rich import progress_bar
from rich import table

from nova_selective_migrate.cli import audit_table
from nova_selective_migrate.cli import terminal
from nova_selective_migrate.drain import drain_estimates
from nova_selective_migrate.drain import drain_tools
from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves

Moves = collections.abc.Collection[server_moves.ServerMove]
Progress = collections.abc.Mapping[str, nova_port.MovedBytes | None]

_BAR = 20
# The total, and the cursor's line.
_OTHER_LINES = 3
#: Between two totals where there is no terminal.
_LINE_SECONDS = 60.0


def display(stream: typing.TextIO) -> drain_tools.DrainWatcher:
    """Return what shows a drain on this stream."""
    asked = os.environ.get('NO_COLOR') or os.environ.get('TERM') == 'dumb'
    if asked or not stream.isatty():
        return DrainLines(stream)
    return DrainBars(stream)


def total(moves: Moves, progress: Progress, seconds: float) -> str:
    """Write the line of the total."""
    found = drain_estimates.estimate(moves, progress, seconds)
    line = f'{found.over} of {found.servers} servers'
    if found.total_bytes:
        line += (
            f', {terminal.human_size(found.bytes)} of at most '
            f'{terminal.human_size(found.total_bytes)}'
        )
    if found.eta_seconds is not None and found.over < found.servers:
        line += f', {audit_table.duration(found.eta_seconds)} left'
    return line


class DrainLines:
    """A line for each change of a server, and a total now and then."""

    def __init__(self, stream: typing.TextIO) -> None:
        self._stream = stream
        self._states: dict[str, server_moves.MoveState] = {}
        self._last = 0.0

    def show(self, moves: Moves, progress: Progress, seconds: float) -> None:
        """Print what has changed."""
        for move in moves:
            before = self._states.get(move.server.uuid)
            self._states[move.server.uuid] = move.state
            if before is not move.state and move.attempts:
                self.tell(_line(move))
        if seconds - self._last >= _LINE_SECONDS:
            self._last = seconds
            self.tell(total(moves, progress, seconds))

    def tell(self, words: str) -> None:
        """Print a sentence."""
        # The reader may have gone; the drain is carried out to its end.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(f'{words}\n')
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: what is printed stays."""


class DrainBars:
    """Lines that are drawn over each other; what is over stands above."""

    def __init__(self, stream: typing.TextIO) -> None:
        # What a server is called is its user's choice, and no markup.
        self._console = console.Console(
            file=stream,
            force_terminal=True,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._live: live.Live | None = None
        self._moved: set[str] = set()

    def show(self, moves: Moves, progress: Progress, seconds: float) -> None:
        """Draw what is on its way, and the total."""
        if self._live is None:
            self._live = live.Live(console=self._console, auto_refresh=False)
            self._live.start()
            self._console.show_cursor(True)
        for move in moves:
            uuid = move.server.uuid
            is_new = uuid not in self._moved
            if move.state is server_moves.MoveState.MOVED and is_new:
                self._moved.add(uuid)
                self.tell(_line(move))
        flying = [move for move in moves if move.flies]
        room = max(self._console.height - _OTHER_LINES, 1)
        shown = console.Group(
            _bars(flying[:room], progress),
            total(moves, progress, seconds),
        )
        self._live.update(shown, refresh=True)
        if not flying:
            self.close()

    def tell(self, words: str) -> None:
        """Print a sentence above."""
        self._console.print(words, soft_wrap=True)

    def close(self) -> None:
        """Leave the lines as they are."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _line(move: server_moves.ServerMove) -> str:
    where = f' to {move.destination}' if move.destination else ''
    server = move.server
    return f'{server.name} ({server.uuid}): {move.state.value}{where}'


def _bars(moves: Moves, progress: Progress) -> table.Table:
    grid = table.Table.grid(padding=(0, 1))
    for move in moves:
        share = drain_estimates.share(progress.get(move.server.uuid))
        grid.add_row(
            move.server.name,
            move.destination or '-',
            move.state.value,
            progress_bar.ProgressBar(1.0, share, width=_BAR),
            f'{share:.0%}',
        )
    return grid
