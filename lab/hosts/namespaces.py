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

"""Make, enter and find the namespaces that a host consists of."""

from collections.abc import Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
import sys

from lab.errors import LabError
from lab.hosts import privileges
from lab.hosts.mount_view import MountView
from lab.lab_homes import Home
from lab.processes import process_identity
from lab.processes import spawning
from lab.processes.process_identity import Process
from lab.processes.process_journal import Journal

KIND = 'namespace'


@dataclass(frozen=True)
class Namespace:
    """The mount, network and UTS namespaces that one process holds."""

    name: str
    keeper: Process
    #: Whether they belong to a user namespace, which has to be entered
    #: with them.
    of_user: bool

    def enter(self, argv: Sequence[str], cwd: str = '/') -> list[str]:
        """Return the command that runs another one inside."""
        user = ['--user'] if self.of_user else []
        return [
            'nsenter',
            f'--target={self.keeper.pid}',
            *user,
            '--mount',
            '--net',
            '--uts',
            f'--wdns={cwd}',
            '--',
            *argv,
        ]

    @property
    def root(self) -> Path:
        """Return the root directory of the host as seen from outside."""
        return Path(f'/proc/{self.keeper.pid}/root')

    def path(self, inside: str | Path) -> Path:
        """Return where a file of the host is for those outside."""
        return self.root / str(inside).lstrip('/')


def create(
    journal: Journal, view: MountView, home: Home, owner: Namespace | None
) -> Namespace:
    """Start a keeper in new namespaces and wait for its mounts.

    :param owner: whose user namespace to be in, for an ordinary user;
        None makes a new one.
    :raises LabError: the keeper could not mount what it should.
    """
    of_user = not privileges.is_root()
    argv = ['unshare', '--mount', '--net', '--uts']
    if of_user and owner is None:
        privileges.check_subordinate_ids()
        argv += ['--user', '--map-auto', '--map-root-user']
    elif of_user and owner is not None:
        target = f'--target={owner.keeper.pid}'
        argv = ['nsenter', target, '--user', '--wd=/', '--', *argv]
    argv += ['--', sys.executable, '-m', 'lab.hosts.keeper']
    argv.append(json.dumps(view.as_json()))

    log = home.run / f'{view.name}-keeper.log'
    from_keeper, to_us = os.pipe()
    from_us, to_keeper = os.pipe()
    try:
        pid = spawning.detached(
            argv,
            log,
            stdin=from_us,
            stdout=to_us,
            environment=spawning.OWN_ENVIRONMENT,
        )
        started = Process.of(pid)
        if started:
            journal.note(KIND, view.name, started)
        os.close(to_us)
        to_us = -1
        if started is None or os.read(from_keeper, 16) != b'ready\n':
            raise LabError(
                f'no namespaces for {view.name}: {log.read_text().strip()}'
            )
        os.write(to_keeper, b'stay\n')
    finally:
        for descriptor in (from_keeper, to_us, from_us, to_keeper):
            if descriptor >= 0:
                os.close(descriptor)
    return Namespace(view.name, started, of_user)


def residents(home: Home) -> dict[Process, str]:
    """Find all processes that live in this laboratory's namespaces.

    Returns each with the name of its host. It needs no journal: the mark
    is among the mounts that a process sees.
    """
    found = {}
    for candidate in process_identity.every():
        name = _host_of(candidate, home.mark)
        if name:
            found[candidate] = name
    return found


def _host_of(candidate: Process, mark: str) -> str | None:
    try:
        mounts = Path(f'/proc/{candidate.pid}/mountinfo').read_text()
    except OSError:
        # It has ended, or is another user's.
        return None
    for line in mounts.splitlines():
        # ... - type SOURCE options, see proc(5)
        source = line.partition(' - ')[2].split()[1:2]
        if source and source[0].startswith(f'{mark}:'):
            return source[0].removeprefix(f'{mark}:')
    return None
