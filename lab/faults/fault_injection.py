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

"""Inflict a fault when a migration has come to a phase."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
import functools
import random
import threading
import time
from typing import Protocol

from lab.faults import fault_hosts
from lab.faults import host_inspection
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase
from lab.faults.migration_phases import Watch
from lab.processes import waiting


class Subject(Protocol):
    """What migrates a guest: our program, or nova."""

    @property
    def over(self) -> bool:
        """Tell whether the migration has ended."""

    def interrupt(self) -> None:
        """Abort it as a user does."""

    def kill(self) -> None:
        """Kill what manages it."""

    def kill_peer(self) -> None:
        """Kill what manages it at the destination."""

    def terminate(self) -> None:
        """Tell what manages it to end."""

    def terminate_peer(self) -> None:
        """Tell what manages it at the destination to end."""

    def again(self) -> None:
        """Begin the same migration a second time."""


@dataclass
class Inflictor:
    """Inflicts faults on the migration of one guest from a to b."""

    world: FaultHosts
    guest: str
    subject: Subject
    chance: random.Random
    _timers: list[threading.Timer] = field(default_factory=list, init=False)

    def at(
        self, watch: Watch, phase: Phase, copied: int, fault: Fault
    ) -> bool:
        """Wait for a phase and inflict; False where it never came.

        :param copied: how many disks are copied.
        """
        over = functools.partial(getattr, self.subject, 'over')
        if phase is Phase.POST_COPY:
            return self._in_post_copy(watch, copied, fault, over)
        if not watch.until(phase, copied, over):
            return False
        if phase.is_short:
            # Over in a moment: the daemon that goes through it waits.
            with self.world.frozen(watch.host(phase)):
                self._break(fault)
            return True
        if phase is Phase.MIRRORS:
            time.sleep(self.chance.uniform(0, 0.8))
        self._break(fault)
        return True

    def _in_post_copy(
        self, watch: Watch, copied: int, fault: Fault, over: Callable[[], bool]
    ) -> bool:
        """Have the guest run there before all of its memory has come."""
        lab = self.world.lab
        source = host_inspection.emulators_of(lab.home, lab.a, self.guest)
        if not watch.until(Phase.MEMORY, copied, over):
            return False

        def begun() -> bool:
            # libvirt refuses until QEMU has said that it copies memory.
            told = lab.a.virsh('migrate-postcopy', self.guest, check=False)
            return not told.returncode or over()

        waiting.until(begun, 'post-copy to begin')
        if not watch.until(Phase.POST_COPY, copied, over):
            return False
        # What has not come yet stays away until the fault is there.
        with fault_hosts.stopped(source):
            self._break(fault)
        return True

    def join(self) -> None:
        """Wait until all that was to happen later has happened."""
        for timer in self._timers:
            timer.join()

    def _break(self, fault: Fault) -> None:
        world = self.world
        a, b = world.lab.hosts
        if fault in (Fault.SOURCE_LIBVIRTD, Fault.DESTINATION_LIBVIRTD):
            world.kill_libvirtd(a if fault is Fault.SOURCE_LIBVIRTD else b)
            self._later(self.chance.uniform(0.1, 3), world.start_libvirtds)
        elif fault is Fault.DESTINATION_QEMU:
            world.kill_emulator(b, self.guest)
        elif fault is Fault.SOURCE_QEMU:
            world.kill_emulator(a, self.guest)
        elif fault is Fault.PROGRAM:
            self.subject.kill()
        elif fault is Fault.PEER:
            self.subject.kill_peer()
        elif fault is Fault.TERMINATED:
            self.subject.terminate()
        elif fault is Fault.PEER_TERMINATED:
            self.subject.terminate_peer()
        elif fault is Fault.WIRE_HEALED:
            world.cut()
            self._later(self.chance.uniform(1, 8), world.heal)
        elif fault is Fault.WIRE_CUT:
            world.cut()
        elif fault is Fault.ABORT:
            self.subject.interrupt()
        elif fault is Fault.SECOND:
            self.subject.again()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, action)
        timer.start()
        self._timers.append(timer)
