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

"""Break migrations of guests on logical volumes, on purpose.

Device mapper knows no namespaces, so the hosts have kernels of their own, and
a fault is inflicted from inside of them. To be run as root:

    python -m lab.faults.volume_trials --seed 1 --runs 24 --output FILE
"""

import argparse
import contextlib
from dataclasses import dataclass
from dataclasses import replace
import json
from pathlib import Path
import random
import sys
import time

from lab.errors import LabError
from lab.faults import command_line
from lab.faults import host_inspection
from lab.faults import told_outcomes
from lab.faults import verification
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_kinds import Fault
from lab.faults.trial_results import totals
from lab.faults.trial_results import TrialResult
from lab.guests.lab_guest import Guest
from lab.guests.written_records import Workload
from lab.hosts import libvirtd
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.laboratory import Lab
from lab.processes import waiting
from lab.processes.process_journal import Journal
from lab.storage import volume_groups
from lab.storage.guest_disks import Disk
from lab.storage.local_disks import LocalFile
from lab.storage.moved_disks import MovedDisk
from lab.storage.volume_disks import LogicalVolume

GROUP = 'nsm'
_SIZE_MIB = 24
_BEFORE = 10
#: MiB/s of both disks: a copy takes twelve seconds.
_BANDWIDTH = '4'
_PATIENCE = 300
_OURS = 'nova-selective-migrate'
_FAULTS = (
    Fault.ABORT,
    Fault.TERMINATED,
    Fault.PROGRAM,
    Fault.SOURCE_LIBVIRTD,
    Fault.DESTINATION_LIBVIRTD,
    Fault.DESTINATION_QEMU,
    Fault.WIRE_HEALED,
    Fault.NONE,
)


@dataclass(frozen=True)
class VolumeTrial:
    """What is tried.

    :ivar mapped: whether files of the source become volumes; otherwise both
        hosts have volumes of one name
    """

    fault: Fault
    seed: int
    direct: bool
    mapped: bool

    def run(self, world: FaultHosts) -> TrialResult:
        """Run it; the hosts work again afterwards."""
        return _Run(self, world).run()


