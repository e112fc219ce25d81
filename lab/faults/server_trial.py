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

"""One migration by nova's computes with our driver, with one fault."""

from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
from pathlib import Path
import random
import time

from lab.faults import host_inspection
from lab.faults import verification
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_injection import Inflictor
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase
from lab.faults.migration_phases import Watch
from lab.faults.server_migration import MigratingServer
from lab.faults.trial_results import TrialResult
from lab.guests import monitor_log
from lab.guests.written_records import Workload
from lab.hosts.lab_host import Host
from lab.nova import nova_cloud
from lab.nova import nova_settings
from lab.nova.nova_server import acknowledged_in
from lab.nova.nova_server import Server
from lab.nova.nova_settings import INSTANCES
from lab.nova.server_boot import boot
from lab.nova.server_boot import Description

_BEFORE = 10
_BANDWIDTH = 16
_OPTIONS: nova_settings.Options = {
    'selective_migrate': {'enabled': 'true'},
    'libvirt': {'live_migration_bandwidth': _BANDWIDTH},
}
#: The image and the swap disk; the volume is shared.
_COPIED = ('vda', 'vdb')
#: Then a nova-compute has ended, or will, and is started again.
_RESTARTED = (
    Fault.PROGRAM,
    Fault.PEER,
    Fault.TERMINATED,
    Fault.PEER_TERMINATED,
)


def start(
    world: FaultHosts, interpreter: Path, *, post_copy: bool = False
) -> nova_cloud.Cloud:
    """Start a nova-compute with our driver on each host.

    :param post_copy: whether memory may follow the guest
    """
    libvirt = {
        **_OPTIONS['libvirt'],
        'live_migration_permit_post_copy': str(post_copy).lower(),
    }
    wanted = nova_settings.Settings(
        nova_settings.PLUGIN, {**_OPTIONS, 'libvirt': libvirt}
    )
    return nova_cloud.Cloud.start(
        world.lab, interpreter, {'a': wanted, 'b': wanted}
    )


@dataclass(frozen=True)
class ServerTrial:
    """What is tried.

    :ivar nova: the version, for the record
    """

    fault: Fault
    phase: Phase | None
    seed: int
    nova: str

    def run(self, world: FaultHosts, cloud: nova_cloud.Cloud) -> TrialResult:
        """Run it; world and cloud work again afterwards."""
        return _Run(self, world, cloud).run()


