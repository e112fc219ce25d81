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

"""What planning costs: in a process, and as a process."""

import collections.abc
import pathlib
import subprocess
import sys
import tempfile

from benchmarks import figure
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import planner

_RUNS = 21
_AUDITS = 3
# A tenth is noise; what grows with the square would be seven times that.
_LINEAR = 1.1
_DISK = """
<disk type='{type}' device='disk'>
 <driver name='qemu' type='qcow2'/><source {source}/><backingStore/>
 <target dev='{target}' bus='virtio'/><serial>{serial}</serial>
</disk>"""


def case(disks: int) -> migration_case.Case:
    """Make a case of half local files, half volumes on NFS."""
    xml, facts, rows = [], {}, []
    for number in range(disks):
        target, shared = f'vd{number:03d}', number % 2
        volume = f'00000000-0000-4000-8000-{number:012d}'
        folder = '/mnt/nfs' if shared else '/var/lib/nova/instances/i'
        path = f'{folder}/volume-{volume}' if shared else f'{folder}/{number}'
        xml.append(
            _DISK.format(
                type='file',
                source=f"file='{path}'",
                target=target,
                serial=volume if shared else '',
            )
        )
        facts[path] = storage_facts.StorageFacts(
            exists=True,
            kind=storage_facts.PathKind.FILE,
            fstype='nfs4' if shared else 'ext4',
            mount_source='srv:/exp' if shared else '/dev/vda1',
            virtual_bytes=1 << 30,
            allocated_bytes=1 << 20,
        )
        if shared:
            data = {'export': 'srv:/exp', 'name': f'volume-{volume}'}
            rows.append(
                {
                    'mount_device': f'/dev/{target}',
                    'connection_info': {
                        'driver_volume_type': 'nfs',
                        'serial': volume,
                        'data': data,
                    },
                }
            )
    return migration_case.Case(
        domain_xml='<domain><name>n</name><devices>'
        + ''.join(xml)
        + '</devices></domain>',
        block_device_info={'block_device_mapping': rows},
        storage=storage_facts.Storage(source=facts),
    )


def figures(_runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Measure planning, which is quick enough for runs of its own."""
    seconds = {}
    for disks, target in ((1, None), (4, 5.0), (8, None), (59, 50.0)):
        made = case(disks)
        if not planner.plan(made).ready:
            raise AssertionError('the benchmark case must be ready')
        seconds[disks] = figure.median_seconds(
            lambda c=made: planner.plan(c), _RUNS
        )
        yield figure.Figure(
            f'planning, {disks} disks: a plan',
            seconds[disks] * 1000,
            'ms',
            target,
            _RUNS,
        )
    # Not 1 disk: what a plan costs in any case would hide the growth.
    yield figure.Figure(
        'planning, growth: a disk of 59 / a disk of 8',
        seconds[59] / 59 / (seconds[8] / 8),
        'ratio',
        _LINEAR,
        _RUNS,
    )
    yield _replay('one case', 1, _RUNS, 0.6)
    yield _replay('1,000 cases', 1000, _AUDITS, 2.0)


def _replay(words: str, cases: int, runs: int, target: float) -> figure.Figure:
    """Time the command with so many files."""
    program = pathlib.Path(sys.executable).with_name('nova-selective-migrate')
    text = migration_case.dumps(case(4))
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f'{n}.json' for n in range(cases)]
        for file in files:
            file.write_text(text)
        argv = [str(program), 'plan', '-f', 'json', '--replay']
        argv += [str(file) for file in files]
        seconds = figure.median_seconds(
            lambda: subprocess.run(argv, check=True, capture_output=True),
            runs,
        )
    return figure.Figure(
        f'process, plan --replay: {words}', seconds, 's', target, runs
    )
