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

"""Whether a migration keeps to the bandwidth that was asked for."""

import collections.abc

from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import filled_disk
from benchmarks import trip
from lab import lab_homes
from lab import laboratory

_ASKED_MIB = 64
# QEMU sends the first 16 MiB of a disk at once.
_TOTAL_MIB = 1024
_DISKS = (1, 2, 8)
_KEPT = (0.85, 1.05)


def figures(runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Copy the same amount as one disk and as several.

    The rate is that of the wire, memory included, between a tenth and nine
    tenths of all bytes: without the start and the end.
    """
    with laboratory.Lab.open({}, lab_homes.own_home('bench')) as lab:
        for count in _DISKS:
            found = trip.in_turns(
                lab,
                _setting(count),
                (
                    contender.Ours(_ASKED_MIB),
                    contender.VirshWithList(_ASKED_MIB),
                ),
                # Long, and even: one that is asked to be slow is.
                max(1, runs // 2),
            )
            for name, trips in found.items():
                yield figure.Figure(
                    f'bandwidth, {count} disks: {name} / asked',
                    trips.median('rate') / content.MIB / _ASKED_MIB,
                    'ratio',
                    _KEPT if name == 'ours' else None,
                    len(trips.trips),
                )


def _setting(count: int) -> trip.Setting:
    held = content.Content(size_mib=_TOTAL_MIB // count)
    disk = filled_disk.FilledFile(
        format='raw', size_mib=held.size_mib, content=held
    )
    return trip.Setting({f'vd{chr(97 + n)}': disk for n in range(count)})
