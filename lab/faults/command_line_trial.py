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

"""One migration by our command line, with one fault."""

import contextlib
from dataclasses import dataclass
import random
import time

from lab.faults import command_line
from lab.faults import host_inspection
from lab.faults import told_outcomes
from lab.faults import verification
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_injection import Inflictor
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase
from lab.faults.migration_phases import Watch
from lab.faults.trial_results import TrialResult
from lab.guests import monitor_log
from lab.guests.lab_guest import Guest
from lab.guests.written_records import Workload
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.storage.cdrom_drives import Cdrom
from lab.storage.guest_disks import Disk
from lab.storage.local_disks import LocalFile
from lab.storage.shared_disks import SharedNetwork

_BEFORE = 10
#: MiB/s: slow enough for a phase to last.
_BANDWIDTH = '16'
_SIZE_MIB = 32
_ROOM_MIB = 6
#: What the drive of a trial with media has in it.
_MEDIUM = Cdrom(size_mib=4)
_DRIVE = 'sda'


@dataclass(frozen=True)
class Trial:
    """What is tried.

    :ivar direct: whether our program manages the migration, and not the
        source's daemon
    :ivar mapped: whether the destination has its images at another path
    :ivar media: whether the guest has a medium that is brought over
    """

    fault: Fault
    phase: Phase | None
    seed: int
    direct: bool
    mapped: bool = False
    media: bool = False

    @property
    def driver(self) -> str:
        """Return who migrates, and how, for the record."""
        words = ['cli direct' if self.direct else 'cli peer to peer']
        words += ['mapped'] if self.mapped else []
        words += ['with media'] if self.media else []
        return ', '.join(words)

    def run(self, world: FaultHosts) -> TrialResult:
        """Run it; the world works again afterwards."""
        return _Run(self, world).run()


