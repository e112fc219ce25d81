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

"""Where the time of one migration of ours goes."""

import collections.abc
import dataclasses
import itertools
import json
import pathlib
import statistics
import sys
import time

from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import filled_disk
from benchmarks import marks
from benchmarks import trip
from lab import lab_homes
from lab import laboratory
from lab.guests import lab_guest
from lab.hosts import lab_host

_HELD = content.Content(size_mib=256)
_TIMES = '/var/lib/libvirt/images/bench.times'


@dataclasses.dataclass(frozen=True)
class _Marked(contender.Ours):
    """Our command, with a clock in it."""

    def argv(self, guest: lab_guest.Guest, there: lab_host.Host) -> list[str]:
        """Run the same in a module that notes the time."""
        _, *arguments = super().argv(guest, there)
        now = str(time.perf_counter())
        program = str(lab_homes.REPOSITORY / 'benchmarks' / 'marks.py')
        return [sys.executable, program, now, _TIMES, *arguments]


def figures(runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Take the times of a dense disk that is copied."""
    disk = filled_disk.FilledFile(
        format='raw', size_mib=_HELD.size_mib, content=_HELD
    )
    taken: list[list[float]] = []
    with laboratory.Lab.open({}, lab_homes.own_home('bench')) as lab:
        times = pathlib.Path(lab.a.path(_TIMES))
        for _ in range(runs):
            seen = trip.Setting({'vda': disk}).go(lab, _Marked())
            began = json.loads(times.read_text())
            began.append(began[0] + seen.seconds)
            taken.append([b - a for a, b in itertools.pairwise(began)])
    for name, each in zip(marks.PHASES, zip(*taken, strict=True), strict=True):
        yield figure.Figure(
            f'phase, {_HELD.size_mib} MiB: {name}',
            statistics.median(each),
            's',
            None,
            runs,
        )
