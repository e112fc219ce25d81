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

"""Output for people: sizes, lines and progress bars."""

import collections.abc
import contextlib
import dataclasses
import shutil
import typing

from nova_selective_migrate.core.job import migration_progress

_UNITS = ('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB')
_STEP = 1024


def human_size(count: float) -> str:
    """Write a number of bytes with three or four digits."""
    unit = 0
    while count >= _STEP and unit < len(_UNITS) - 1:
        count /= _STEP
        unit += 1
    digits = '.4g' if unit else '.0f'
    return f'{count:{digits}} {_UNITS[unit]}'


def human_time(seconds: int) -> str:
    """Write a time in the unit that tells most of it."""
    for name, length in (('h', 3600), ('min', 60)):
        if seconds >= 2 * length:
            return f'{round(seconds / length)} {name}'
    return f'{seconds} s'


Tree = collections.abc.Mapping[str, typing.Any]


# nova logs the progress of a live migration as often, at debug level.
_LINE_SECONDS = 5.0
_BAR_WIDTH = 30
_UP = '\x1b[{}A'
_CLEAR = '\x1b[K'

ProgressDisplay = collections.abc.Callable[
    [migration_progress.MigrationProgress], None
]


def printer(stream: typing.TextIO) -> ProgressDisplay:
    """Return what shows a progress on this stream."""
    return display(stream).show


def display(stream: typing.TextIO) -> 'Bars | Lines':
    """Return the display of progress and messages for this stream."""
    return Bars(stream) if stream.isatty() else Lines(stream)


class Bars:
    """One bar for each disk and one for memory, drawn over each other."""

    def __init__(self, stream: typing.TextIO) -> None:
        self._stream = stream
        self._drawn = 0

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Draw the bars again."""
        rows = [_bar(amount) for amount in (*progress.disks, progress.memory)]
        if self._drawn:
            self._stream.write(_UP.format(self._drawn))
        # A row that wraps would not be drawn over.
        width = shutil.get_terminal_size().columns - 1
        for row in rows:
            self._stream.write(f'{row[:width]}{_CLEAR}\n')
        self._stream.flush()
        self._drawn = len(rows)

    def tell(self, text: str) -> None:
        """Leave the bars as they are, and draw the next below."""
        _write(self._stream, text)
        self._drawn = 0


class Lines:
    """A line at intervals, and at each change of phase."""

    def __init__(self, stream: typing.TextIO) -> None:
        self._stream = stream
        self._last: migration_progress.MigrationProgress | None = None

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Print a line if it is time for one."""
        last = self._last
        if (
            last is not None
            and last.phase is progress.phase
            and progress.seconds - last.seconds < _LINE_SECONDS
            and _is_whole(last) == _is_whole(progress)
        ):
            return
        self._last = progress
        amounts = [
            _words(_since(last, progress, amount))
            for amount in (*progress.disks, progress.memory)
            if amount.total
        ]
        about = f': {"; ".join(amounts)}' if amounts else ''
        self._stream.write(
            f'{progress.seconds:.1f} s {progress.phase.value}{about}\n'
        )
        self._stream.flush()

    def tell(self, text: str) -> None:
        """Print a message beside the progress."""
        _write(self._stream, text)


def _is_whole(progress: migration_progress.MigrationProgress) -> bool:
    amounts = [a for a in (*progress.disks, progress.memory) if a.total]
    return bool(amounts) and not any(a.remaining for a in amounts)


def _since(
    last: migration_progress.MigrationProgress | None,
    progress: migration_progress.MigrationProgress,
    amount: migration_progress.Amount,
) -> migration_progress.Amount:
    """Return an amount with the rate since the last line.

    A limited copy moves in bursts, seconds apart.
    """
    if last is None or amount.eta_seconds is not None:
        return amount
    before = {a.name: a for a in (*last.disks, last.memory)}.get(amount.name)
    seconds = progress.seconds - last.seconds
    if before is None or not before.total or seconds < _LINE_SECONDS:
        return amount
    moved = amount.processed - before.processed
    if moved <= 0:
        return amount
    rate = moved / seconds
    return dataclasses.replace(
        amount, rate=rate, eta_seconds=amount.remaining / rate
    )


def _write(stream: typing.TextIO, text: str) -> None:
    # The reader may have gone; the migration is followed to its end.
    with contextlib.suppress(OSError, ValueError):
        stream.write(f'{text}\n')
        stream.flush()


def _bar(amount: migration_progress.Amount) -> str:
    done = int(amount.fraction * _BAR_WIDTH)
    bar = '#' * done + '.' * (_BAR_WIDTH - done)
    return f'{amount.name:>8} [{bar}] {_words(amount, named=False)}'


def _words(amount: migration_progress.Amount, *, named: bool = True) -> str:
    name = f'{amount.name} ' if named else ''
    words = (
        f'{name}{human_size(amount.processed)} of '
        f'{human_size(amount.total)} ({amount.fraction:.0%})'
    )
    if amount.eta_seconds is not None:
        words += f', {human_size(amount.rate)}/s, {amount.eta_seconds:.0f} s'
    return words