class _Run:
    def __init__(
        self, trial: ServerTrial, world: FaultHosts, cloud: nova_cloud.Cloud
    ) -> None:
        self.trial = trial
        self.world = world
        self.lab = world.lab
        self.cloud = cloud
        self.chance = random.Random(trial.seed)  # noqa: S311 - to be repeated

    def run(self) -> TrialResult:
        began = time.monotonic()
        server = boot(self.cloud, self.lab.a, self._description())
        moving = MigratingServer(self.cloud, server)
        with contextlib.ExitStack() as stack:
            stack.callback(server.forget)
            stack.callback(self._repair, moving)
            disks = {
                target: image
                for target, image in server.disks(self.lab.a).items()
                if target.startswith('vd')
            }
            server.wait_for_records(self.lab.a, dict.fromkeys(disks, _BEFORE))
            marks = {h.name: monitor_log.mark(h) for h in self.lab.hosts}
            if self.trial.fault is Fault.NBD_FILTERED:
                self.world.filter_nbd(on=True)
            # The directory goes when the server has moved, not an open file.
            console = server.directory(self.lab.a) / 'console.log'
            with console.open('rb') as said:
                inflicted, outcome = self._migrate(moving)
                found = host_inspection.settled(self.lab, server.name)
                looked = time.time()
                acknowledged = acknowledged_in(said.read().decode('latin-1'))
            self._add_later(server, acknowledged)
            return self._judge(
                moving,
                disks,
                marks,
                inflicted,
                outcome,
                found,
                acknowledged,
                began,
                looked,
            )

    def _description(self) -> Description:
        kinds = (self.cloud.volumes.block, self.cloud.volumes.nfs)
        return Description(
            root_mib=32,
            swap_mib=16,
            volumes=(self.chance.choice(kinds)(),),
            config_drive=self.chance.choice((True, False)),
            memory_mib=80,
            workload=Workload(
                slots=512,
                interval_us=self.chance.choice((0, 2000)),
                cold_mib=4,
            ),
        )

    def _migrate(self, moving: MigratingServer) -> tuple[bool, str]:
        fault, phase = self.trial.fault, self.trial.phase
        watch = Watch(self.lab)
        inflictor = Inflictor(
            self.world, moving.server.name, moving, self.chance
        )
        moving.start()
        inflicted = fault is not Fault.NONE
        if phase is not None:
            inflicted = inflictor.at(watch, phase, len(_COPIED), fault)
        if fault in _RESTARTED:
            time.sleep(self.chance.choice((0, 1.5, 6)))
            moving.restart()
        outcome = moving.end()
        inflictor.join()
        self.world.mend()
        return inflicted, outcome

    def _repair(self, moving: MigratingServer) -> None:
        moving.restart()
        self.world.mend()

    def _add_later(self, server: Server, acknowledged: dict[str, int]) -> None:
        """Add what the guest acknowledged where it has gone to."""
        for host in self.lab.hosts:
            for disk, number in server.acknowledged(host).items():
                acknowledged[disk] = max(acknowledged.get(disk, 0), number)

    def _judge(
        self,
        moving: MigratingServer,
        disks: Mapping[str, tuple[str, str]],
        marks: Mapping[str, int],
        inflicted: bool,
        outcome: str,
        found: host_inspection.Inspection,
        acknowledged: dict[str, int],
        began: float,
        looked: float,
    ) -> TrialResult:
        server = moving.server
        touched: set[str] = set()
        for host in self.lab.hosts:
            mirrors = monitor_log.mirrors(host, server, marks[host.name])
            touched |= {mirror.target for mirror in mirrors}
        untrue = (
            not verification.is_true(outcome, found) or outcome == 'failed'
        )
        problems = self._records_problems(server, outcome, found)
        whole = {h.name: _whole(server, h, disks) for h in self.lab.hosts}
        problems += verification.deleted(found, whole)
        missing, defects = self._lost(server, disks, found, acknowledged)
        return TrialResult(
            driver=f'nova {self.trial.nova}',
            phase=self.trial.phase.words if self.trial.phase else '',
            fault=self.trial.fault.value,
            seed=self.trial.seed,
            inflicted=inflicted,
            outcome=outcome,
            truth=found.place,
            seconds=round(time.monotonic() - began, 1),
            lost_records=missing,
            shared_written=bool(touched - set(_COPIED)),
            double_run=len(found.running) > 1,
            on_both=verification.seconds_on_both(
                self.lab, server, marks, looked
            ),
            untrue=untrue or bool(problems),
            unlisted=self._unlisted(moving, outcome, found),
            said=moving.text,
            found=(*problems, *defects, str(found.states)),
        )

    def _records_problems(
        self, server: Server, outcome: str, found: host_inspection.Inspection
    ) -> list[str]:
        """Say which of nova's records are not so."""
        if outcome in ('unknown', 'hangs') or found.place not in ('a', 'b'):
            return []
        state, task, host = server.state
        wrong = []
        if (task, host) != (None, found.place):
            wrong.append(f'recorded {state} {task} on {host}')
        attached = self.cloud.volumes.attachments(server.id)
        for volume, hosts in attached.items():
            if hosts != [found.place]:
                wrong.append(f'volume {volume} attached to {hosts}')
        status = server.migrations[-1]['status']
        if (status == 'completed') != (found.place == 'b'):
            wrong.append(f'migration {status}')
        return wrong

    def _unlisted(
        self,
        moving: MigratingServer,
        outcome: str,
        found: host_inspection.Inspection,
    ) -> tuple[str, ...]:
        """Return what is left where the guest is not, named by nobody."""
        remains = [f'{each}' for each in found.ours]
        other = {'a': self.lab.b, 'b': self.lab.a}.get(found.place)
        if found.place == 'b' and outcome == 'unknown':
            other = None  # the source's own files, which stay with it then
        if other is not None:
            server = moving.server
            directory = server.directory(other)
            path = f'{INSTANCES}/{server.id}'
            if directory.exists() and path not in moving.named():
                remains += [
                    f'{other.name}: {name}' for name in server.files(other)
                ]
            if found.emulators[other.name]:
                remains.append(f'{other.name}: an emulator')
        return tuple(remains)

    def _lost(
        self,
        server: Server,
        disks: Mapping[str, tuple[str, str]],
        found: host_inspection.Inspection,
        acknowledged: dict[str, int],
    ) -> tuple[int, list[str]]:
        names = verification.whole_at(found)
        tried = []
        for host in self.lab.hosts:
            server.stop(host)
        for host in self.lab.hosts:
            if host.name in names and _whole(server, host, disks):
                if found.place == 'both':
                    # It has gone on twice, and said things of both.
                    acknowledged = server.acknowledged(host)
                reports = server.verify(host, disks, acknowledged)
                tried.append(verification.missing(reports.values()))
        return min(tried) if tried else (1, ['no host has all disks'])


def _whole(
    server: Server, host: Host, disks: Mapping[str, tuple[str, str]]
) -> bool:
    return all(host.path(path).exists() for _, path in disks.values())
