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

"""Signals while a command waits for a host or a migration runs."""

import argparse
import collections.abc
import contextlib
import signal
import sys
import threading
import time
import types
import typing

from nova_selective_migrate import exceptions

if typing.TYPE_CHECKING:
    from nova_selective_migrate.cli import migrate
    from nova_selective_migrate.host.journal import probe_journal
    from nova_selective_migrate.host.migration import migrator


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# As a shell reports a command that a signal has ended.
SIGNALLED = 128
_POLL_SECONDS = 0.1
# For a marker and a pool to be removed.
_PATIENCE_SECONDS = 5.0
_NAME = 'command'

_Result = typing.TypeVar('_Result')


class SignalHandling:
    """How a command handles signals.

    Until it does something that must not be left half done, the first signal
    ends it as soon as no marker or pool of ours is at the destination.

    :ivar probes: journal of the command's probes; None before it opens a host
    :ivar tell: prints a message at once
    :ivar undone: message of a command that is left before its end
    """

    undone = 'nothing was changed'

    def __init__(self) -> None:
        self.probes: probe_journal.ProbeJournal | None = None
        self.tell: collections.abc.Callable[[str], object] = tell
        self._deadline = 0.0

    def stop(self) -> str:
        """Handle the first signal; return the message to print at once."""
        self._deadline = time.monotonic() + _PATIENCE_SECONDS
        if self.probes is not None:
            self.probes.close()
        return 'interrupted; once more leaves at once'

    def may_leave(self) -> bool:
        """Tell, after the first signal, whether the program may end now."""
        late = time.monotonic() > self._deadline
        return late or not (self.probes and self.probes.open)

    def leave(self, number: int) -> typing.Any:
        """End the command before its work has ended.

        :param number: of the signal
        :returns: columns to show
        :raises SystemExit: where there is nothing to show
        """
        if self.probes is None or not self.probes.open:
            self.tell(self.undone)
        else:
            self.tell(
                'a marker file or a storage pool may be left at the '
                'destination; nova-selective-migrate cleanup lists it'
            )
        if self.probes is not None:
            self.probes.end()
        sys.exit(SIGNALLED + number)


def attend(
    work: collections.abc.Callable[[], _Result], interruption: SignalHandling
) -> _Result:
    """Let a thread work, and handle signals meanwhile.

    :raises SystemExit: when a signal has ended it
    """
    done = threading.Event()
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as err:
            errors.append(err)
        finally:
            done.set()

    caught: list[int] = []
    with handled(caught.append):
        thread = threading.Thread(target=run, name=_NAME, daemon=True)
        thread.start()
        told = False
        while not done.wait(_POLL_SECONDS):
            if not caught:
                continue
            if not told:
                interruption.tell(interruption.stop())
                told = True
            if len(caught) > 1 or interruption.may_leave():
                return typing.cast(_Result, interruption.leave(caught[-1]))
        thread.join()
    if errors and isinstance(errors[0], exceptions.Interrupted):
        return typing.cast(_Result, interruption.leave(caught[-1]))
    if errors:
        raise errors[0]
    return results[0]


def at_work() -> bool:
    """Tell whether a command was left whose thread still runs."""
    return any(thread.name == _NAME for thread in threading.enumerate())


def tell(text: str) -> None:
    """Print a message, also when nobody reads any more."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def handled(
    handle: collections.abc.Callable[[int], None],
) -> collections.abc.Iterator[None]:
    """Have a function handle SIGINT, SIGTERM and SIGHUP for a while."""

    def handler(number: int, _frame: types.FrameType | None) -> None:
        handle(number)

    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


class MigrationSignals(SignalHandling):
    """The first signal aborts a migration, the second ends the waiting."""

    def __init__(
        self, command: 'migrate.Migrate', parsed_args: argparse.Namespace
    ) -> None:
        super().__init__()
        self._command = command
        self._parsed_args = parsed_args
        self._lock = threading.Lock()
        self._stopped = False
        self._migration: migrator.Migrator | None = None

    def begin(
        self,
        migration: 'migrator.Migrator',
        tell: collections.abc.Callable[[str], object],
    ) -> None:
        """Go from planning to migrating.

        :param tell: prints a message beside the progress
        :raises Interrupted: when it was interrupted before
        """
        with self._lock:
            if self._stopped:
                raise exceptions.Interrupted('interrupted')
            self._migration = migration
            self.tell = tell

    def stop(self) -> str:
        """Abort the migration; before it begins, end the command."""
        with self._lock:
            self._stopped = True
            if self._migration is None:
                return super().stop()
            self._migration.abort()
        return (
            'aborting: the guest is to stay where it is; once more leaves '
            'the migration to the daemons'
        )

    def may_leave(self) -> bool:
        """Wait for the end of a migration that has begun."""
        return self._migration is None and super().may_leave()

    def leave(self, number: int) -> typing.Any:
        """Return the outcome of a migration that the program leaves."""
        if self._migration is None:
            return super().leave(number)
        return self._command.left(self._parsed_args, self._migration.plan_id)


class ResumeSignals(SignalHandling):
    """A signal ends following a migration; the daemons continue it."""

    def __init__(self, domain: str) -> None:
        super().__init__()
        self.undone = (
            'it is followed no more; nova-selective-migrate migrate '
            f'--resume-report {domain} takes it up again'
        )
