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

"""Compare what a host was with what it is."""

from collections.abc import Iterator
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path

from lab.hosts import namespaces
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.hosts.lab_host import SHARED
from lab.lab_homes import Home
from lab.processes.process_identity import Process

_CHUNK = 1 << 20


@dataclass(frozen=True)
class HostState:
    """What a refused migration must leave as it was; compare with ==."""

    #: Name and state of each domain.
    domains: tuple[tuple[str, str], ...]
    #: Name and what libvirt says of it, of each storage pool.
    pools: tuple[tuple[str, str], ...]
    #: Path, size and SHA-256 of each file and directory; no size and sum
    #: of an image that a guest has open, because it goes on writing.
    files: tuple[tuple[str, int, str], ...]
    #: The emulators that run.
    emulators: tuple[Process, ...]


def snapshot(host: Host, home: Home | None = None) -> HostState:
    """Look at one host."""
    domains = host.virsh('list', '--all', '--name').stdout.split()
    pools = host.virsh('pool-list', '--all', '--name').stdout.split()
    residents = namespaces.residents(home or Home.of_user())
    emulators = {
        each: name
        for each, name in residents.items()
        if each.command and 'qemu-system' in Path(each.command[0]).name
    }
    in_use = set(_open_files(emulators))
    return HostState(
        domains=tuple(
            (name, host.virsh('domstate', name).stdout.strip())
            for name in sorted(domains)
        ),
        pools=tuple((n, _pool(host, n)) for n in sorted(pools)),
        files=tuple(sorted(_files(host, in_use))),
        emulators=tuple(
            sorted(e for e, name in emulators.items() if name == host.name)
        ),
    )


def _pool(host: Host, name: str) -> str:
    lines = host.virsh('pool-info', name).stdout.splitlines()
    # Free space is everybody's business.
    kept = ('State', 'Persistent', 'Autostart')
    return '; '.join(line for line in lines if line.startswith(kept))


def _open_files(emulators: dict[Process, str]) -> Iterator[tuple[str, str]]:
    """Yield host and path of each file that an emulator has open."""
    for each, name in emulators.items():
        for entry in Path(f'/proc/{each.pid}/fd').iterdir():
            try:
                path = os.readlink(entry)
            except OSError:
                continue
            # The same file for both, whoever has it open.
            yield ('' if path.startswith(f'{SHARED}/') else name), path


def _files(
    host: Host, in_use: set[tuple[str, str]]
) -> Iterator[tuple[str, int, str]]:
    for tree in (IMAGES, SHARED):
        owner = '' if tree == SHARED else host.name
        root = host.path(tree)
        for found in root.rglob('*'):
            inside = f'{tree}/{found.relative_to(root)}'
            if (owner, inside) in in_use:
                yield inside, -1, 'in use'
            elif found.is_file():
                yield inside, found.stat().st_size, _sum(found)
            else:
                yield inside, 0, ''


def _sum(path: Path) -> str:
    found = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
