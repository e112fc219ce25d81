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

"""Many guests at once, some from a to b and some from b to a."""

import contextlib
import random
import time

from lab.faults import host_inspection
from lab.faults import verification
from lab.faults.command_line import CommandLine
from lab.faults.command_line import Said
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_kinds import Fault
from lab.faults.trial_results import TrialResult
from lab.guests import monitor_log
from lab.guests.lab_guest import Guest
from lab.guests.written_records import Workload
from lab.hosts.lab_host import Host
from lab.storage.local_disks import LocalFile
from lab.storage.shared_disks import SharedNetwork

_BEFORE = 10
_EACH_WAY = 3
_BANDWIDTH = '16'
_SIZE_MIB = 16


def run(world: FaultHosts, seed: int, *, cut: bool) -> list[TrialResult]:
    """Let guests cross, and return a row for each of them.

    :param cut: cut the wire under them, and heal it
    """
    return _Crossing(world, seed, cut).run()


class _Crossing:
    def __init__(self, world: FaultHosts, seed: int, cut: bool) -> None:
        self.world = world
        self.lab = world.lab
        self.seed = seed
        self.cut = cut
        self.chance = random.Random(seed)  # noqa: S311 - to be repeated
        self.guests = [
            (self._guest(f'x{seed:06d}{way}{number}'), source)
            for number in range(_EACH_WAY)
            for way, source in enumerate(self.lab.hosts)
        ]

    def _guest(self, name: str) -> Guest:
        return Guest(
            self.lab,
            name,
            {
                'vda': LocalFile(format='qcow2', size_mib=_SIZE_MIB),
                'vdb': SharedNetwork(size_mib=_SIZE_MIB),
                'vdc': LocalFile(format='raw', size_mib=_SIZE_MIB),
            },
            memory_mib=80,
            workload=Workload(slots=256, interval_us=5000, cold_mib=4),
        )

    def run(self) -> list[TrialResult]:
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.callback(lambda: self.lab.reset())
            stack.callback(self.world.mend)
            for guest, source in self.guests:
                guest.define_and_start(source)
            for guest, source in self.guests:
                guest.wait_for_records(source, _BEFORE)
            marks = {h.name: monitor_log.mark(h) for h in self.lab.hosts}
            said = self._migrate()
            self.world.mend()
            return [
                self._judge(guest, source, each, marks, began)
                for (guest, source), each in zip(
                    self.guests, said, strict=True
                )
            ]

    def _migrate(self) -> list[Said]:
        programs = []
        for guest, source in self.guests:
            options = ['--bandwidth', _BANDWIDTH]
            if self.chance.choice((True, False)):
                options.append('--direct')
            programs.append(
                CommandLine(source, self._other(source), guest.name, options)
            )
        for program in programs:
            program.start()
        if self.cut:
            time.sleep(self.chance.uniform(1, 4))
            self.world.cut()
            time.sleep(self.chance.uniform(1, 6))
            self.world.heal()
        return [program.end() for program in programs]

    def _other(self, host: Host) -> Host:
        (other,) = (h for h in self.lab.hosts if h is not host)
        return other

    def _judge(
        self,
        guest: Guest,
        source: Host,
        said: Said,
        marks: dict[str, int],
        began: float,
    ) -> TrialResult:
        found = host_inspection.settled(self.lab, guest.name)
        turned = found if source is self.lab.a else _turned(found)
        places = {'a': self.lab.a, 'b': self.lab.b}
        missing = 0
        defects: list[str] = []
        if found.place in places:
            missing, defects = verification.lost(guest, places[found.place])
        fault = Fault.WIRE_HEALED.value if self.cut else 'none'
        return TrialResult(
            driver='cli',
            phase='any',
            fault=f'{2 * _EACH_WAY} guests crossing, {fault}',
            seed=self.seed,
            inflicted=self.cut,
            outcome=said.outcome,
            truth=turned.place,
            seconds=round(time.monotonic() - began, 1),
            lost_records=missing,
            shared_written=verification.shared_written(
                self.lab, guest, ['vdb'], marks
            ),
            double_run=verification.runs_twice(guest, found),
            untrue=not verification.is_true(said.outcome, turned),
            unlisted=verification.unlisted(
                turned, said.outcome, said.left, ()
            ),
            listed=len(said.left),
            said=said.text,
            found=(*defects, str(found.states)),
        )


def _turned(found: host_inspection.Inspection) -> host_inspection.Inspection:
    """Return a look in which a is where the guest came from."""
    names = {'a': 'b', 'b': 'a'}
    return host_inspection.Inspection(
        {names[n]: state for n, state in found.states.items()},
        {names[n]: count for n, count in found.emulators.items()},
        {names[n]: files for n, files in found.files.items()},
        found.ours,
        frozenset(names[n] for n in found.torn),
    )
