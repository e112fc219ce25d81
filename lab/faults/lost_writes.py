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

"""Count what QEMU loses of writes while a mirror starts, without a guest.

A client writes to clusters that an image does not have yet while
qemu-storage-daemon starts a mirror of it, as QEMU does for a migration: what
was acknowledged and is not in the copy is lost. The image has a table every
2 MiB, none of them in memory, so that to look through it takes its time.

    python -m lab.faults.lost_writes --tree .../releases/trixie --times 20

``top`` is how libvirt mirrors below NON_SHARED_INC, ``full`` below
NON_SHARED_DISK, and ``zeroes`` the latter with migrate_disks_detect_zeroes.
"""

import argparse
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
import json
from pathlib import Path
import random
import re
import socket
import subprocess
import tempfile
import threading
import time
from typing import Any

from lab.processes import commands
from lab.processes import waiting

_WAYS = ('top', 'full', 'zeroes')
_MIB = 2**20
SIZE = 4096 * _MIB
_CLUSTER = 4096
_TABLE_EVERY = 2 * _MIB
# Where the client writes; the mirror has looked there first.
_WRITTEN = 256 * _MIB
_ACK = re.compile(r'wrote \d+/\d+ bytes at offset (\d+)')
_HEAD_START_SECONDS = 0.2


@dataclass(frozen=True)
class Programs:
    """QEMU's programs, of this machine or of a tree of another release."""

    tree: Path | None = None

    def command(self, name: str) -> list[str]:
        """Return how to start one, with the libraries of its tree."""
        if self.tree is None:
            return [name]
        return [
            f'{self.tree}/lib64/ld-linux-x86-64.so.2',
            '--library-path',
            f'{self.tree}/usr/lib/x86_64-linux-gnu',
            f'{self.tree}/usr/bin/{name}',
        ]

    def run(self, name: str, *arguments: str, said: str | None = None) -> str:
        """Run one to its end."""
        words = [*self.command(name), *arguments]
        return commands.run(words, timeout=300, said=said)


