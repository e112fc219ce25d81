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

"""An attempt: one libvirt call of a migration, and why it is aborted."""

import collections.abc
import dataclasses
import enum
import threading

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.hypervisor import libvirt_codes


class AttemptState(enum.Enum):
    """How far a libvirt call has come.

    An attempt is ABANDONED when nobody waits for its call any more, though
    it has not returned. A late return is noted all the same.
    """

    PLANNED = 'libvirt has not been called'
    CALLED = 'libvirt has been called and has not returned'
    SUCCEEDED = 'the call returned'
    FAILED = 'the call raised'
    NOT_CALLED = 'libvirt is not called any more'
    ABANDONED = 'the call is not waited for any more'


_State = AttemptState

#: From a state to those that may follow it; no other way is taken.
_NEXT: collections.abc.Mapping[_State, tuple[_State, ...]] = {
    _State.PLANNED: (_State.CALLED, _State.NOT_CALLED),
    _State.CALLED: (_State.SUCCEEDED, _State.FAILED, _State.ABANDONED),
    _State.ABANDONED: (_State.SUCCEEDED, _State.FAILED),
    _State.SUCCEEDED: (),
    _State.FAILED: (),
    _State.NOT_CALLED: (),
}


class AbortKind(enum.Enum):
    """Why a migration is aborted; the values are in names of events."""

    OPERATOR = 'operator'
    STALLED = 'switch-over-stalled'
    NO_PROGRESS = 'no-progress'
    COMPLETION_TIMEOUT = 'completion-timeout'
    DESTINATION_SILENT = 'destination-silent'
    DESTINATION_FULL = 'destination-full'
    NOT_CONVERGING = 'not-converging'


@dataclasses.dataclass(frozen=True)
class AbortCause:
    """Why a migration is aborted.

    :ivar text: what has happened and what to do about it; empty where the
        operator has asked for it
    :ivar hopeless: whether the call may never return, so that nobody waits
    """

    kind: AbortKind
    text: str = ''
    hopeless: bool = False


BY_OPERATOR = AbortCause(AbortKind.OPERATOR)


class Attempt:
    """One libvirt call; safe to use from several threads.

    A method that changes the state returns whether that way is open, and
    changes nothing where it is not: watchdogs and late threads need not know
    who was first.

    :ivar error: what the call raised, or what came before it
    :ivar left_out: the optional parameter that one side does not know
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._state = _State.PLANNED
        self._causes: tuple[AbortCause, ...] = ()
        self._abandoned_for: AbortCause | None = None
        self.error: Exception | None = None
        self.left_out: str | None = None

    @property
    def state(self) -> AttemptState:
        """Return how far the call has come."""
        return self._state

    @property
    def called(self) -> bool:
        """Tell whether libvirt has been called."""
        return self._state not in (_State.PLANNED, _State.NOT_CALLED)

    @property
    def causes(self) -> tuple[AbortCause, ...]:
        """Return why it was aborted, one of a kind, in order of time."""
        return self._causes

    @property
    def why(self) -> str:
        """Return the words of the cause that counts.

        That is the one it was abandoned for, else the first.
        """
        if self._abandoned_for is not None:
            return self._abandoned_for.text
        return self._causes[0].text if self._causes else ''

    @property
    def result(self) -> guest_location.CallResult:
        """Return what is known of the call."""
        if not self.called:
            return guest_location.CallResult.NOT_MADE
        if self._state is _State.SUCCEEDED:
            return guest_location.CallResult.SUCCEEDED
        if self.error is None:
            return guest_location.CallResult.NOT_KNOWN
        return libvirt_codes.call_result(self.error)

    def call(self) -> bool:
        """Note that libvirt is called now; only where it returns True."""
        return self._go(_State.CALLED)

    def succeed(self, left_out: str | None = None) -> bool:
        """Note that the call returned."""
        return self._go(_State.SUCCEEDED, left_out=left_out)

    def fail(self, error: Exception) -> bool:
        """Note what the call raised, or what has kept it from being made."""
        return self._go(_State.FAILED, _State.NOT_CALLED, error=error)

    def withdraw(self) -> bool:
        """See to it that libvirt is not called any more."""
        return self._go(_State.NOT_CALLED)

    def abandon(self, cause: AbortCause) -> bool:
        """Wait no more for a call that does not return."""
        self.abort(cause)
        return self._go(_State.ABANDONED, cause=cause)

    def abort(self, cause: AbortCause) -> None:
        """Add a cause; whoever follows the call asks libvirt for the abort."""
        with self._lock:
            if cause.kind not in {each.kind for each in self._causes}:
                self._causes += (cause,)

    def wait(self, seconds: float) -> bool:
        """Wait until the call has ended, or is not made any more.

        :returns: whether that is so
        """
        return self._over.wait(seconds)

    def _go(
        self,
        *ways: AttemptState,
        error: Exception | None = None,
        left_out: str | None = None,
        cause: AbortCause | None = None,
    ) -> bool:
        """Go the first way that is open."""
        with self._lock:
            way = next((w for w in ways if w in _NEXT[self._state]), None)
            if way is None:
                return False
            # Who reads without the lock sees the state last.
            self.error, self.left_out = error, left_out
            self._state = way
            self._abandoned_for = cause or self._abandoned_for
            if not _NEXT[way]:
                self._over.set()
            return True
