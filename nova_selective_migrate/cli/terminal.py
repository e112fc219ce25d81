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

"""Output for people: sizes, and progress as lines."""

import collections.abc
import contextlib
import dataclasses
import os
import typing

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import shown_progress

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


class ProgressDisplay(typing.Protocol):
    """Shows progress, and messages beside it."""

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Show how far a migration is."""

    def tell(self, words: str) -> None:
        """Show a message."""

    def close(self) -> None:
        """Leave what is shown as it is."""


def display(stream: typing.TextIO) -> ProgressDisplay:
    """Return the display of progress and messages for this stream.

    Bars on a terminal that can draw them, else lines.
    """
    asked = os.environ.get('NO_COLOR') or os.environ.get('TERM') == 'dumb'
    if asked or not stream.isatty():
        return Lines(stream)
    # Here, since it takes as long as the rest of a command's start.
    from nova_selective_migrate.cli import progress_bars

    return progress_bars.ProgressBars(stream)


class Lines:
    """A line at intervals, and at each change of phase."""

    def __init__(self, stream: typing.TextIO) -> None:
        self._stream = stream
        self._last: migration_progress.MigrationProgress | None = None
        self._shown: shown_progress.ShownProgress | None = None

    def show(self, progress: migration_progress.MigrationProgress) -> None:
        """Print a line if it is time for one."""
        self._shown = shown_progress.follow(self._shown, progress)
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
            _words(_since(last, progress, amount), shown.share)
            for amount, shown in zip(
                (*progress.disks, progress.memory),
                (*self._shown.disks, self._shown.memory),
                strict=True,
            )
            if amount.total
        ]
        about = f': {"; ".join(amounts)}' if amounts else ''
        self._stream.write(
            f'{progress.seconds:.1f} s {progress.phase.value}{about}\n'
        )
        self._stream.flush()

    def tell(self, words: str) -> None:
        """Print a message beside the progress."""
        # The reader may have gone; the migration is followed to its end.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(f'{words}\n')
            self._stream.flush()

    def close(self) -> None:
        """Do nothing: what is printed stays."""


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


def _words(amount: migration_progress.Amount, share: float) -> str:
    words = (
        f'{amount.name} {human_size(amount.processed)} of '
        f'{human_size(amount.total)} ({share:.0%})'
    )
    if amount.eta_seconds is not None:
        words += f', {human_size(amount.rate)}/s, {amount.eta_seconds:.0f} s'
    return words
