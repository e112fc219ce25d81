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

"""One guest, started for it, goes from one host to the other."""

import collections.abc
import dataclasses
import statistics
import subprocess
import time
import typing

from benchmarks import contender
from benchmarks import filled_disk
from benchmarks import guest_memory
from benchmarks import peak_memory
from benchmarks import silence
from benchmarks import wire_counter
from lab import laboratory
from lab.guests import lab_guest
from lab.guests import written_records
from lab.storage import guest_disks

_NAME = 'bench'
#: One record a second: a guest that does nothing else.
IDLE = written_records.Workload(slots=64, interval_us=1_000_000, cold_mib=0)
#: A record a millisecond, each made durable.
BUSY = written_records.Workload(slots=64, interval_us=1_000, cold_mib=0)


@dataclasses.dataclass(frozen=True)
class Trip:
    """What was seen of one migration.

    :ivar silence: seconds that the guest said nothing
    :ivar rate: bytes a second while it went on
    :ivar allocated: bytes at the destination, by target
    :ivar needed: bytes of disks and memory that are not zero
    """

    seconds: float
    wire_bytes: int
    silence: float
    rate: float
    allocated: dict[str, int]
    needed: int
    resident_bytes: int


@dataclasses.dataclass(frozen=True)
class Setting:
    """Which guest goes."""

    disks: collections.abc.Mapping[str, guest_disks.Disk]
    workload: written_records.Workload = IDLE

    def go(self, lab: laboratory.Lab, by: contender.Contender) -> Trip:
        """Start the guest on the first host and move it to the second."""
        lab.reset()
        here, there = lab.a, lab.b
        guest = lab_guest.Guest(lab, _NAME, self.disks, workload=self.workload)
        console = [host.path(guest._console) for host in (here, there)]
        for file in console:
            file.unlink(missing_ok=True)
        guest.define_and_start(here)
        guest.wait_for_records(here, 2, timeout=300)
        for target, disk in self.disks.items():
            if isinstance(disk, filled_disk.FilledBlock):
                disk.prepare_destination(guest.place(target), there)
        needed = self.data_bytes + guest_memory.needed_bytes(guest)
        with (
            by.beside(guest, here, there),
            silence.Silence(*console) as silent,
            wire_counter.Counted(lab) as wire,
        ):
            started = time.perf_counter()
            by.prepare(guest, there)
            running = here.popen(
                by.argv(guest, there),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            with peak_memory.PeakMemory(running.pid) as peak:
                running.wait()
            seconds = time.perf_counter() - started
        if running.returncode:
            raise RuntimeError(f'{by.name} ended with {running.returncode}')
        guest.stop(there)
        return Trip(
            seconds=seconds,
            wire_bytes=wire.bytes,
            silence=silent.seconds,
            rate=wire.rate(),
            allocated={
                target: disk.allocated(guest.place(target), there)
                for target, disk in self.disks.items()
                if isinstance(disk, filled_disk.Filled)
            },
            needed=needed,
            resident_bytes=peak.bytes,
        )

    @property
    def data_bytes(self) -> int:
        """Return what is not zero on the local disks."""
        return sum(
            disk.content.data_bytes
            for disk in self.disks.values()
            if isinstance(disk, filled_disk.Filled)
        )


@dataclasses.dataclass(frozen=True)
class Trips:
    """Several trips of one contender."""

    trips: collections.abc.Sequence[Trip]

    def all(self, name: str) -> list[float]:
        """Return one field of each."""
        return [float(getattr(trip, name)) for trip in self.trips]

    def median(self, name: str) -> float:
        """Return the median of one field."""
        return statistics.median(self.all(name))


def in_turns(
    lab: laboratory.Lab,
    setting: Setting,
    contenders: collections.abc.Sequence[contender.Contender],
    runs: int,
) -> dict[str, Trips]:
    """Let each go so many times, in turns."""
    found: dict[str, list[typing.Any]] = {one.name: [] for one in contenders}
    for _ in range(runs):
        for one in contenders:
            found[one.name].append(setting.go(lab, one))
    return {name: Trips(trips) for name, trips in found.items()}
