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

"""What a drain works with: nova, a journal, the time and a display."""

import collections.abc
import dataclasses
import typing

from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.drain import stop_requests


class DrainClock(typing.Protocol):
    """The time; tests have one of their own."""

    def now(self) -> float:
        """Return the seconds since the epoch."""

    def wait(self, seconds: float) -> None:
        """Wait, or less where somebody wants to stop."""


class MoveNotes(typing.Protocol):
    """Writes down where a server is, before what it announces is done."""

    def note(self, move: server_moves.ServerMove) -> None:
        """Write it down."""


class DrainWatcher(typing.Protocol):
    """Shows a drain."""

    def show(
        self,
        moves: collections.abc.Collection[server_moves.ServerMove],
        progress: collections.abc.Mapping[str, nova_port.MovedBytes | None],
        seconds: float,
    ) -> None:
        """Show all servers, and how far those are that are on their way."""

    def tell(self, words: str) -> None:
        """Show a sentence."""

    def close(self) -> None:
        """Leave what is shown as it is, and draw nothing more."""


@dataclasses.dataclass(frozen=True)
class DrainTools:
    """What a drain works with."""

    nova: nova_port.NovaPort
    notes: MoveNotes
    clock: DrainClock
    watcher: DrainWatcher
    stop: stop_requests.StopRequests
