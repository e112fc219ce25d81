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

"""What our command costs against virsh with the same list by hand."""

import collections.abc
import dataclasses
import os
import pathlib
import statistics
import sys
import time

from benchmarks import figure
from lab import guest as lab_guest
from lab import host as lab_host
from lab import lab as lab_
from lab import local_disk
from lab import records
from lab import shared_disk

_PROGRAM = pathlib.Path(sys.executable).with_name('nova-selective-migrate')
_RUNS = 5
_DISK_MIB = 512
_MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one migration took."""

    seconds: float
    resident_mib: float


def figures() -> collections.abc.Iterator[figure.Figure]:
    """Move one guest there and back, by us and by virsh in turns."""
    with lab_.Lab.open() as lab:
        guest = lab_guest.Guest(
            lab,
            'bench',
            {
                'vda': local_disk.LocalFile(format='raw', size_mib=_DISK_MIB),
                'vdb': shared_disk.SharedNetwork(size_mib=_DISK_MIB),
            },
            workload=records.Workload(cold_mib=_DISK_MIB // 2),
        )
        guest.define_and_start(lab.a)
        guest.wait_for_records(lab.a, 10, timeout=300)
        ours, theirs = [], []
        here, there = lab.a, lab.b
        for _ in range(_RUNS):
            # Both ways by each, so that no host is anybody's advantage.
            for costs, migrate in ((ours, _ours), (theirs, _virsh)) * 2:
                costs.append(migrate(guest, here, there))
                here.path(guest.place('vda').local('raw')).unlink()
                here, there = there, here
        guest.stop(here)
    mine = statistics.median(cost.seconds for cost in ours)
    virsh = statistics.median(cost.seconds for cost in theirs)
    yield figure.Figure(
        'migrate / virsh migrate, wall time',
        mine / virsh,
        'ratio',
        1.05,
        _RUNS,
    )
    yield figure.Figure(
        'migrate, resident memory',
        max(cost.resident_mib for cost in ours),
        'MiB',
        80,
        _RUNS,
    )


def _ours(
    guest: lab_guest.Guest, here: lab_host.Host, there: lab_host.Host
) -> Cost:
    return _run(
        here,
        [_PROGRAM, 'migrate', guest.name, there.remote_uri]
        + ['--migrate-uri', f'tcp://{there.address}'],
    )


def _virsh(
    guest: lab_guest.Guest, here: lab_host.Host, there: lab_host.Host
) -> Cost:
    # Making the image is part of our time, and not of virsh's.
    guest.prepare_destination(there)
    return _run(
        here,
        ['virsh', '-c', here.uri, 'migrate', '--live', '--p2p']
        + ['--persistent', '--undefinesource', '--copy-storage-all']
        + ['--migrate-disks', 'vda', guest.name, there.remote_uri]
        + [f'tcp://{there.address}'],
    )


def _run(
    host: lab_host.Host, argv: collections.abc.Sequence[str | pathlib.Path]
) -> Cost:
    with open(os.devnull, 'w') as nowhere:
        started = time.perf_counter()
        running = host.popen(argv, stdout=nowhere, stderr=nowhere)
        _, status, used = os.wait4(running.pid, 0)
        seconds = time.perf_counter() - started
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f'{argv} ended with {running.returncode}')
    # Linux counts it in KiB.
    return Cost(seconds, used.ru_maxrss * 1024 / _MIB)
