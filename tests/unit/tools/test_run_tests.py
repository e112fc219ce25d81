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

"""The suites run in an order, some at the same time."""

import contextlib
import io
import re
import threading
import unittest
from unittest import mock

from tools import run_tests
from tools.test_run import background_installation
from tools.test_run import chosen_tests
from tools.test_run import suite_run
from tools.test_run import test_suites
from tools.test_run import test_tally


class ChosenTest(unittest.TestCase):
    def test_the_daily_run_is_without_them_and_without_stock_nova(self):
        choice = run_tests.chosen(run_tests.parse([]))
        self.assertTrue(choice.without.startswith(chosen_tests.STOCK))
        self.assertIn(chosen_tests.nightly(), choice.without)

    def test_all_is_without_nothing(self):
        choice = run_tests.chosen(run_tests.parse(['--all']))
        self.assertEqual([], choice.filters(test_suites.Suite('e2e')))

    def test_what_a_suite_leaves_to_the_night(self):
        suite = test_suites.Suite('nova', nightly='slow')
        for arguments, expected in (([], True), (['--all'], False)):
            choice = run_tests.chosen(run_tests.parse(arguments))
            self.assertEqual(
                expected, 'slow' in ' '.join(choice.filters(suite))
            )


class FleetTest(unittest.TestCase):
    def test_all_installs_each_nova_that_an_end_to_end_test_names(self):
        """Otherwise the test is skipped wherever nobody installs it."""
        named = {
            version
            for file in (test_suites.TOP / 'tests' / 'e2e').glob('*.py')
            for version in re.findall(r"'(\d\d\.\d\.\d)'", file.read_text())
        }
        make = (test_suites.TOP / 'Makefile').read_text()
        (daily,) = re.findall(r'^NOVA \?= (.*)$', make, re.MULTILINE)
        (fleet,) = re.findall(r'^test-all: .* --fleet (.*)$', make, re.M)
        self.assertEqual({*daily.split(), *fleet.split()}, named)

    def test_they_are_installed_and_run_no_suite(self):
        with (
            mock.patch.object(suite_run, 'initialize'),
            mock.patch.object(run_tests, 'run_lanes') as lanes,
            mock.patch.object(background_installation, 'Installation') as made,
            contextlib.redirect_stdout(io.StringIO()),
        ):
            run_tests.main(['--nova', '34.0.0', '--fleet', '29.4.0'])
        self.assertEqual(['34.0.0', '29.4.0'], made.call_args.args[1])
        versions = {
            suite.version
            for call in lanes.call_args_list
            for lane in call.args[0]
            for suite in lane
        }
        self.assertEqual({'', '34.0.0'}, versions)


class OrderTest(unittest.TestCase):
    def test_both_are_there_before_suites_run_at_once(self):
        done = []
        with (
            mock.patch.object(
                suite_run, 'initialize', lambda: done.append('initialize')
            ),
            mock.patch.object(
                run_tests, 'run_lanes', lambda *_: done.append('lanes')
            ),
            mock.patch.object(background_installation, 'Installation'),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            run_tests.main(['--stock'])
        self.assertEqual('initialize', done[0])


class LanesTest(unittest.TestCase):
    def run_lanes(self, run, *lanes):
        with mock.patch.object(suite_run, 'run_suite', run):
            run_tests.run_lanes(
                [[test_suites.Suite(name) for name in lane] for lane in lanes],
                mock.Mock(),
                chosen_tests.Choice(),
                test_tally.Tally(),
            )

    def test_they_run_at_the_same_time(self):
        both = threading.Barrier(2, timeout=30)
        self.run_lanes(lambda *_: both.wait(), ['a', 'b'], ['c', 'd'])
        self.assertFalse(both.broken)

    def test_one_that_breaks_is_not_passed_over(self):
        run = mock.Mock(side_effect=OSError('no stestr'))
        self.assertRaises(OSError, self.run_lanes, run, ['a'], [])
