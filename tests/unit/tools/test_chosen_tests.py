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

"""Which tests of a suite are run, and which are left to the night."""

import re
import unittest

import testtools

from tests.unit.tools import programs
from tools.test_run import chosen_tests
from tools.test_run import test_suites


class ChoiceTest(unittest.TestCase):
    def test_each_expression_of_the_nightly_ones_is_of_a_test(self):
        loaded = [
            unittest.TestLoader().discover(
                str(programs.TOP / 'tests' / folder),
                top_level_dir=str(programs.TOP),
            )
            for folder in ('e2e', 'functional', 'storage')
        ]
        names = [
            test.id()
            for suite in loaded
            for test in testtools.iterate_tests(suite)
        ] + programs.tests_of('nova')
        for line in chosen_tests.nightly().split('|'):
            self.assertTrue([n for n in names if re.search(line, n)], line)

    def test_what_a_suite_is_without_and_more(self):
        suite = test_suites.Suite('e2e', only='fast', without='slow')
        self.assertEqual(
            ['--exclude-regex', 'night|slow', '^(?=.*(?:fast))(?=.*(?:a|b))'],
            chosen_tests.Choice('a|b', 'night').filters(suite),
        )

    def test_the_oldest_nova_runs_on_eventlet_and_the_newest_on_threads(self):
        (oldest,) = test_suites.nova_suites('31.3.1')
        newest, eventlet = test_suites.nova_suites('34.0.0')
        self.assertEqual(
            (test_suites.OF_NO_RELEASE, '', '.'),
            (oldest.nightly, newest.nightly, eventlet.nightly),
        )

    def test_a_folder_that_is_named_is_the_only_one(self):
        for wanted in ('tests.e2e.test_x', r'^tests\.e2e\.test_x', ''):
            choice = chosen_tests.Choice(wanted)
            self.assertTrue(choice.may_be_in(test_suites.Suite('e2e')))
            self.assertEqual(
                not wanted, choice.may_be_in(test_suites.Suite('unit'))
            )

    def test_stock_nova_is_a_whole_word(self):
        for name, found in {
            'tests.e2e.test_x.StockTestCase.test_y': True,
            'tests.nova.test_x.StockTest.test_y': True,
            'tests.e2e.test_x.YTestCase.test_stock': True,
            'tests.e2e.test_x.YTestCase.test_stock_with_z': True,
            'tests.nova.test_x.StockSourceTest.test_y': False,
            'tests.unit.tools.test_stock_report.RowsTest.test_y': False,
            'tests.unit.tools.test_x.YTest.test_stock_nova': False,
        }.items():
            self.assertEqual(
                found, bool(re.search(chosen_tests.STOCK, name)), name
            )
