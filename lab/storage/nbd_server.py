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

"""Serve the shared network disks."""

from pathlib import Path

from lab.hosts.namespaces import Namespace
from lab.lab_homes import Home
from lab.processes import commands
from lab.processes import daemon_processes
from lab.processes import waiting
from lab.processes.process_identity import Process
from lab.processes.process_journal import Journal

#: The port that belongs to the protocol.
PORT = 10809
_NAME = 'nbdkit'


def directory(home: Home) -> Path:
    """Return where the files are that get served."""
    return home.of_host('hub') / 'nbd'


def start(journal: Journal, hub: Namespace, home: Home, address: str) -> None:
    """Serve every file of the directory under its name.

    One server for all: a disk is there as soon as its file is, and any
    number of hosts may be connected, as a migration needs two.
    """
    directory(home).mkdir()
    number = home.run / f'{_NAME}.pid'
    where = ['--ipaddr', address, '--port', str(PORT)]
    what = ['file', f'dir={directory(home)}']
    # Not in the foreground: there, Debian's 1.32 asks the kernel to be
    # ended with its parent. It writes its number
    # down once it listens, which its parent does not wait for.
    commands.run(
        hub.enter(['nbdkit', '--pidfile', str(number), *where, *what])
    )
    waiting.until(
        lambda: number.exists() and number.read_text().endswith('\n'),
        'the NBD server',
    )
    process = Process.of(int(number.read_text()))
    if process:
        journal.note(daemon_processes.KIND, _NAME, process)
