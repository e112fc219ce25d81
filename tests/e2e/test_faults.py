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

"""A short campaign: one trial of every fault that is over soon."""

from collections.abc import Iterable
from typing import Any
import unittest

import ddt

from lab.faults import command_line_trial
from lab.faults import crossing_guests
from lab.faults import server_trial
from lab.faults.fault_hosts import FaultHosts
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase
from lab.faults.trial_results import totals
from lab.faults.trial_results import TrialResult
from lab.nova import nova_cloud
from tests.e2e import base
from tests.e2e import nova_computes

_SEED = 4
# Of each fault the phase in which it does the most harm.
_TRIALS = (
    (Fault.SOURCE_LIBVIRTD, Phase.MIRRORS, False),
    (Fault.SOURCE_LIBVIRTD, Phase.UNANSWERED, False),
    (Fault.DESTINATION_LIBVIRTD, Phase.FINISHING, False),
    (Fault.DESTINATION_QEMU, Phase.SWITCH_OVER, False),
    (Fault.SOURCE_QEMU, Phase.READY, True),
    (Fault.PROGRAM, Phase.MIRRORS, False),
    (Fault.PROGRAM, Phase.MEMORY, True),
    (Fault.WIRE_HEALED, Phase.MEMORY, False),
    (Fault.ABORT, Phase.READY, True),
    (Fault.SECOND, Phase.PREPARE, False),
    (Fault.DISK_FULL, None, False),
    (Fault.OTHER_SIZE, None, True),
    (Fault.OTHER_FORMAT, None, False),
)
_OF_NOVA = (
    (Fault.PROGRAM, Phase.MIRRORS),
    (Fault.PEER, Phase.READY),
    (Fault.DESTINATION_LIBVIRTD, Phase.SWITCH_OVER),
    (Fault.SOURCE_LIBVIRTD, Phase.MEMORY),
    (Fault.DESTINATION_QEMU, Phase.POST_COPY),
)


def _named(trials: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Name each trial by what is tried, and give it a seed of its own."""
    return [
        [
            ' '.join((fault.name, phase.name if phase else '')).lower(),
            *(fault, phase, *more),
            _SEED + number,
        ]
        for number, (fault, phase, *more) in enumerate(trials)
    ]


@ddt.ddt
class FaultsTest(base.EndToEndTestCase):
    """Nothing is lost, left unnamed, run twice or told untrue."""

    def setUp(self) -> None:
        super().setUp()
        self.world = FaultHosts(self.lab)
        self.world.hurry()
        self.addCleanup(self.world.take_time)

    @ddt.named_data(*_named(_TRIALS))
    def test_one_guest(
        self, fault: Fault, phase: Phase | None, direct: bool, seed: int
    ) -> None:
        row = command_line_trial.Trial(fault, phase, seed, direct).run(
            self.world
        )
        self.assertTrue(row.clean, row)
        self.assertTrue(row.inflicted)

    def test_guests_that_cross(self) -> None:
        for row in crossing_guests.run(self.world, _SEED, cut=False):
            with self.subTest(outcome=row.outcome):
                self.assertTrue(row.clean, row)


@ddt.ddt
class NovaFaultsTest(nova_computes.ComputesTestCase):
    """The same where nova-computes migrate."""

    @ddt.named_data(*_named(_OF_NOVA))
    def test_a_server(self, fault: Fault, phase: Phase, seed: int) -> None:
        world = FaultHosts(self.lab)
        world.hurry()
        self.addCleanup(world.take_time)
        nova_computes.forget_running()
        cloud = server_trial.start(
            world,
            nova_computes.INTERPRETER,
            post_copy=phase is Phase.POST_COPY,
        )
        self.addCleanup(nova_cloud.stop, self.lab)
        row = server_trial.ServerTrial(
            fault, phase, seed, nova_computes.VERSION
        ).run(world, cloud)
        self.assertTrue(row.clean, row)
        self.assertTrue(row.inflicted)


class TotalsTest(unittest.TestCase):
    """What a trial has shown is in the sum."""

    def test_each_count(self) -> None:
        fine = TrialResult(
            'cli', 'prepare', 'none', 1, True, 'moved', 'b', 1.0
        )
        bad = TrialResult(
            *('cli', 'prepare', 'none', 1, False, 'moved', 'a', 1.0),
            lost_records=3,
            shared_written=True,
            double_run=True,
            on_both=1.5,
            untrue=True,
            unlisted=('b: /x', 'b: /y'),
        )
        found = totals([fine, bad])
        del found['rows']
        self.assertEqual(
            {
                'runs': 2,
                'broken_off': 0,
                'faults': 1,
                'lost_records': 3,
                'shared_written': 1,
                'double_runs': 1,
                'on_both': 1,
                'untrue_outcomes': 1,
                'unlisted_leftovers': 2,
            },
            found,
        )
        self.assertTrue(fine.clean)
        self.assertFalse(bad.clean)
