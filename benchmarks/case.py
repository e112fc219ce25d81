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

"""A local disk that is copied beside one that is shared."""

import collections.abc
import dataclasses
import statistics

from benchmarks import contender
from benchmarks import content
from benchmarks import figure
from benchmarks import filled_disk
from benchmarks import plain_copy
from benchmarks import trip
from lab import laboratory
from lab.storage import shared_disks

SHARED_MIB = 256


@dataclasses.dataclass(frozen=True)
class Case:
    """What is on the disk, and at most how much time and bytes it takes."""

    name: str
    held: content.Content
    time_target: float | None = None
    bytes_target: float | None = 1.1

    def figures(
        self, lab: laboratory.Lab, runs: int
    ) -> collections.abc.Generator[figure.Figure, None, dict[str, trip.Trips]]:
        """Move it by each in turns; return all trips, by who went."""
        found = trip.in_turns(
            lab,
            setting(self.held),
            (contender.Ours(), contender.VirshWithList()),
            runs,
        )
        ours, virsh = found['ours'], found['virsh with the list']
        needed = int(ours.median('needed'))
        floor = [plain_copy.measure(lab, needed) for _ in range(runs)]
        seconds = [took for took, _ in floor]
        counts = [float(count) for _, count in floor]
        for name, trips in found.items():
            yield figure.ratio(
                f'bytes, {self.name}: {name} / plain copy',
                trips.all('wire_bytes'),
                counts,
                self.bytes_target if trips is ours else None,
            )
        yield figure.ratio(
            f'time, {self.name}: ours / virsh with the list',
            ours.all('seconds'),
            virsh.all('seconds'),
            self.time_target,
        )
        for name, trips in found.items():
            yield figure.Figure(
                f'time, {self.name}: {name}',
                trips.median('seconds'),
                's',
                None,
                runs,
            )
        yield figure.Figure(
            f'time, {self.name}: plain copy',
            statistics.median(seconds),
            's',
            None,
            runs,
        )
        yield figure.Figure(
            f'bytes, {self.name}, check of the counters: plain copy / payload',
            statistics.median(counts) / needed,
            'ratio',
            None,
            runs,
        )
        return found


def setting(held: content.Content) -> trip.Setting:
    """Describe the guest."""
    return trip.Setting(
        {
            'vda': filled_disk.FilledFile(
                format='raw', size_mib=held.size_mib, content=held
            ),
            'vdb': shared_disks.SharedNetwork(size_mib=SHARED_MIB),
        }
    )
