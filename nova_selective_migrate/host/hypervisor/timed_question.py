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

"""Ask a host, and wait no longer than some seconds for the answer."""

import collections.abc
import threading
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_presence

#: Of one question; TCP tries for two minutes to connect to a port that is
#: filtered, and a daemon that hangs goes on taking connections.
QUESTION_SECONDS = 10.0

T = typing.TypeVar('T')


class Question(typing.Generic[T]):
    """One question to a host, asked in a thread of its own."""

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

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the question; tell whether it has come."""
        return self._ended.wait(seconds)

    def answer(self, seconds: float) -> T:
        """Wait for the answer.

        :raises HypervisorError: where there is none in time
        :raises Exception: what the question has raised
        """
        if not self.wait(seconds):
            raise exceptions.HypervisorError(f'no answer in {seconds:.0f} s')
        if self._error is not None:
            raise self._error
        return self._answer[0]


class TimedQuestion:
    """Asks a host for its side of a guest, one question at a time.

    A question that is not answered in time goes on; the next call waits
    for its answer.
    """

    def __init__(
        self, look: collections.abc.Callable[[], guest_presence.GuestSide]
    ) -> None:
        """Ask nothing yet.

        :param look: may raise HypervisorError, and may never return
        """
        self._look = look
        self._pending: Question[guest_presence.GuestSide] | None = None

    def __call__(
        self, seconds: float | None = None
    ) -> guest_presence.GuestSide:
        """Return what the host has, or that it cannot be asked.

        :param seconds: how long to wait; None for QUESTION_SECONDS
        """
        if self._pending is None or self._pending.ended:
            # What was answered in the meantime is of then.
            self._pending = Question(self._look)
        try:
            return self._pending.answer(
                QUESTION_SECONDS if seconds is None else seconds
            )
        except exceptions.HypervisorError as err:
            return guest_presence.GuestSide(
                guest_presence.Presence.UNREACHABLE, str(err)
            )
