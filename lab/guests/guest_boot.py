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

"""Make what a guest boots: Debian's cloud kernel and our programs."""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
from pathlib import Path
import re
import shutil
import tempfile

from lab.guests.written_records import Workload
from lab.hosts.apt_archive import Archive
from lab.hosts.atomic_directory import appearing
from lab.lab_homes import Home
from lab.processes import commands

#: Any release would do; this one's modules are not compressed.
_RELEASE = 'bookworm'
_SOURCES = Path(__file__).resolve().parent / 'programs'
_COMMAND_LINE = (
    'console=ttyS0 quiet tsc=reliable no_timer_check nokaslr mitigations=off '
    'random.trust_cpu=on panic=1 cryptomgr.notests nohpet'
)
# Two seconds less of a boot without KVM; no disk comes or goes then. Code that
# is patched for one processor is translated twice: half a second of it.
_WITHOUT_HOTPLUG = 'acpi=off nosmp noreplace-smp'


@dataclass(frozen=True)
class Boot:
    """The two files that a guest boots from."""

    kernel: Path
    initramfs: Path


@dataclass(frozen=True)
class Content:
    """What an initial RAM file system holds."""

    #: In the order in which they are loaded.
    modules: tuple[str, ...] = (
        'virtio_pci',
        'virtio_blk',
        'virtio_scsi',
        'sd_mod',
    )
    #: Name of the source of what init becomes.
    program: str = 'writer'
    #: More files: name -> where it is on this machine.
    files: tuple[tuple[str, Path], ...] = ()


def command_line(workload: Workload, *, hotplug: bool = False) -> str:
    """Return the parameters for the kernel.

    :param hotplug: whether the guest is to take disks that come and go
    """
    parts = [_COMMAND_LINE, workload.command_line]
    return ' '.join(parts if hotplug else [*parts, _WITHOUT_HOTPLUG])


_WRITING = Content()


def prepare(home: Home, content: Content = _WRITING) -> Boot:
    """Return the boot files; build what the cache does not hold."""
    tree = _kernel_tree(home)
    digest = hashlib.sha256(repr(content.modules).encode())
    headers = sorted(path.name for path in _SOURCES.glob('*.h'))
    for name in ('init.c', f'{content.program}.c', *headers):
        digest.update((_SOURCES / name).read_bytes())
    for _, path in content.files:
        digest.update(path.read_bytes())
    directory = home.cache / 'guest' / digest.hexdigest()[:16]
    boot = Boot(directory / 'vmlinuz', directory / 'initramfs')
    if not directory.is_dir():
        with appearing(directory) as building:
            (kernel,) = (tree / 'boot').glob('vmlinuz-*')
            shutil.copyfile(kernel, building / 'vmlinuz')
            files = {
                'init': _program(building, 'init'),
                'writer': _program(building, content.program),
                **_modules(tree, content.modules),
                **{name: path.read_bytes() for name, path in content.files},
            }
            _pack(files, building / 'initramfs')
    return boot


def _pack(files: Mapping[str, bytes], archive: Path) -> None:
    """Write an initial RAM file system of executables."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name, content in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o755)
        names = sorted(path.relative_to(root) for path in root.rglob('*'))
        commands.run(
            [
                'cpio',
                '--create',
                '--format=newc',
                '--owner=0:0',
                '--quiet',
                f'--file={archive.absolute()}',
            ],
            cwd=root,
            said=''.join(f'{name}\n' for name in names),
        )


def _kernel_tree(home: Home) -> Path:
    tree = home.cache / 'kernel'
    if not tree.is_dir():
        with (
            tempfile.TemporaryDirectory() as scratch,
            appearing(tree) as building,
        ):
            archive = Archive(Path(scratch), _RELEASE)
            archive.update()
            package = archive.dependency('linux-image-cloud-amd64')
            file = archive.fetch_alone(package)
            commands.run(['dpkg-deb', '--extract', file, building])
    return tree


def _program(scratch: Path, name: str) -> bytes:
    target = scratch / name
    source = _SOURCES / f'{name}.c'
    commands.run(['gcc', '-O2', '-static', '-s', '-o', target, source])
    built = target.read_bytes()
    target.unlink()
    return built


def _modules(tree: Path, wanted: Iterable[str]) -> dict[str, bytes]:
    """Return the modules, named so that their order is the one to load."""
    found = {
        path.stem.replace('-', '_'): path.read_bytes()
        for path in tree.glob('lib/modules/*/kernel/**/*.ko')
    }
    ordered: dict[str, bytes] = {}

    def add(names: Iterable[str]) -> None:
        for name in names:
            if name and name not in ordered:
                depends = re.search(rb'\0depends=([^\0]*)', found[name])
                assert depends is not None, name
                add(depends[1].decode().replace('-', '_').split(','))
                ordered[name] = found[name]

    # virtio uses virtio_ring's symbols, as its list says; a module that
    # is built in is in no list and in no file.
    add(wanted)
    return {
        f'modules/{number:02}-{name}.ko': content
        for number, (name, content) in enumerate(ordered.items())
    }
