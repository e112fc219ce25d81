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
import unittest
from unittest import mock

from lab import errors
from lab.faults import campaign
from lab.faults import reliability_page
from lab.faults import trial_results

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

    def rows(self, runs):
        return list(campaign.run(campaign.Wanted(seed=1, runs=runs)))

    def test_hosts_are_brought_up_once_for_a_batch(self):
        self.assertEqual([FINE] * 6, self.rows(5))
        self.assertEqual(1, len(self.opened))

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
        self.assertIn('broke off\n     - 1\n', text)
        self.assertIn('Migrations\n     - 2\n', text)
        self.assertNotIn('broken off', text)
