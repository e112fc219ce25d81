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

"""Count what a mirror into a logical volume writes and allocates there.

One qemu-storage-daemon mirrors a volume through NBD into another one's, as
QEMU and libvirt do in a migration. Most of the volume reads as zero. To be run
where device mapper is, inside of a host with a kernel of its own:

    python -m lab run a env PYTHONPATH=$PWD .venv/bin/python \\
        -m lab.faults.mirror_to_volume GROUP POOL --tree .../releases/trixie

``plain`` sets nothing, ``there`` has the destination find zeroes, ``here`` the
source (migrate_disks_detect_zeroes), and ``zero`` claims that the target is
zero (migrate_disks_target_zero).
"""

import argparse
from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from pathlib import Path
import sys
import tempfile
from typing import Any

from lab.faults.lost_writes import Daemon
from lab.faults.lost_writes import Programs
from lab.processes import commands

_MIB = 2**20
SIZE = 64 * _MIB
_DATA = 8 * _MIB
_SECTOR = 512
_NAMES = ('mirror-source', 'mirror-target')
_UNMAP = {'discard': 'unmap', 'detect-zeroes': 'unmap'}


@dataclass(frozen=True)
class Way:
    """How a mirror is made.

    :ivar node: options of the target's node, at the destination
    :ivar client: options of the node that speaks NBD, at the source
    :ivar job: more arguments of the mirror
    """

    node: dict[str, Any]
    client: dict[str, Any]
    job: dict[str, Any]


WAYS = {
    'plain': Way({}, {}, {}),
    'there': Way(_UNMAP, {}, {}),
    'here': Way({'discard': 'unmap'}, _UNMAP, {}),
    'zero': Way({}, {}, {'target-is-zero': True}),
}


@contextlib.contextmanager
def volumes(group: str, pool: str | None) -> Iterator[list[str]]:
    """Make a volume with 8 MiB of data, and a target; thin in a pool."""
    paths = [f'/dev/{group}/{name}' for name in _NAMES]
    try:
        for name, thin in zip(_NAMES, (None, pool), strict=True):
            how = ['--wipesignatures=n', f'--size={SIZE}b']
            if thin:
                how = ['--type=thin', f'--virtualsize={SIZE}b']
                how.append(f'--thinpool={thin}')
            commands.run(['lvcreate', '-qy', *how, f'--name={name}', group])
        for path in paths[: 1 if pool else 2]:
            commands.run(['blkdiscard', '--zeroout', path])
        commands.run(
            ['dd', 'if=/dev/urandom', f'of={paths[0]}', f'bs={_MIB}']
            + [f'count={_DATA // _MIB}', 'oflag=direct', 'status=none']
        )
        yield paths
    finally:
        for name in _NAMES:
            commands.run(['lvremove', '-qy', f'{group}/{name}'])


def mirror(programs: Programs, source: str, target: str, way: Way) -> None:
    """Mirror one device into another, to its end."""
    with contextlib.ExitStack() as stack:
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for _ in range(2)
        ]
        here, there = (Daemon(programs, folder) for folder in folders)
        stack.callback(here.end)
        stack.callback(there.end)
        socket = {'type': 'unix', 'path': str(folders[1] / 'nbd')}
        device(there, 'target', target, way.node)
        there.ask(
            'nbd-server-start',
            addr={'type': 'unix', 'data': {'path': socket['path']}},
        )
        export = {'node-name': 'target', 'writable': True, 'name': 'x'}
        there.ask('block-export-add', id='e', type='nbd', **export)
        device(here, 'source', source, {})
        nbd = {'driver': 'nbd', 'server': socket, 'export': 'x', **way.client}
        here.ask('blockdev-add', **{'node-name': 'target', **nbd})
        here.ask(
            'blockdev-mirror',
            **{'job-id': 'm', 'device': 'source', 'target': 'target'},
            **{'sync': 'full', **way.job},
        )
        if (
            here.await_event('BLOCK_JOB_READY', 'BLOCK_JOB_COMPLETED')
            != 'BLOCK_JOB_READY'
        ):
            raise RuntimeError('the mirror failed')
        here.ask('block-job-cancel', device='m')
        here.await_event('BLOCK_JOB_COMPLETED')


def device(
    daemon: Daemon, name: str, path: str, options: dict[str, Any]
) -> None:
    file = {'driver': 'host_device', 'filename': path, **_cache(options)}
    daemon.ask(
        'blockdev-add',
        **{'driver': 'raw', 'node-name': name, 'file': file, **options},
    )


def _cache(options: dict[str, Any]) -> dict[str, Any]:
    # As libvirt: what the format's node may discard its file may as well.
    cache = {'direct': True, 'no-flush': False}
    return {'discard': options.get('discard', 'ignore'), 'cache': cache}


def written(path: str) -> int:
    """Return the bytes that were written to a device since it was made."""
    name = Path(path).resolve().name
    said = Path(f'/sys/block/{name}/stat').read_text().split()
    return int(said[6]) * _SECTOR


def mapped(path: str) -> int:
    """Return the bytes that a thin volume has of its pool."""
    said = commands.run(['dmsetup', 'status', path]).split()
    return int(said[said.index('thin') + 1]) * _SECTOR


def main() -> None:
    """Mirror in each way and print a line for each."""
    parser = argparse.ArgumentParser(
        prog='python -m lab.faults.mirror_to_volume', description=__doc__
    )
    parser.add_argument('group')
    parser.add_argument('pool')
    parser.add_argument('--tree', type=Path, help='of another release')
    parser.add_argument('--way', action='append', choices=WAYS)
    arguments = parser.parse_args()
    programs = Programs(arguments.tree)
    print(programs.run('qemu-img', '--version').splitlines()[0])
    for pool in (None, arguments.pool):
        for name in arguments.way or WAYS:
            with volumes(arguments.group, pool) as (source, target):
                before = written(target)
                try:
                    mirror(programs, source, target, WAYS[name])
                except RuntimeError as err:
                    print(f'{name:6} {err}', file=sys.stderr)
                    continue
                said = f'wrote {(written(target) - before) / _MIB:6.1f} MiB'
                if pool:
                    said += f', allocated {mapped(target) / _MIB:6.1f} MiB'
                kind = 'thin' if pool else 'thick'
                same = commands.run(['sh', '-c', f'cmp {source} {target}'])
                print(
                    f'{kind:6} {name:6} {said} {same or "equal"}', flush=True
                )


if __name__ == '__main__':
    main()
