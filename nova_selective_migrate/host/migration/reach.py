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

import time

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.migration import lookout

_POLL_SECONDS = 5.0


class Reach(lookout.Lookout):
    """Asks a host again and again, in a thread of its own.

    A question to a host that is gone takes as long as the network's
    time-outs, and progress is not to wait for that.
    """

    def __init__(self, host: connection.Connection, uuid: str) -> None:
        super().__init__(host)
        self._uuid = uuid
        self._answered: float | None = None

    def silent_seconds(self) -> float:
        """Return for how long the host has not answered.

        One that takes no connection beside the others is not known to be
        silent.
        """
        answered = self._answered
        return 0.0 if answered is None else time.monotonic() - answered

    def begin(self) -> float:
        """Count from the connection on."""
        self._answered = time.monotonic()
        return _POLL_SECONDS

    def look(self, host: connection.Connection) -> float:
        """See whether it answers."""
        there = host.look(self._uuid).presence
        if there is not guest_location.Presence.UNREACHABLE:
            self._answered = time.monotonic()
        return _POLL_SECONDS
