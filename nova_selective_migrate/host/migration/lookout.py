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

"""Look at a host again and again while something else goes on."""

import abc
import contextlib
import threading
import types
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import connection


class Lookout(abc.ABC):
    """Looks while the context lasts, in a thread of its own.

    A question to a host that is gone takes as long as the network's
    time-outs, and nobody is to wait for that.
    """

    def __init__(self, host: connection.Connection) -> None:
        self._host = host
        self._ended = threading.Event()

    def __enter__(self) -> typing.Self:
        threading.Thread(
            target=self._watch, name=type(self).__name__.lower(), daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ended.set()

    def begin(self) -> float:
        """Begin, connected; return after how many seconds to look."""
        return 0.0

    @abc.abstractmethod
    def look(self, host: connection.Connection) -> float:
        """Look once; return after how many seconds to look again."""

    def _watch(self) -> None:
        # A connection of its own, which may be renewed at any time.
        with (
            contextlib.suppress(exceptions.HypervisorError),
            self._host.again() as own,
        ):
            pause = self.begin()
            while not self._ended.wait(pause):
                pause = self.look(own)
