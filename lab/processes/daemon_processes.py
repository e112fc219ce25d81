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

"""Start daemons inside namespaces and keep a record of them."""

from collections.abc import Sequence
import os
from pathlib import Path
import sys

from lab.errors import LabError
from lab.hosts.namespaces import Namespace
from lab.processes import spawning
from lab.processes.process_identity import Process
from lab.processes.process_journal import Journal

KIND = 'daemon'


def start(
    journal: Journal,
    namespace: Namespace,
    name: str,
    argv: Sequence[str],
    log: Path,
    cwd: str = '/',
) -> None:
    """Start a program that stays in the foreground, and note it down.

    What it starts, and leaves without a parent, is reaped at its end. Were
    we to die before the note, its namespace would give it away.
    """
    from_reaper, to_us = os.pipe()
    with open(from_reaper) as number:
        try:
            spawning.detached(
                [
                    sys.executable,
                    '-m',
                    'lab.processes.reaper',
                    *namespace.enter(argv, cwd),
                ],
                log,
                stdout=to_us,
                environment=spawning.OWN_ENVIRONMENT,
            )
        finally:
            os.close(to_us)
        process = Process.of(int(number.readline() or 0))
    if process:
        journal.note(KIND, name, process)


def check(journal: Journal, name: str, log: Path) -> None:
    """Raise if a daemon has ended, with the last that it had to say.

    :raises LabError: it has.
    """
    process = journal.processes(KIND).get(name)
    if process is None or not process.alive:
        said = log.read_text(errors='replace')[-2000:].strip()
        raise LabError(f'{name} did not stay: {said}')
