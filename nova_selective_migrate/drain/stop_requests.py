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

"""How an operator stops a drain: once nothing new, twice at once."""

import contextlib
import enum
import queue


class StopWish(enum.IntEnum):
    """What is wanted; it only grows.

    FINISH: nothing new, what runs ends. LEAVE: end this program at once;
    what runs goes on in nova.
    """

    NONE = 0
    FINISH = 1
    LEAVE = 2


class StopRequests:
    """Counts the wishes of signals.

    A signal's handler interrupts whatever this thread does: it may put into
    a SimpleQueue, which is reentrant, and set no Event.
    """

    def __init__(self) -> None:
        self._wish = StopWish.NONE
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.signal = 0

    @property
    def wish(self) -> StopWish:
        """Return what is wanted."""
        return self._wish

    def ask(self, signal: int = 0) -> None:
        """Want one more; called by a signal handler."""
        self.signal = self.signal or signal
        self._wish = StopWish(min(self._wish + 1, StopWish.LEAVE))
        self._woken.put(None)

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than until somebody asks."""
        with contextlib.suppress(queue.Empty):
            self._woken.get(timeout=seconds)
