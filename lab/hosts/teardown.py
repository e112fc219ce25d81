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

"""End all that the laboratory started, also what a crash left behind."""

from collections.abc import Callable
import os
import shutil

from lab.errors import LabError
from lab.hosts import namespaces
from lab.hosts import privileges
from lab.lab_homes import Home
from lab.processes import commands
from lab.processes import daemon_processes
from lab.processes import process_identity
from lab.processes.process_identity import Process
from lab.processes.process_journal import Journal
from lab.storage import gluster
from lab.storage import loop_devices

#: A process may fork while we look; nobody does that this often.
_ROUNDS = 5


def tear_down(home: Home) -> None:
    """End processes, free loop devices, remove the hosts' files.

    Mounts and network devices go with the last process of a namespace.
    Doing it twice, or with nothing there, is fine.

    :raises LabError: called from inside a host, or something stays.
    """
    journal = Journal(home.journal)
    keepers = set(journal.processes(namespaces.KIND).values())
    recorded = journal.processes(daemon_processes.KIND)
    storage = {
        each
        for name, each in recorded.items()
        if name.startswith(gluster.CLIENT)
    }

    def is_user(each: Process, host: str) -> bool:
        return host != 'hub' and each not in storage | keepers

    # Guests first, as long as their disks are served; what holds the
    # namespaces last.
    phases: tuple[Callable[[Process, str], bool], ...] = (
        is_user,
        lambda each, host: each not in keepers,
        lambda each, host: True,
    )
    for wanted in phases:
        _end(home, wanted)
    # Processes that were noted down but had not entered yet.
    process_identity.stop({*keepers, *recorded.values()})
    loop_devices.detach_all(home)
    _remove(home)
    journal.clear()


def _end(home: Home, wanted: Callable[[Process, str], bool]) -> None:
    for _ in range(_ROUNDS):
        residents = namespaces.residents(home)
        if any(each.pid == os.getpid() for each in residents):
            raise LabError('this is a process of the laboratory: leave first')
        chosen = [e for e, host in residents.items() if wanted(e, host)]
        if not chosen:
            return
        process_identity.stop(chosen)
    raise LabError(f'cannot end: {[each.pid for each in chosen]}')


def _remove(home: Home) -> None:
    if not home.run.exists():
        return
    try:
        shutil.rmtree(home.run)
    except PermissionError:
        if privileges.is_root():
            raise
        # Files of the user's subordinate ids.
        inside = ['unshare', '--map-auto', '--map-root-user']
        commands.run([*inside, 'rm', '-rf', '--', home.run])
