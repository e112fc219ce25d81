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

"""Have a kernel that runs as a process: Debian's user-mode-linux."""

from dataclasses import dataclass
from pathlib import Path
import shutil
import tempfile

from lab.errors import LabError
from lab.hosts.apt_archive import Archive
from lab.hosts.atomic_directory import appearing
from lab.lab_homes import Home
from lab.processes import commands

#: From 6.16 on system calls are caught by seccomp, not by ptrace: a program
#: starts in a fifth of the time. doc/source/contributor has the figures.
_RELEASE = 'sid'
_LOADER = 'ld-linux-x86-64.so.2'
#: The kernel wants a newer C library than the machine may have. It is told
#: to take its loader from its working directory.
_INTERPRETER = b'/lib64/ld-linux-x86-64.so.2\0'
_MODULES = 'usr/lib/modules'
_LIBRARIES = 'usr/lib/x86_64-linux-gnu'


@dataclass(frozen=True)
class KernelTree:
    """What was unpacked: to be started with `root` as working directory."""

    root: Path

    @property
    def program(self) -> Path:
        """Return the kernel."""
        return self.root / 'linux'

    @property
    def version(self) -> str:
        """Return its version, such as '7.2.7'."""
        (modules,) = (self.root / _MODULES).iterdir()
        return modules.name


def prepare(home: Home) -> KernelTree:
    """Return the kernel; fetch and unpack what the cache does not hold.

    :raises LabError: Debian's packages are not what they were.
    """
    tree = KernelTree(home.cache / 'own-kernel')
    if not tree.root.is_dir():
        with (
            tempfile.TemporaryDirectory() as scratch,
            appearing(tree.root) as building,
        ):
            _fill(building, Path(scratch))
    return tree


def _fill(building: Path, scratch: Path) -> None:
    archive = Archive(scratch, _RELEASE)
    archive.update()
    for package in ('user-mode-linux', 'libc6'):
        unpacked = scratch / package
        file = archive.fetch_alone(package)
        commands.run(['dpkg-deb', '--extract', file, unpacked])
    for name in (_LOADER, 'libc.so.6'):
        shutil.copy(scratch / 'libc6' / _LIBRARIES / name, building / name)
    kernel = scratch / 'user-mode-linux' / 'usr'
    program = (kernel / 'bin' / 'linux.uml').read_bytes()
    if program.count(_INTERPRETER) != 1:
        raise LabError(f'user-mode-linux of {_RELEASE} has no loader to set')
    ours = f'./{_LOADER}'.encode().ljust(len(_INTERPRETER), b'\0')
    target = building / 'linux'
    target.write_bytes(program.replace(_INTERPRETER, ours))
    target.chmod(0o755)
    modules = building / _MODULES
    shutil.copytree(kernel / 'lib' / 'uml' / 'modules', modules)
    (version,) = modules.iterdir()
    (building / 'lib').symlink_to('usr/lib')
    commands.run(['depmod', '--basedir', building, version.name])
