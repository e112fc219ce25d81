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

"""Our command line, as the campaign runs it, kills it and asks it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES

PROGRAM = Path(sys.executable).with_name('nova-selective-migrate')
#: Another path of the images' directory at the destination.
ELSEWHERE = '/var/lib/libvirt/guests'
#: Longer than TCP tries to reach a port that is filtered.
_PATIENCE = 400


@dataclass
class CommandLine:
    """One run of ``migrate``."""

    source: Host
    destination: Host
    guest: str
    options: Sequence[str] = ()
    _process: 'subprocess.Popen[str] | None' = field(default=None, init=False)
    #: Another one for the same guest, begun while this one ran.
    second: 'CommandLine | None' = field(default=None, init=False)

    def start(self) -> None:
        """Start it."""
        self._process = self.source.popen(
            [
                *(PROGRAM, 'migrate', self.guest),
                *(self.destination.remote_uri, '-f', 'json'),
                *('--migrate-uri', f'tcp://{self.destination.address}'),
                *('--listen-address', self.destination.address),
                *self.options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        assert self._process is not None
        return self._process.poll() is not None

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Kill it."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def kill_peer(self) -> None:
        """Kill nothing: there is no program at the destination."""

    def terminate(self) -> None:
        """Tell it to end, as a service manager does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def terminate_peer(self) -> None:
        """Tell nothing: there is no program at the destination."""

    def again(self) -> None:
        """Start another one for the same guest."""
        self.second = CommandLine(
            self.source, self.destination, self.guest, self.options
        )
        self.second.start()

    def end(self) -> 'Said':
        """Wait for its end and return what it said."""
        assert self._process is not None
        try:
            output, errors = self._process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return Said(-1, 'hangs', frozenset(), f'no end in {_PATIENCE} s')
        return Said.of(self._process.returncode, output, errors)

    def resume_report(self) -> 'Said':
        """Ask what became of the migration whose program was killed."""
        done = self.source.run(
            [PROGRAM, 'migrate', '--resume-report', self.guest, '-f', 'json'],
            check=False,
            timeout=_PATIENCE,
        )
        return Said.of(done.returncode, done.stdout, done.stderr)

    def cleanup(self) -> set[str]:
        """Return the paths that ``cleanup`` lists."""
        done = self.source.run([PROGRAM, 'cleanup', '-f', 'json'], check=False)
        rows = json.loads(done.stdout or '[]')
        return {_known(row['path']) for row in rows}


def _known(path: str) -> str:
    """Return the path of an image in the directory that is looked into."""
    return path.replace(f'{ELSEWHERE}/', f'{IMAGES}/')


@dataclass(frozen=True)
class Said:
    """What our command said of a migration.

    :ivar outcome: moved, not-moved, unknown, refused, or failed where it
        did not come to a migration at all
    :ivar left: host and path of what it says is left
    """

    code: int
    outcome: str
    left: frozenset[tuple[str, str]]
    text: str

    @classmethod
    def of(cls, code: int, output: str, errors: str) -> 'Said':
        """Read it."""
        # Progress is written before it, line by line.
        said = ' '.join((errors.splitlines() or [''])[-1].split())
        if not output.strip():
            return cls(code, 'failed', frozenset(), said)
        tree: dict[str, Any] = json.loads(output)
        left = {
            ('b', _known(item['path']))
            if item['host'] == 'destination'
            else ('a', item['path'])
            for item in tree.get('left', ())
        }
        text = f'{tree["explanation"]}; {tree.get("error") or said}'
        return cls(code, tree['outcome'], frozenset(left), text)
