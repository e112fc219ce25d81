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

"""Look at both hosts and their emulators without asking libvirt."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass

from lab.errors import NotInTime
from lab.hosts import namespaces
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.lab_homes import Home
from lab.laboratory import Lab
from lab.processes import waiting
from lab.processes.process_identity import Process

#: How long two looks must find the same, in seconds.
_CALM = 1.0
_PATIENCE = 45.0
_ACTIVE = ('running', 'paused', 'idle', 'in shutdown')
_OURS = 'nova-selective-migrate'
#: libvirt's reasons for a guest that stands still with part of its memory. A
#: source whose libvirtd ended in post-copy never learns that it has failed.
_TORN = ('post-copy', 'post-copy failed')


@dataclass(frozen=True)
class Inspection:
    """What both hosts have of a guest.

    :ivar states: host -> virsh domstate; empty where it is unknown
    :ivar emulators: host -> how many processes run or wait for it
    :ivar files: host -> its files below the images' directory
    :ivar ours: pools and markers of our own that are still there
    """

    states: dict[str, str]
    emulators: dict[str, int]
    files: dict[str, frozenset[str]]
    ours: tuple[str, ...]
    #: The hosts that have a part of it: post-copy has failed.
    torn: frozenset[str] = frozenset()

    @property
    def running(self) -> list[str]:
        """Return the hosts on which it runs."""
        return [name for name, s in self.states.items() if s == 'running']

    @property
    def place(self) -> str:
        """Return the host that has it active, 'both', 'torn' or 'none'.

        Torn is what no host has whole.
        """
        having = [n for n, s in self.states.items() if s in _ACTIVE]
        if self.torn and not self.running:
            return 'torn'
        if len(having) == 1:
            return having[0]
        return 'both' if having else 'none'


def at(lab: Lab, guest: str) -> Inspection:
    """Look once."""
    states, processes, files, ours = {}, {}, {}, []
    torn = set()
    for host in lab.hosts:
        said = host.virsh('domstate', guest, '--reason', check=False)
        states[host.name], _, reason = said.stdout.strip().partition(' (')
        if states[host.name] == 'paused' and reason.rstrip(')') in _TORN:
            torn.add(host.name)
        processes[host.name] = len(emulators_of(lab.home, host, guest))
        root = host.path(IMAGES)
        found = {
            f'{IMAGES}/{path.relative_to(root)}' for path in root.rglob('*')
        }
        files[host.name] = frozenset(f for f in found if guest in f)
        pools = host.virsh('pool-list', '--all', '--name').stdout.split()
        ours += [f'{host.name}: {name}' for name in pools if _OURS in name]
        ours += [f'{host.name}: {name}' for name in found if _OURS in name]
    return Inspection(
        states, processes, files, tuple(sorted(ours)), frozenset(torn)
    )


def settled(lab: Lab, guest: str) -> Inspection:
    """Look until nothing changes any more, and return that."""
    return until_calm(lambda: at(lab, guest), guest)


def until_calm(look: Callable[[], Inspection], guest: str) -> Inspection:
    """Look until two looks find the same, and return that.

    :param look: looks once
    """
    last = look()
    since = waiting.now()

    def calm() -> bool:
        nonlocal last, since
        found = look()
        if found != last:
            last, since = found, waiting.now()
        return waiting.now() - since > _CALM

    # What it is at last is what is judged.
    with contextlib.suppress(NotInTime):
        waiting.until(calm, f'{guest} to be as it stays', _PATIENCE)
    return last


def emulators_of(home: Home, host: Host, guest: str) -> list[Process]:
    """Return the processes that run, or wait for, a guest on a host."""
    return [
        each
        for each, name in namespaces.residents(home).items()
        if name == host.name and guest in _guests(each)
    ]


def _guests(each: Process) -> Iterator[str]:
    words = each.command
    if not words or 'qemu-system' not in words[0]:
        return
    for word in words:
        if word.startswith('guest='):
            yield word.removeprefix('guest=').partition(',')[0]
