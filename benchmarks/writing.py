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

"""A guest that writes all the time: how long it is silent, and bytes."""

import collections.abc

from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import filled_disk
from benchmarks import plain_copy
from benchmarks import trip
from lab import lab_homes
from lab import laboratory

_HELD = content.Content(size_mib=256)
# A gap of 0.2 s that differs by a tenth from one time to the next.
_MORE_RUNS = 2


def figures(runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Move the guest by us and by virsh in turns."""
    runs *= _MORE_RUNS
    disk = filled_disk.FilledFile(
        format='raw', size_mib=_HELD.size_mib, content=_HELD
    )
    with laboratory.Lab.open({}, lab_homes.own_home('bench')) as lab:
        found = trip.in_turns(
            lab,
            trip.Setting({'vda': disk}, trip.BUSY),
            (contender.Ours(), contender.VirshWithList()),
            runs,
        )
        needed = int(found['ours'].median('needed'))
        _, floor = plain_copy.measure(lab, needed)
    for name, trips in found.items():
        yield figure.ratio(
            f'bytes, writing guest: {name} / plain copy',
            trips.all('wire_bytes'),
            [float(floor)],
        )
    yield figure.ratio(
        'downtime, writing guest: ours / virsh with the list',
        found['ours'].all('silence'),
        found['virsh with the list'].all('silence'),
        1.0,
    )
    for name, trips in found.items():
        yield figure.Figure(
            f'downtime, writing guest: {name}',
            trips.median('silence'),
            's',
            None,
            runs,
        )