class _Run:
    def __init__(self, trial: Trial, world: FaultHosts) -> None:
        self.trial = trial
        self.world = world
        self.lab = world.lab
        self.chance = random.Random(trial.seed)  # noqa: S311 - to be repeated
        self.guest = Guest(
            self.lab,
            f'f{trial.seed:07d}',
            self._disks(),
            memory_mib=80,
            workload=Workload(
                slots=512,
                interval_us=self.chance.choice((0, 0, 2000)),
                cold_mib=8,
            ),
        )
        self.program = command_line.CommandLine(
            self.lab.a, self.lab.b, self.guest.name, self._options()
        )

    def _disks(self) -> dict[str, Disk]:
        kinds = self.chance.sample(('qcow2', 'raw'), 2)
        if self.trial.fault in (Fault.OTHER_SIZE, Fault.OTHER_FORMAT):
            kinds = ['qcow2', 'qcow2']
        disks: dict[str, Disk] = {
            'vda': LocalFile(format=kinds[0], size_mib=_SIZE_MIB),
            'vdb': SharedNetwork(size_mib=_SIZE_MIB),
            'vdc': LocalFile(format=kinds[1], size_mib=_SIZE_MIB),
        }
        if self.trial.media:
            disks[_DRIVE] = _MEDIUM
        return disks

    def _options(self) -> list[str]:
        options = ['--bandwidth', _BANDWIDTH]
        if self.trial.direct:
            options.append('--direct')
        if self.trial.phase is Phase.POST_COPY:
            options.append('--post-copy')
        if self.trial.mapped:
            options += ['--map', f'{IMAGES}={command_line.ELSEWHERE}']
        if self.trial.media:
            options.append('--copy-media')
        if self.trial.fault in (Fault.OTHER_SIZE, Fault.OTHER_FORMAT):
            options += ['--existing', 'vda']
        return options

    @property
    def copied(self) -> list[str]:
        """Return the targets that are to be copied."""
        disks = self.guest.disks.items()
        return [t for t, disk in disks if isinstance(disk, LocalFile)]

    def run(self) -> TrialResult:
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.callback(self._forget)
            stack.callback(self.world.mend)
            self.guest.define_and_start(self.lab.a)
            self.guest.wait_for_records(self.lab.a, _BEFORE)
            marks = {h.name: monitor_log.mark(h) for h in self.lab.hosts}
            self._prepare(stack)
            inflicted, said = self._migrate()
            self.world.mend()
            found = host_inspection.settled(self.lab, self.guest.name)
            looked = time.time()
            return self._judge(marks, inflicted, said, found, began, looked)

    def _prepare(self, stack: contextlib.ExitStack) -> None:
        """Make the faults that are there before the migration."""
        fault, b = self.trial.fault, self.lab.b
        if self.trial.mapped:
            # Another path of one directory: what looks for files knows it.
            b.run(['ln', '-sfn', IMAGES, command_line.ELSEWHERE])
        if fault is Fault.NBD_FILTERED:
            self.world.filter_nbd(on=True)
        elif fault is Fault.DISK_FULL:
            self.world.shrink(_ROOM_MIB)
            stack.callback(self.world.widen)
        elif fault in (Fault.OTHER_SIZE, Fault.OTHER_FORMAT):
            size = fault is Fault.OTHER_SIZE
            other = LocalFile(
                format='qcow2' if size else 'raw',
                size_mib=_SIZE_MIB + (1 if size else 0),
            )
            place = self.guest.place('vda')
            other.prepare_destination(place, b)
            wanted = self.guest.disks['vda'].image(place)[1]
            made = other.image(place)[1]
            if made != wanted:
                b.run(['mv', made, wanted])

    def _migrate(self) -> tuple[bool, command_line.Said]:
        """Migrate, inflict the fault, and return what was said."""
        fault, phase = self.trial.fault, self.trial.phase
        watch = Watch(self.lab)
        inflictor = Inflictor(
            self.world, self.guest.name, self.program, self.chance
        )
        self.program.start()
        inflicted = fault is not Fault.NONE
        if phase is not None:
            inflicted = inflictor.at(watch, phase, len(self.copied), fault)
        if fault is Fault.PROGRAM and inflicted:
            time.sleep(self.chance.choice((0, 0, 1.5, 6)))
            return True, self.program.resume_report()
        said = self.program.end()
        inflictor.join()
        return inflicted, said

    def _judge(
        self,
        marks: dict[str, int],
        inflicted: bool,
        said: command_line.Said,
        found: host_inspection.Inspection,
        began: float,
        looked: float,
    ) -> TrialResult:
        shared = set(self.guest.disks) - set(self.copied)
        written = verification.shared_written(
            self.lab, self.guest, shared, marks
        )
        told = told_outcomes.judge(self.program, said, found)
        untrue, texts = told.untrue, [told.text]
        if self.program.second is not None:
            second = self.program.second.end()
            texts.append(f'second: {second.outcome}, {second.text}')
            # The guest that the first has moved is not its own success.
            untrue |= second.outcome == 'moved'
        listed = self.program.cleanup()
        remains = verification.unlisted(found, said.outcome, told.left, listed)
        if self.trial.fault in (Fault.OTHER_SIZE, Fault.OTHER_FORMAT):
            # The image that we put there.
            remains = tuple(r for r in remains if '-vda' not in r)
        if self.trial.media:
            # Who put it there keeps it; other guests may have it as well.
            theirs = f'a: {self._medium}'
            remains = tuple(r for r in remains if r != theirs)
        missing, defects = self._lost(found)
        if self.trial.media and found.place == 'b' and self._medium_differs():
            missing, defects = missing + 1, [*defects, 'the medium differs']
        return TrialResult(
            driver=self.trial.driver,
            phase=self.trial.phase.words if self.trial.phase else '',
            fault=self.trial.fault.value,
            seed=self.trial.seed,
            inflicted=inflicted,
            outcome=said.outcome,
            truth=found.place,
            seconds=round(time.monotonic() - began, 1),
            lost_records=missing,
            shared_written=written,
            double_run=verification.runs_twice(self.guest, found),
            on_both=verification.seconds_on_both(
                self.lab, self.guest, marks, looked
            ),
            untrue=untrue,
            unlisted=remains,
            listed=len(told.left) + len(listed),
            afterwards=told.afterwards,
            said=' | '.join(texts),
            found=(*defects, str(found.states)),
        )

    def _lost(
        self, found: host_inspection.Inspection
    ) -> tuple[int, list[str]]:
        for host in self.lab.hosts:
            self.guest.stop(host)
        names, tried = verification.whole_at(found), []
        for host in self.lab.hosts:
            if host.name in names and found.files[host.name]:
                # A guest that went on twice has said things of both.
                seen = [host] if found.place == 'both' else ()
                tried.append(verification.lost(self.guest, host, seen))
        return min(tried) if tried else (1, ['no host has its files'])

    @property
    def _medium(self) -> str:
        _, path = _MEDIUM.image(self.guest.place(_DRIVE))
        return path

    def _medium_differs(self) -> bool:
        """Tell whether the guest has another medium where it has gone."""
        path = self._medium

        def held(host: Host) -> bytes:
            file = host.path(path)
            return file.read_bytes() if file.exists() else b''

        return held(self.lab.a) != held(self.lab.b)

    def _forget(self) -> None:
        for host in self.lab.hosts:
            self.guest.stop(host)
        self.lab.reset()
