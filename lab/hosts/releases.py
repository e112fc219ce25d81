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

"""Have hosts of other Debian releases."""

from pathlib import Path
import tempfile

from lab.errors import ReleaseMissing
from lab.hosts.apt_archive import Archive
from lab.hosts.atomic_directory import appearing
from lab.lab_homes import Home
from lab.processes import commands

#: What a host runs of its own release.
_PACKAGES = (
    'libvirt-daemon',
    'libvirt-daemon-driver-network',
    'libvirt-daemon-driver-nodedev',
    'libvirt-daemon-driver-nwfilter',
    'libvirt-daemon-driver-qemu',
    'libvirt-daemon-driver-secret',
    'libvirt-daemon-driver-storage',
    'libvirt-clients',
    'qemu-system-x86',
    'qemu-utils',
)

#: Our own Python has to go on running, as the machine has it.
_NOT_PYTHON = ('python3', 'libpython3')


def tree(home: Home, release: str) -> Path:
    """Return the tree of a release that was prepared.

    :raises ReleaseMissing: it was not.
    """
    found = home.release(release)
    if not found.is_dir():
        raise ReleaseMissing(release)
    return found


def prepare(home: Home, release: str) -> Path:
    """Download and unpack the packages of a release, unless it is there.

    They are unpacked only: no root, no scripts, nothing gets configured.
    """
    target = home.release(release)
    if target.is_dir():
        return target
    with (
        tempfile.TemporaryDirectory() as scratch,
        appearing(target) as building,
    ):
        for name in ('bin', 'lib', 'lib64', 'sbin'):
            (building / 'usr' / name).mkdir(parents=True)
            (building / name).symlink_to(f'usr/{name}')
        archive = Archive(Path(scratch), release)
        archive.update()
        for package in archive.fetch(_PACKAGES):
            if not package.name.startswith(_NOT_PYTHON):
                commands.run(['dpkg-deb', '--extract', package, building])
    return target
