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

"""Attempts: one object for each libvirt call of a migration, at most two.

Where the first copy does not converge a second follows, with synchronous
writes: a second call, and a second object.
"""

import enum
import threading

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.migration import migration_attempt


class SecondCopyState(enum.Enum):
    """Whether there is to be a second copy."""

    OPEN = 'nobody has asked for it'
    WANTED = 'the first copy is aborted for it'
    BEGUN = 'it has begun'
    FORBIDDEN = 'there is none any more'


class SecondCopy:
    """The permit of a second copy: wanted by a watchdog, begun once.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = SecondCopyState.OPEN

    @property
    def wanted(self) -> bool:
        """Tell whether one is wanted that has not begun."""
        return self._state is SecondCopyState.WANTED

    @property
    def begun(self) -> bool:
        """Tell whether it has begun."""
        return self._state is SecondCopyState.BEGUN

    def want(self) -> bool:
        """Ask for one; tell whether there is to be one."""
        return self._go(SecondCopyState.WANTED, SecondCopyState.OPEN)

    def begin(self) -> bool:
        """Begin it; tell whether it is wanted."""
        return self._go(SecondCopyState.BEGUN, SecondCopyState.WANTED)

    def close(self) -> bool:
        """Have none but one that is wanted; tell whether that is new."""
        return self._go(SecondCopyState.FORBIDDEN, SecondCopyState.OPEN)

    def forbid(self) -> bool:
        """Have none that has not begun; tell whether one was wanted."""
        self.close()
        return self._go(SecondCopyState.FORBIDDEN, SecondCopyState.WANTED)

    def _go(self, way: SecondCopyState, before: SecondCopyState) -> bool:
        with self._lock:
            if self._state is not before:
                return False
            self._state = way
            return True


class Attempts:
    """The attempts of one migration; safe to use from several threads.

    :ivar of: the migration, as an object of the caller's: the next one of
        the same guest is another
    :ivar first: the first attempt
    :ivar second_copy: the permit of a second
    :ivar error: what all of it has ended with; None before its end
    """

    def __init__(self, of: object = None) -> None:
        self.of = of
        self.first = migration_attempt.Attempt()
        self.second_copy = SecondCopy()
        self.error: Exception | None = None
        self._lock = threading.Lock()
        self._second: migration_attempt.Attempt | None = None
        self._ended = threading.Event()

    @classmethod
    def of_earlier_process(cls, error: Exception) -> 'Attempts':
        """Return those of a process that has ended.

        :param error: says that it has ended; whether the call returned is
            not known
        """
        made = cls()
        made.first.call()
        made.end(error)
        return made

    @property
    def current(self) -> migration_attempt.Attempt:
        """Return the last attempt."""
        return self._second or self.first

    @property
    def succeeded(self) -> bool:
        """Tell whether the last call returned."""
        return self.current.state is migration_attempt.AttemptState.SUCCEEDED

    @property
    def causes(self) -> tuple[migration_attempt.AbortCause, ...]:
        """Return why the migration was aborted, in order of time."""
        second = self._second
        return self.first.causes + (second.causes if second else ())

    @property
    def result(self) -> guest_location.CallResult:
        """Return what is known of the last call that was made."""
        current = self.current
        return (current if current.called else self.first).result

    def begin_second(self) -> migration_attempt.Attempt | None:
        """Return the second attempt, where one is wanted."""
        with self._lock:
            if not self.second_copy.begin():
                return None
            self._second = migration_attempt.Attempt()
            return self._second

    def abort(self, cause: migration_attempt.AbortCause) -> bool:
        """Note that the migration is aborted: no call is made any more.

        :returns: whether a call was about to be made; libvirt may know of
            nothing to abort then
        """
        with self._lock:
            self.current.abort(cause)
            return self._withdraw()

    def withdraw(self) -> bool:
        """Make no call any more; tell whether one was about to be made."""
        with self._lock:
            return self._withdraw()

    def _withdraw(self) -> bool:
        wanted = self.second_copy.forbid()
        return self.current.withdraw() or wanted

    def end(self, error: Exception | None = None) -> None:
        """Note that nothing more is done for the migration.

        :param error: what it has ended with
        """
        current = self.current
        if error is not None:
            current.fail(error)
        elif not current.succeed():
            current.withdraw()
        self.error = error
        self._ended.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end; tell whether there is nothing to wait for.

        :param seconds: how long at most
        """
        if self.current.state is migration_attempt.AttemptState.NOT_CALLED:
            return True
        return self._ended.wait(seconds)
