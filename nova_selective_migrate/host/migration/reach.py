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

"""Watch whether the destination still answers while its guest comes."""

import contextlib
import threading
import time
import types
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import outcome
from nova_selective_migrate.host.hypervisor import connection

_POLL_SECONDS = 5.0


class Reach:
    """Asks a host again and again, in a thread of its own.

    A question to a host that is gone takes as long as the network's
    time-outs, and progress is not to wait for that.
    """

    def __init__(self, host: connection.Connection, uuid: str) -> None:
        self._host = host
        self._uuid = uuid
        self._ended = threading.Event()
        self._answered: float | None = None

    def __enter__(self) -> typing.Self:
        threading.Thread(target=self._watch, name='reach', daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ended.set()

    def silent_seconds(self) -> float:
        """Return for how long the host has not answered.

        One that takes no connection beside the others is not known to be
        silent.
        """
        answered = self._answered
        return 0.0 if answered is None else time.monotonic() - answered

    def _watch(self) -> None:
        # A connection of its own, which may be renewed at any time.
        with (
            contextlib.suppress(exceptions.HypervisorError),
            self._host.again() as own,
        ):
            self._answered = time.monotonic()
            while not self._ended.wait(_POLL_SECONDS):
                there = own.look(self._uuid).presence
                if there is not outcome.Presence.UNREACHABLE:
                    self._answered = time.monotonic()
