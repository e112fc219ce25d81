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

"""A campaign goes on where the laboratory breaks a trial off."""

import contextlib
import dataclasses
import unittest
from unittest import mock

import ddt

from lab import errors
from lab.faults import campaign
from lab.faults import command_line_trial
from lab.faults import fault_kinds
from lab.faults import host_inspection
from lab.faults import reliability_page
from lab.faults import trial_results
from lab.faults import verification

FINE = trial_results.TrialResult(
    'cli', 'prepare', 'none', 1, True, 'moved', 'b', 1.0
)


class CampaignTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.opened = []
        self.use('Lab.open', side_effect=self.open)
        self.use('own_home')
        self.use('FaultHosts')
        self.run_trial = self.use('Trial.run', return_value=FINE)
        self.use('crossing_guests.run', return_value=[FINE])

    def use(self, name, **behaviour):
        return self.enterContext(
            mock.patch(f'lab.faults.campaign.{name}', **behaviour)
        )

    @contextlib.contextmanager
    def open(self, home):
        self.opened.append(home)
        yield mock.Mock()

    def rows(self, runs, **kinds):
        wanted = campaign.Wanted(seed=1, runs=runs, **kinds)
        return list(campaign.run(wanted))

    def test_hosts_are_brought_up_once_for_a_batch(self):
        self.assertEqual([FINE] * 6, self.rows(5))
        self.assertEqual(1, len(self.opened))

    def test_guests_that_cross_have_no_media_and_no_other_path(self):
        for kinds in ({'media': True}, {'mapped': True}):
            self.assertEqual([FINE] * 5, self.rows(5, **kinds))

    def test_a_break_costs_one_trial_and_new_hosts(self):
        for err in (
            OSError(107, 'Transport endpoint is not connected'),
            errors.NotInTime('waited in vain'),
        ):
            self.opened.clear()
            self.run_trial.side_effect = [FINE, err, FINE, FINE]
            found = self.rows(4)
            self.assertEqual(5, len(found))
            self.assertIn(str(err), found[1].broken_off)
            self.assertFalse(found[1].clean)
            self.assertEqual([FINE] * 4, [*found[:1], *found[2:]])
            self.assertEqual(2, len(self.opened))

    def test_each_is_tried_once_where_all_break(self):
        self.run_trial.side_effect = errors.LabError('broken')
        found = self.rows(3)
        self.assertEqual(4, len(found))
        self.assertEqual(3, sum(bool(each.broken_off) for each in found))

    def test_what_is_a_defect_of_ours_is_raised(self):
        self.run_trial.side_effect = KeyError('outcome')
        with self.assertRaises(KeyError):
            self.rows(2)


class TotalsTest(unittest.TestCase):
    def test_what_was_broken_off_is_no_migration(self):
        off = trial_results.TrialResult(
            'cli',
            'prepare',
            'none',
            2,
            False,
            'broken off',
            '-',
            0.0,
            broken_off='OSError: no',
        )
        tree = trial_results.totals([FINE, off])
        self.assertEqual((1, 1), (tree['runs'], tree['broken_off']))
        # As faults.json has it, and one of before that was counted.
        older = dict(trial_results.totals([FINE]))
        del older['broken_off']
        text = reliability_page.text([tree, older])
        words = 'Broken off by the laboratory, not counted'
        self.assertIn(f'{words}\n     - 1\n', text)
        self.assertIn('Migrations\n     - 2\n', text)
        self.assertNotIn('broken off', text)


class TrialTest(unittest.TestCase):
    def test_the_record_names_what_the_command_did(self):
        trial = command_line_trial.Trial(
            fault_kinds.Fault.NONE, None, 1, direct=True
        )
        self.assertEqual('cli direct', trial.driver)
        both = dataclasses.replace(trial, mapped=True, media=True)
        self.assertEqual('cli direct, mapped, with media', both.driver)


class TornTest(unittest.TestCase):
    """A post-copy that failed leaves parts of a guest on both hosts."""

    def found(self, states, torn):
        return host_inspection.Inspection(states, {}, {}, (), frozenset(torn))

    def test_disks_that_are_gone_on_either_host(self):
        torn = self.found({'a': 'paused', 'b': 'paused'}, 'ab')
        self.assertEqual(
            ['b lacks disks of a guest that is torn'],
            verification.deleted(torn, {'a': True, 'b': False}),
        )
        self.assertEqual(
            [], verification.deleted(torn, {'a': True, 'b': True})
        )

    def test_a_guest_that_has_moved_has_left_its_own(self):
        moved = self.found({'a': '', 'b': 'running'}, '')
        self.assertEqual(
            [], verification.deleted(moved, {'a': False, 'b': True})
        )

    def test_it_is_whole_where_it_ran_last(self):
        torn = self.found({'a': 'paused', 'b': ''}, 'a')
        self.assertEqual(('b',), verification.whole_at(torn))
        off = self.found({'a': 'shut off', 'b': ''}, '')
        self.assertEqual(('a', 'b'), verification.whole_at(off))


@ddt.ddt
class InspectionTest(unittest.TestCase):
    """What libvirt's reasons make of a paused guest."""

    @ddt.data(
        ('paused (post-copy)', 'torn'),
        ('paused (post-copy failed)', 'torn'),
        ('paused (migrating)', 'a'),
        ('running (post-copy)', 'a'),
    )
    @ddt.unpack
    def test_place(self, said, place):
        hosts = [mock.MagicMock(), mock.MagicMock()]
        for host, name, words in zip(hosts, 'ab', (said, ''), strict=True):
            host.name = name
            host.virsh.return_value.stdout = f'{words}\n'
        lab = mock.Mock(hosts=hosts)
        with mock.patch.object(
            host_inspection, 'emulators_of', return_value=[]
        ):
            self.assertEqual(place, host_inspection.at(lab, 'g1').place)
