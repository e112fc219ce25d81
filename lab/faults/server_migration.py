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

"""A migration by nova, as the campaign begins it, kills it and asks."""

from dataclasses import dataclass
from dataclasses import field
import threading
import time

from lab.errors import NotInTime
from lab.nova.nova_cloud import Cloud
from lab.nova.nova_compute import CommandRefused
from lab.nova.nova_compute import Compute
from lab.nova.nova_server import Server
from lab.processes import waiting

#: The nova-compute is asked this often whether it has done, in seconds.
_ASK = 0.5
#: Longer than TCP tries to reach a port that is filtered, and more.
_PATIENCE = 500
#: systemd kills who has not ended by then, where nobody says otherwise.
_STOP = 90
_OVER = ('completed', 'failed', 'cancelled', 'error')
#: What nova records -> what is said of the migration.
_SAID = {'active': 'not-moved', 'error': 'unknown'}


@dataclass
class MigratingServer:
    """One live migration of a server from a to b."""

    cloud: Cloud
    server: Server
    started: bool = field(default=False, init=False)
    #: nova-computes that were killed, by host.
    _killed: list[str] = field(default_factory=list, init=False)
    #: And those that were told to end.
    _terminated: list[str] = field(default_factory=list, init=False)
    _asked: float = field(default=0.0, init=False)
    _over: bool = field(default=False, init=False)

    def start(self) -> None:
        """Ask nova for it."""
        a, b = self.cloud.lab.hosts
        self.started = self.server.migrate(a, b)

    @property
    def over(self) -> bool:
        """Tell whether nova has done all about it."""
        now = time.monotonic()
        if not self._over and now - self._asked > _ASK:
            self._asked = now
            self._over = not self.started or self._recorded
        return self._over

    @property
    def _recorded(self) -> bool:
        _, task, _ = self.server.state
        status = self.server.migrations[-1]['status']
        return task is None and status in _OVER

    def interrupt(self) -> None:
        """Abort it as a user does, who waits for no answer."""
        threading.Thread(target=self._abort, daemon=True).start()

    def _abort(self) -> None:
        try:
            self.server.abort(self.cloud.lab.a)
        except CommandRefused:
            return  # nova says that it is too late

    def kill(self) -> None:
        """Kill the source's nova-compute."""
        self._kill('a')

    def kill_peer(self) -> None:
        """Kill the destination's nova-compute."""
        self._kill('b')

    def terminate(self) -> None:
        """Tell the source's nova-compute to end."""
        self._terminate('a')

    def terminate_peer(self) -> None:
        """Tell the destination's nova-compute to end."""
        self._terminate('b')

    def again(self) -> None:
        """Ask nova for the same migration again, which refuses."""
        a, b = self.cloud.lab.hosts
        try:
            self.server.migrate(a, b)
        except CommandRefused:
            return

    def _kill(self, name: str) -> None:
        self._compute(name).kill()
        self._killed.append(name)

    def _terminate(self, name: str) -> None:
        self._compute(name).terminate()
        self._terminated.append(name)

    def _compute(self, name: str) -> Compute:
        (host,) = (h for h in self.cloud.lab.hosts if h.name == name)
        return self.cloud.compute(host)

    def restart(self) -> None:
        """Start the nova-computes again that were killed or told to end."""
        for name in self._terminated:
            compute = self._compute(name)
            try:
                compute.await_exit(_STOP)
            except NotInTime:
                compute.kill()
        self._killed += self._terminated
        self._terminated.clear()
        for host in self.cloud.lab.hosts:
            if host.name in self._killed:
                self.cloud.compute(host).restart()
        self._killed.clear()

    def end(self) -> str:
        """Wait until nova has done all about it, and say what it records.

        :returns: moved, not-moved, unknown, refused, hangs where nova
            still migrates, or failed where its records are of no state.
        """
        if not self.started:
            return 'refused'
        try:
            waiting.until(lambda: self.over, 'nova to be done', _PATIENCE)
        except NotInTime:
            return 'hangs'
        state, _, host = self.server.state
        if state == 'active' and host == 'b':
            return 'moved'
        return _SAID.get(state, 'failed')

    @property
    def text(self) -> str:
        """Return what the user reads."""
        row = self.server.migrations[-1]['status'] if self.started else '-'
        faults = self.server.faults
        return f'{row}; {faults[-1] if faults else ""}'.strip()

    def named(self) -> str:
        """Return all that somebody is to read: what names leftovers."""
        texts = list(self.server.faults)
        for host in self.cloud.lab.hosts:
            texts += [
                line
                for line in self.cloud.compute(host).log.splitlines()
                if ' WARNING ' in line or ' ERROR ' in line
            ]
        return '\n'.join(texts)