class Daemon:
    """A qemu-storage-daemon, and its monitor."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        monitor = folder / 'qmp'
        self._process = subprocess.Popen(
            [
                *programs.command('qemu-storage-daemon'),
                *(
                    '--chardev',
                    f'socket,path={monitor},server=on,wait=off,id=m',
                ),
                *('--monitor', 'chardev=m'),
            ]
        )
        waiting.until(monitor.exists, 'the monitor', 20)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(monitor))
        self._stream = self._socket.makefile('rw')
        self._read()
        self.ask('qmp_capabilities')

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Carry out a command; an event on the way is passed over."""
        tree = {'execute': verb, 'arguments': arguments}
        self._stream.write(json.dumps(tree) + '\n')
        self._stream.flush()
        while True:
            found = self._read()
            if 'error' in found:
                raise RuntimeError(f'{verb}: {found["error"]["desc"]}')
            if 'return' in found:
                return found['return']

    def await_event(self, *names: str) -> str:
        """Wait for one of some events."""
        while True:
            found = self._read().get('event')
            if found in names:
                return str(found)

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self._stream.readline()))

    def end(self) -> None:
        """End it."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(30)


class Client:
    """Writes first-time clusters as fast as it can, each when the last is.

    :ivar acknowledged: offset -> the byte that was written all over it
    """

    def __init__(self, url: str, seed: int) -> None:
        offsets = [
            at
            for at in range(0, _WRITTEN, _CLUSTER)
            if (at + _CLUSTER) % _TABLE_EVERY
        ]
        random.Random(seed).shuffle(offsets)  # noqa: S311 - no secret
        self._pattern = {
            at: number % 255 + 1 for number, at in enumerate(offsets)
        }
        self.acknowledged: dict[int, int] = {}
        self._process = subprocess.Popen(
            ['qemu-io', '-f', 'raw', url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._threads = [
            threading.Thread(target=self._write, daemon=True),
            threading.Thread(target=self._read, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _write(self) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError, ValueError):
            for at, byte in self._pattern.items():
                words = f'write -P {byte} {at} {_CLUSTER}\n'
                self._process.stdin.write(words)
                self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if found := _ACK.search(line):
                at = int(found[1])
                self.acknowledged[at] = self._pattern[at]

    def end(self) -> None:
        """Stop it; what it was about to write is not acknowledged."""
        self._process.kill()
        self._process.wait(30)
        for thread in self._threads:
            thread.join(30)


@dataclass(frozen=True)
class Lost:
    """What became of a mirror."""

    way: str
    acknowledged: int
    lost: int
    seconds: float


def scattered(programs: Programs, path: Path, kind: str) -> None:
    """Make an image with a table for each 2 MiB, and next to no data."""
    tables = ('-o', f'cluster_size={_CLUSTER}') if kind == 'qcow2' else ()
    programs.run(
        *('qemu-img', 'create', '-q', '-f', kind, *tables),
        *(str(path), str(SIZE)),
    )
    words = [
        f'write -q -P 0 {at + _TABLE_EVERY - _CLUSTER} {_CLUSTER}'
        for at in range(0, SIZE, _TABLE_EVERY)
    ]
    said = '\n'.join([*words, 'quit']) + '\n'
    programs.run('qemu-io', '-f', kind, str(path), said=said)


def trial(
    programs: Programs, model: Path, kind: str, way: str, seed: int
) -> Lost:
    """Mirror a copy of the image while a client writes to it."""
    with tempfile.TemporaryDirectory(dir=model.parent) as name:
        folder = Path(name)
        source, target = folder / 'source', folder / 'target'
        commands.run(['cp', '--sparse=always', str(model), str(source)])
        programs.run(
            *('qemu-img', 'create', '-q', '-f', 'qcow2'),
            *(str(target), str(SIZE)),
        )
        daemon = Daemon(programs, folder)
        try:
            written, seconds = _mirror(daemon, folder, kind, way, seed)
        finally:
            daemon.end()
        raw = folder / 'raw'
        programs.run(
            *('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw'),
            *(str(target), str(raw)),
        )
        with raw.open('rb') as stream:
            lost = sum(
                not _holds(stream, at, byte) for at, byte in written.items()
            )
    return Lost(way, len(written), lost, seconds)


def _mirror(
    daemon: Daemon, folder: Path, kind: str, way: str, seed: int
) -> tuple[dict[int, int], float]:
    thin = (
        {'discard': 'unmap', 'detect-zeroes': 'unmap'}
        if way == 'zeroes'
        else {}
    )
    for node, driver, more in (
        ('source', kind, {}),
        ('target', 'qcow2', thin),
    ):
        file = {'driver': 'file', 'filename': str(folder / node)}
        daemon.ask(
            'blockdev-add',
            **{'driver': driver, 'node-name': node, 'file': file, **more},
        )
    address = {'type': 'unix', 'data': {'path': str(folder / 'nbd')}}
    daemon.ask('nbd-server-start', addr=address)
    export = {'node-name': 'source', 'writable': True, 'name': 'x'}
    daemon.ask('block-export-add', id='e', type='nbd', **export)
    client = Client(f'nbd+unix:///x?socket={folder}/nbd', seed)
    try:
        time.sleep(_HEAD_START_SECONDS)
        began = time.monotonic()
        daemon.ask(
            'blockdev-mirror',
            **{
                'job-id': 'm',
                'device': 'source',
                'target': 'target',
                'sync': 'top' if way == 'top' else 'full',
            },
        )
        daemon.await_event('BLOCK_JOB_READY')
        seconds = time.monotonic() - began
    finally:
        client.end()
    daemon.ask('block-job-cancel', device='m')
    daemon.await_event('BLOCK_JOB_COMPLETED')
    return client.acknowledged, seconds


def _holds(stream: Any, at: int, byte: int) -> bool:
    stream.seek(at)
    return bool(stream.read(_CLUSTER) == bytes([byte]) * _CLUSTER)


def main() -> None:
    """Run trials and print a line for each."""
    parser = argparse.ArgumentParser(
        prog='python -m lab.faults.lost_writes', description=__doc__
    )
    parser.add_argument('--tree', type=Path, help='of another release')
    parser.add_argument('--times', type=int, default=5)
    parser.add_argument('--format', choices=('qcow2', 'raw'), default='qcow2')
    parser.add_argument('--way', action='append', choices=_WAYS)
    arguments = parser.parse_args()
    for done in _trials(arguments):
        print(
            f'{done.way:6} acknowledged {done.acknowledged:6} lost '
            f'{done.lost:5} ready after {done.seconds:5.1f} s',
            flush=True,
        )


def _trials(arguments: argparse.Namespace) -> Iterator[Lost]:
    programs = Programs(arguments.tree)
    print(programs.run('qemu-img', '--version').splitlines()[0])
    with tempfile.TemporaryDirectory(dir='/var/tmp') as name:
        model = Path(name) / 'model'
        scattered(programs, model, arguments.format)
        for number in range(arguments.times):
            for way in arguments.way or _WAYS:
                yield trial(programs, model, arguments.format, way, number)


if __name__ == '__main__':
    main()
