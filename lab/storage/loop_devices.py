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

"""Make block devices of files, with the names that hosts see."""

from collections.abc import Iterable
from pathlib import Path
import subprocess

from lab.hosts.lab_host import Host
from lab.lab_homes import Home
from lab.processes import commands


def attach(file: Path) -> str:
    """Make a loop device of a file; return its name on the machine."""
    return commands.run(
        ['losetup', '--find', '--show', '--direct-io=on', file]
    ).strip()


def show(device: str, hosts: Iterable[Host], inside: str) -> None:
    """Make a device node in hosts, under the same name in all of them."""
    numbers = Path(f'/sys/block/{Path(device).name}/dev').read_text()
    major, minor = numbers.strip().split(':')
    for host in hosts:
        host.run(['mknod', '--mode=600', inside, 'b', major, minor])


def detach_all(home: Home) -> None:
    """Free every loop device with a file of this laboratory behind it.

    Asks the kernel, not the journal: a device is found even if we died
    the moment after we had made it.
    """
    for entry in Path('/sys/block').glob('loop*/loop/backing_file'):
        try:
            backing = Path(entry.read_text().strip())
        except OSError:
            # It was freed meanwhile.
            continue
        if backing.is_relative_to(home.run):
            device = f'/dev/{entry.parent.parent.name}'
            subprocess.run(['losetup', '--detach', device], check=False)
