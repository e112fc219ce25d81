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

"""Ask a host that may not answer, and wait no longer than is said."""

import collections.abc
import threading
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_location

#: Of one question; TCP tries for two minutes to connect to a port that is
#: filtered, and a daemon that stands still takes connections for ever.
SECONDS = 10.0

T = typing.TypeVar('T')


class Question(typing.Generic[T]):
    """One question, asked in a thread of its own from now on."""

    def __init__(self, ask: collections.abc.Callable[[], T]) -> None:
        self._ask = ask
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._answer: list[T] = []
        threading.Thread(target=self._run, name='look', daemon=True).start()

    def _run(self) -> None:
        try:
            self._answer.append(self._ask())
        except Exception as err:
            # The thread's boundary: raised again where it is waited for.
            self._error = err
        finally:
            self._ended.set()

    @property
    def ended(self) -> bool:
        """Tell whether it was answered."""
        return self._ended.is_set()

    def answer(self, seconds: float) -> T:
        """Wait for the answer.

        :raises HypervisorError: where there is none in time
        :raises Exception: what the question has raised
        """
        if not self._ended.wait(seconds):
            raise exceptions.HypervisorError(f'no answer in {seconds:.0f} s')
        if self._error is not None:
            raise self._error
        return self._answer[0]


class TimedLook:
    """Looks at a guest of one host again and again, one look at a time.

    A look that is not answered goes on, and a later one waits for it.
    """

    def __init__(
        self, look: collections.abc.Callable[[], guest_location.GuestSide]
    ) -> None:
        """Look at nothing yet.

        :param look: may raise HypervisorError, and take for ever
        """
        self._look = look
        self._pending: Question[guest_location.GuestSide] | None = None

    def __call__(self) -> guest_location.GuestSide:
        """Return what the host has, or that it cannot be asked."""
        if self._pending is None or self._pending.ended:
            # What was answered in the meantime is of then.
            self._pending = Question(self._look)
        try:
            return self._pending.answer(SECONDS)
        except exceptions.HypervisorError as err:
            return guest_location.GuestSide(
                guest_location.Presence.UNREACHABLE, str(err)
            )
