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

"""Progress as bars on a terminal, drawn by rich."""

import collections.abc
import typing

from rich import console
from rich import live
from rich import progress_bar
from rich import table
from rich import text

from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import shown_progress

_MOST_BAR = 40
_LEAST_BAR = 10
# What stands beside a bar as far as there is room, with a space before it.
_ETA, _LEFT, _RATE = 9, 16, 12
_PERCENT = 5
# The line above the bars, that below them, and the cursor's.
_OTHER_LINES = 3

Amounts = collections.abc.Sequence[shown_progress.ShownAmount]


class ProgressBars:
    """One bar for each disk and one for memory, drawn over each other."""

    def __init__(self, stream: typing.TextIO) -> None:
        self._console = console.Console(
            file=stream, force_terminal=True, highlight=False
        )
        self._live: live.Live | None = None
        self._shown: shown_progress.ShownProgress | None = None

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Draw the bars again."""
        before = self._shown
        self._shown = shown_progress.follow(before, progress)
        if before is not None and before.copy != progress.copy:
            self.close()
            self.tell('the copy begins again, with synchronous writes')
        if self._live is None:
            self._live = live.Live(console=self._console, auto_refresh=False)
            self._live.start()
            # A program that is killed must not leave a terminal without one.
            self._console.show_cursor(True)
        # Of now: the terminal may have been resized.
        width, height = self._console.size
        self._live.update(drawn(self._shown, width, height), refresh=True)

    def tell(self, words: str) -> None:
        """Print a message above the bars."""
        self._console.print(words, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Leave the bars as they are; what is shown next stands below."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def drawn(
    shown: shown_progress.ShownProgress, width: int, height: int
) -> console.RenderableType:
    """Return the lines of a progress, for a terminal of this size."""
    amounts, others = _chosen(shown, max(height - _OTHER_LINES, 2))
    head = f'{shown.phase.value}, {clock(shown.seconds)}'
    lines: list[console.RenderableType] = [_line(head), _table(amounts, width)]
    if others:
        done = sum(disk.share >= 1.0 for disk in others)
        lines.append(_line(f'and {len(others)} more disks, {done} complete'))
    return console.Group(*lines)


def clock(seconds: float) -> str:
    """Write a duration as m:ss, or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours}:{minutes:02}:{rest:02}'
    return f'{minutes}:{rest:02}'


def _chosen(
    shown: shown_progress.ShownProgress, rows: int
) -> tuple[Amounts, Amounts]:
    """Return what has a bar, and the disks for which there is no room.

    Those that are complete give way first.
    """
    room = max(rows - 1, 1)
    if len(shown.disks) <= room:
        return (*shown.disks, shown.memory), ()
    ranked = sorted(shown.disks, key=lambda disk: disk.share >= 1.0)
    kept = {disk.name for disk in ranked[: room - 1] or ranked[:1]}
    with_bar = [disk for disk in shown.disks if disk.name in kept]
    others = [disk for disk in shown.disks if disk.name not in kept]
    return (*with_bar, shown.memory), others


def _table(amounts: Amounts, width: int) -> table.Table:
    names = max(len(amount.name) for amount in amounts)
    room = width - 1 - names - 1 - _PERCENT
    columns = []
    for each in (_ETA, _LEFT, _RATE):
        if room - each >= _LEAST_BAR:
            columns.append(each)
            room -= each
    grid = table.Table.grid(padding=(0, 1, 0, 0))
    for justify in ('right', 'left', *('right',) * (len(columns) + 1)):
        grid.add_column(justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for amount in amounts:
        bar = progress_bar.ProgressBar(
            total=1.0, completed=amount.share, width=min(room, _MOST_BAR)
        )
        words = {
            _ETA: _eta(amount),
            _LEFT: _left(amount),
            _RATE: _rate(amount),
        }
        grid.add_row(
            _line(amount.name),
            bar,
            # Rounded down: what is told to be whole is whole.
            _line(f'{int(amount.share * 100)}%'),
            *(_line(words[column]) for column in columns),
        )
    return grid


def _line(words: str) -> text.Text:
    return text.Text(words, no_wrap=True, overflow='ellipsis')


def _eta(amount: shown_progress.ShownAmount) -> str:
    known = amount.eta_seconds if amount.remaining else None
    return '' if known is None else clock(min(known, 359999))


def _left(amount: shown_progress.ShownAmount) -> str:
    if not amount.remaining:
        return ''
    return f'{terminal.human_size(amount.remaining)} left'


def _rate(amount: shown_progress.ShownAmount) -> str:
    if not amount.remaining or not amount.rate:
        return ''
    return f'{terminal.human_size(amount.rate)}/s'