class _Run:
    def __init__(self, trial: VolumeTrial, world: FaultHosts) -> None:
        self.trial = trial
        self.world = world
        self.lab = world.lab
        self.chance = random.Random(trial.seed)  # noqa: S311 - to be repeated
        disk: Disk = LogicalVolume(size_mib=_SIZE_MIB, group=GROUP)
        options = ['--bandwidth', _BANDWIDTH]
        if trial.mapped:
            disk = LocalFile(size_mib=_SIZE_MIB, format='raw')
            options += ['--map', f'{IMAGES}=/dev/{GROUP}']
        if trial.direct:
            options.append('--direct')
        self.guest = Guest(
            self.lab,
            f'v{trial.seed:07d}',
            {'vda': disk, 'vdb': disk},
            memory_mib=80,
            workload=Workload(slots=512, interval_us=5000, cold_mib=8),
        )
        self.program = command_line.CommandLine(
            self.lab.a, self.lab.b, self.guest.name, options
        )

    def run(self) -> TrialResult:
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.callback(self._forget)
            stack.callback(self._mend)
            self.guest.define_and_start(self.lab.a)
            self.guest.wait_for_records(self.lab.a, _BEFORE, _PATIENCE)
            self.program.start()
            inflicted = self.trial.fault is not Fault.NONE
            if inflicted:
                inflicted = self._copies()
            if inflicted:
                time.sleep(self.chance.choice((0, 1, 4, 9, 13)))
                inflicted = not self.program.over
            said = self._inflict() if inflicted else self.program.end()
            self._mend()
            found = host_inspection.until_calm(self._look, self.guest.name)
            return self._judge(inflicted, said, found, began)

    def _copies(self) -> bool:
        """Wait until a disk is copied; False where it ended before."""

        def seen() -> bool:
            asked = ['blockjob', self.guest.name, 'vda', '--raw']
            job = self.lab.a.virsh(*asked, check=False)
            return self.program.over or 'Copy' in job.stdout

        waiting.until(seen, 'the copy of vda', _PATIENCE)
        return not self.program.over

    def _inflict(self) -> command_line.Said:
        fault, a, b = self.trial.fault, self.lab.a, self.lab.b
        if fault is Fault.PROGRAM:
            self._kill(a, f'migrate {self.guest.name}')
            self.program.end()
            time.sleep(self.chance.choice((0, 2, 6)))
            return self.program.resume_report()
        if fault is Fault.ABORT:
            self.program.interrupt()
        elif fault is Fault.TERMINATED:
            self.program.terminate()
        elif fault is Fault.DESTINATION_QEMU:
            self._kill(b, f'guest={self.guest.name},')
        elif fault is Fault.WIRE_HEALED:
            self.world.cut()
            time.sleep(self.chance.uniform(1, 6))
            self.world.heal()
        else:
            host = a if fault is Fault.SOURCE_LIBVIRTD else b
            host.run(['pkill', '-KILL', '-x', 'libvirtd'])
            waiting.until(
                lambda: not self.world.libvirtd(host).alive,
                'the end of libvirtd',
                _PATIENCE,
            )
            time.sleep(self.chance.choice((0, 3)))
            self.world.start_libvirtds()
        return self.program.end()

    @staticmethod
    def _kill(host: Host, words: str) -> None:
        host.run(['pkill', '-KILL', '-f', words], check=False)

    def _mend(self) -> None:
        self.world.heal()
        self.world.start_libvirtds()
        journal = Journal(self.lab.home.journal)
        for host in self.lab.hosts:
            libvirtd.await_ready(journal, host)

    def _look(self) -> host_inspection.Inspection:
        states, emulators, files, ours = {}, {}, {}, []
        for host in self.lab.hosts:
            name = self.guest.name
            states[host.name] = self.guest.state(host)
            counted = ['pgrep', '-fc', f'guest={name},']
            emulators[host.name] = int(host.run(counted, check=False).stdout)
            folder = host.run(['find', IMAGES, '-type', 'f']).stdout.split()
            volumes = volume_groups.volumes(host, GROUP)
            paths = [*folder, *(f'/dev/{GROUP}/{v}' for v in volumes)]
            files[host.name] = frozenset(p for p in paths if name in p)
            pools = host.virsh('pool-list', '--all', '--name').stdout.split()
            ours += [
                f'{host.name}: {p}' for p in (*pools, *paths) if _OURS in p
            ]
        return host_inspection.Inspection(
            states, emulators, files, tuple(sorted(ours))
        )

    def _judge(
        self,
        inflicted: bool,
        said: command_line.Said,
        found: host_inspection.Inspection,
        began: float,
    ) -> TrialResult:
        told = told_outcomes.judge(self.program, said, found)
        listed = self.program.cleanup()
        missing, defects = self._lost(found)
        return TrialResult(
            driver=f'cli {"direct" if self.trial.direct else "peer to peer"}, '
            f'{"files to volumes" if self.trial.mapped else "volumes"}',
            phase='disks',
            fault=self.trial.fault.value,
            seed=self.trial.seed,
            inflicted=inflicted,
            outcome=said.outcome,
            truth=found.place,
            seconds=round(time.monotonic() - began, 1),
            lost_records=missing,
            double_run=verification.runs_twice(self.guest, found),
            untrue=told.untrue,
            unlisted=verification.unlisted(
                found, said.outcome, told.left, listed
            ),
            listed=len(told.left) + len(listed),
            afterwards=told.afterwards,
            said=told.text,
            found=(*defects, str(found.states)),
        )

    def _lost(
        self, found: host_inspection.Inspection
    ) -> tuple[int, list[str]]:
        for host in self.lab.hosts:
            self.guest.stop(host)
        tried = [
            verification.lost(self._at(host), host)
            for host in self.lab.hosts
            if host.name in verification.whole_at(found)
            and found.files[host.name]
        ]
        return min(tried) if tried else (1, ['no host has its disks'])

    def _at(self, host: Host) -> Guest:
        """Return the guest with its disks as a host has them."""
        if not self.trial.mapped or host is self.lab.a:
            return self.guest
        disks: dict[str, Disk] = {}
        for target, disk in self.guest.disks.items():
            name = Path(disk.image(self.guest.place(target))[1]).name
            disks[target] = MovedDisk(
                size_mib=_SIZE_MIB, origin=disk, path=f'/dev/{GROUP}/{name}'
            )
        return replace(self.guest, disks=disks)

    def _forget(self) -> None:
        for host in self.lab.hosts:
            self.guest.stop(host)
            for name in volume_groups.volumes(host, GROUP):
                if self.guest.name in name:
                    volume_groups.Volume(host, GROUP, name).remove()
            pattern = f'{self.guest.name}-*'
            host.run(['find', IMAGES, '-name', pattern, '-delete'])


def trials(seed: int, runs: int) -> list[VolumeTrial]:
    """Return so many, each kind of fault as often as the others."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated
    return [
        VolumeTrial(
            _FAULTS[number % len(_FAULTS)],
            chance.randrange(10**7),
            direct=chance.choice((True, False)),
            mapped=chance.choice((True, False)),
        )
        for number in range(runs)
    ]


def _results(seed: int, runs: int) -> 'list[TrialResult]':
    rows: list[TrialResult] = []
    with contextlib.ExitStack() as stack:
        lab = stack.enter_context(Lab.open(own_kernels=True))
        world = FaultHosts(lab)
        world.hurry()
        for host in lab.hosts:
            group = volume_groups.VolumeGroup.create(host, GROUP)
            stack.callback(group.remove)
            host.virsh(
                *('pool-create-as', GROUP, 'logical'),
                *('--source-name', GROUP, '--target', f'/dev/{GROUP}'),
            )
            stack.callback(host.virsh, 'pool-destroy', GROUP, check=False)
        for trial in trials(seed, runs):
            row = trial.run(world)
            rows.append(row)
            print(row.words, flush=True)
    return rows


def main() -> int:
    """Run them; 0 where nothing was seen that must not be."""
    parser = argparse.ArgumentParser(prog='python -m lab.faults.volume_trials')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--runs', type=int, default=len(_FAULTS))
    parser.add_argument('--output', type=Path, default=Path('faults.json'))
    arguments = parser.parse_args()
    try:
        rows = _results(arguments.seed, arguments.runs)
    except LabError as err:
        print(f'volume_trials: {err}', file=sys.stderr)
        return 2
    summary = totals(rows)
    arguments.output.write_text(f'{json.dumps(summary, indent=1)}\n')
    del summary['rows']
    print(', '.join(f'{value} {name}' for name, value in summary.items()))
    return int(not all(row.clean for row in rows))


if __name__ == '__main__':
    sys.exit(main())
