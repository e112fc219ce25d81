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

"""What an audit of a full host costs, on libvirt's test driver."""

import collections.abc
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

from benchmarks import figure
from benchmarks import peak_memory

_GUESTS = 300
_DISKS = 4
_SECONDS = 10.0
_MIB = 150.0
_RUNS = 3
_GUEST = """
<domain type='test'><name>g{number:03d}</name><memory>1024</memory>
<os><type>hvm</type></os><devices>{disks}</devices></domain>"""
_DISK = """
<disk type='file' device='disk'><source file='{folder}/{number}-{target}'/>
<target dev='{target}'/></disk>"""


def figures(_runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Audit running guests whose images are there."""
    with tempfile.TemporaryDirectory() as folder:
        node = _node(pathlib.Path(folder))
        found = [_audit(folder, node) for _ in range(_RUNS)]
    name = f'audit, {_GUESTS} guests of {_DISKS} disks'
    yield figure.Figure(
        f'{name}: processor time',
        statistics.median(seconds for seconds, _ in found),
        's',
        _SECONDS,
        _RUNS,
    )
    yield figure.Figure(
        f'{name}: memory',
        max(memory for _, memory in found),
        'MiB',
        _MIB,
        _RUNS,
    )


def _node(folder: pathlib.Path) -> pathlib.Path:
    domains = []
    for number in range(_GUESTS):
        disks = []
        for target in ('vda', 'vdb', 'vdc', 'vdd')[:_DISKS]:
            (folder / f'{number}-{target}').write_bytes(b'content')
            disks.append(
                _DISK.format(folder=folder, number=number, target=target)
            )
        domains.append(_GUEST.format(number=number, disks=''.join(disks)))
    node = folder / 'node.xml'
    node.write_text(f'<node>{"".join(domains)}</node>')
    return node


def _audit(folder: str, node: pathlib.Path) -> tuple[float, float]:
    """Return seconds of the processor, and MiB at most."""
    program = pathlib.Path(sys.executable).with_name('nova-selective-migrate')
    argv = [
        *(str(program), '--connect', f'test://{node}', '--journal', folder),
        *('host', 'audit', '-f', 'json', '--local-path', folder),
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (
        subprocess.Popen(argv, stdout=subprocess.PIPE) as process,
        peak_memory.PeakMemory(process.pid) as peak,
    ):
        out, _ = process.communicate()
    if process.returncode or out.count(b'"movable": true') != _GUESTS:
        raise AssertionError('every guest of the benchmark must be movable')
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, peak.bytes / 2**20
