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

"""Give a namespace its own view of the machine: what a keeper mounts."""

from collections.abc import Iterable
from dataclasses import asdict
from dataclasses import dataclass
import os
from pathlib import Path
import socket
import subprocess
import sys
from typing import Any

from lab.lab_homes import REPOSITORY

#: Device nodes that stay visible. /dev/kvm does not: where KVM exists but
#: does not work, libvirt would still choose it.
_NODES = ('null', 'zero', 'full', 'random', 'urandom', 'tty', 'fuse')

#: Directories that a host has from its release or not at all.
_UNMIXED = (
    '/usr/lib/x86_64-linux-gnu/libvirt',
    '/usr/lib/x86_64-linux-gnu/qemu',
    '/usr/share/libvirt',
    '/usr/share/qemu',
    '/usr/share/seabios',
)

#: Trees that are hidden behind one of the host's own.
_COVERED = (Path('/run'), Path('/mnt'), Path('/var/log'))


@dataclass(frozen=True)
class MountView:
    """Describe what one host sees instead of the machine's own files."""

    name: str
    #: Source of the mount by which the host's processes are recognised.
    mark: str
    #: The directory with the host's own files.
    tree: str
    #: Path inside -> path of the file or directory to be seen there.
    binds: dict[str, str]
    #: Tree of another Debian release, laid over the machine's /usr.
    release: str | None = None
    #: Tree whose usr/ has more files, to be seen with the machine's.
    more: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the keyword arguments that make this view again."""
        return asdict(self)

    def enter(self) -> None:
        """Mount all of it in the calling process's own namespaces."""
        socket.sethostname(self.name)
        kept = list(_hold(_COVERED))
        # First the mark: from here on a crash leaves nothing unnoticed.
        _mount('-t', 'tmpfs', '-o', 'mode=755', self.mark, '/run')
        for name in ('libvirt', 'lock', 'gluster'):
            Path('/run', name).mkdir()
        _mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/mnt')
        Path('/mnt/shared').mkdir()
        if self.release:
            _lay_over(self.release)
            _unmix(self.release)
        if self.more:
            _lay_over(self.more)
        for inside, outside in self.binds.items():
            # What is not installed here needs no place of its own.
            if os.path.exists(inside):
                _mount('--bind', outside, inside)
        self._make_devices()
        for path, descriptor in kept:
            path.mkdir(parents=True, exist_ok=True)
            # -c: the name is a link of the kernel's, to be left as it is.
            _mount(
                '-c',
                '--rbind',
                f'/proc/self/fd/{descriptor}',
                os.fspath(path),
                keep=descriptor,
            )
            os.close(descriptor)
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)

    def _make_devices(self) -> None:
        device = Path(self.tree, 'dev')
        device.mkdir(exist_ok=True)
        _mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', os.fspath(device))
        for name in _NODES:
            if os.path.exists(f'/dev/{name}'):
                (device / name).touch()
                _mount('--bind', f'/dev/{name}', os.fspath(device / name))
        for name, target in (
            ('fd', '/proc/self/fd'),
            ('stdin', 'fd/0'),
            ('stdout', 'fd/1'),
            ('stderr', 'fd/2'),
            ('ptmx', 'pts/ptmx'),
        ):
            (device / name).symlink_to(target)
        for name, kind, options in (
            ('pts', 'devpts', 'newinstance,ptmxmode=0666,mode=620'),
            ('shm', 'tmpfs', 'mode=1777'),
        ):
            (device / name).mkdir()
            path = os.fspath(device / name)
            _mount('-t', kind, '-o', options, kind, path)
        (device / 'lab').mkdir()
        _mount('--move', os.fspath(device), '/dev')


def _hold(covered: Iterable[Path]) -> Iterable[tuple[Path, int]]:
    """Yield what must stay visible below the trees that get covered."""
    needed = {REPOSITORY, Path(sys.prefix), Path(sys.base_prefix)}
    for path in sorted(needed):
        if any(path.is_relative_to(tree) for tree in covered):
            yield path, os.open(path, os.O_PATH)


def _lay_over(tree: str) -> None:
    # Read-only, both layers, so that no work directory is needed; ours
    # below, because our own Python must still run inside.
    layers = f'lowerdir={tree}/usr:/usr'
    _mount('-t', 'overlay', '-o', layers, 'overlay', '/usr')


def _unmix(release: str) -> None:
    # Not to be mixed: a daemon refuses another version's drivers.
    for part in _UNMIXED:
        if os.path.isdir(f'{release}{part}'):
            _mount('--bind', f'{release}{part}', part)
    # The cache names our libraries. Without one the linker looks into the
    # default directories, where the release's come first.
    _mount('--bind', '/dev/null', '/etc/ld.so.cache')


def _mount(*arguments: str, keep: int | None = None) -> None:
    subprocess.run(
        ['mount', *arguments],
        check=True,
        pass_fds=() if keep is None else (keep,),
    )
