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

"""Run and command the nova-compute of one host."""

from dataclasses import dataclass
import json
import os
from pathlib import Path
import signal
import socket
from typing import Any

from lab.errors import LabError
from lab.hosts.lab_host import Host
from lab.nova import fork_server
from lab.nova.nova_settings import Settings
from lab.processes import waiting
from lab.processes.process_identity import Process
from lab.processes.process_identity import stop
from lab.processes.process_journal import Journal

#: Not lab.daemon's: the laboratory is up without them.
KIND = 'nova-compute'


class CommandRefused(LabError):
    """A nova-compute raised an exception while it did what it was told."""

    def __init__(self, command: str, kind: str, text: str, trace: str) -> None:
        super().__init__(f'{command}: {kind}: {text}\n{trace}')
        self.kind = kind
        self.text = text


@dataclass
class Compute:
    """The nova-compute of a host; its process may be another later."""

    journal: Journal
    host: Host
    #: What the hosts and the test share.
    directory: Path
    interpreter: Path
    process: Process
    #: How long its next start looks for a guest that nobody has, where that
    #: is not our driver's own time.
    settle_seconds: float | None = None

    @classmethod
    def start(
        cls,
        journal: Journal,
        host: Host,
        directory: Path,
        interpreter: Path,
        settings: Settings,
    ) -> 'Compute':
        """Start it; `await_ready` waits until it serves.

        :param interpreter: of a virtual environment with nova.
        """
        configuration = directory / f'{host.name}.conf'
        configuration.write_text(settings.text(host, directory))
        process = _spawn(host, directory, interpreter)
        journal.note(KIND, host.name, process)
        return cls(journal, host, directory, interpreter, process)

    def kill(self) -> None:
        """End it at once; its records and guests are as they are then."""
        os.kill(self.process.pid, signal.SIGKILL)
        stop([self.process])
        self._socket.unlink(missing_ok=True)

    def terminate(self) -> None:
        """Tell it to end, as `systemctl stop` does; do not wait for that."""
        os.kill(self.process.pid, signal.SIGTERM)

    def await_exit(self, timeout: float = 60) -> None:
        """Wait until it has ended.

        :raises NotInTime: it has not.
        """
        what = f'the end of nova-compute of host {self.host.name}'
        waiting.until(lambda: not self.process.alive, what, timeout)
        self._socket.unlink(missing_ok=True)

    def restart(self) -> None:
        """Start it again after its end, with the same records and files."""
        self.process = _spawn(
            self.host, self.directory, self.interpreter, self.settle_seconds
        )
        self.journal.note(KIND, self.host.name, self.process)
        self.await_ready()

    @property
    def _socket(self) -> Path:
        return self.directory / f'{self.host.name}.sock'

    def await_ready(self) -> None:
        """Wait until it answers.

        :raises LabError: it ended, with the last that it had to say.
        """

        def answers() -> bool:
            if not self.process.alive:
                raise LabError(f'nova-compute did not stay: {self.said}')
            try:
                self.command('ping')
            except (FileNotFoundError, ConnectionRefusedError):
                # It has no name yet, or a name and nobody who listens.
                return False
            return True

        what = f'nova-compute of host {self.host.name}'
        waiting.until(answers, what, 120)

    def command(self, command: str, **arguments: Any) -> Any:
        """Have it do something: see lab.nova.service.commands.

        :raises CommandRefused: it raised an exception.
        """
        request = {'command': command, 'arguments': arguments}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(120)
            connection.connect(str(self._socket))
            connection.sendall(json.dumps(request).encode() + b'\n')
            with connection.makefile() as stream:
                reply = json.loads(stream.readline() or '{}')
        if 'result' not in reply:
            raise CommandRefused(
                command,
                reply.get('kind', 'no answer'),
                reply.get('failure', ''),
                reply.get('trace', self.said),
            )
        return reply['result']

    @property
    def said(self) -> str:
        """Return the end of what it printed."""
        log = self.directory / f'{self.host.name}.log'
        return log.read_text(errors='replace')[-3000:].strip()

    @property
    def log(self) -> str:
        """Return its log."""
        path = self.host.path(f'/var/log/nova-compute-{self.host.name}.log')
        return path.read_text(errors='replace')


def _spawn(
    host: Host,
    directory: Path,
    interpreter: Path,
    settle_seconds: float | None = None,
) -> Process:
    configuration = directory / f'{host.name}.conf'
    with fork_server.of(interpreter, host) as server:
        return server.fork(
            host.namespace, configuration, directory, settle_seconds
        )
