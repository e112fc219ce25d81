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

"""Which tests are run, and what becomes of a worker that hangs."""

import contextlib
import io
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

import testtools

from tests.unit.tools import programs

run_tests = programs.load('run_tests')
# What makes a program a worker is its command line.
HANGS = 'import signal; signal.pause()'
SHELL = '{python} -c "{program}" {worker} 2> /dev/null; exit 0'


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
        for line in run_tests.nightly().split('|'):
            self.assertTrue([n for n in names if re.search(line, n)], line)

    def test_the_daily_run_is_without_them_and_without_stock_nova(self):
        choice = run_tests.chosen(run_tests.parse([]))
        self.assertTrue(choice.without.startswith(run_tests.STOCK))
        self.assertIn(run_tests.nightly(), choice.without)

    def test_all_is_without_nothing(self):
        choice = run_tests.chosen(run_tests.parse(['--all']))
        self.assertEqual([], choice.filters(run_tests.Suite('e2e')))

    def test_what_a_suite_is_without_and_more(self):
        suite = run_tests.Suite('e2e', only='fast', without='slow')
        self.assertEqual(
            ['--exclude-regex', 'night|slow', '^(?=.*(?:fast))(?=.*(?:a|b))'],
            run_tests.Choice('a|b', 'night').filters(suite),
        )

    def test_what_a_suite_leaves_to_the_night(self):
        suite = run_tests.Suite('nova', nightly='slow')
        for arguments, expected in (([], True), (['--all'], False)):
            choice = run_tests.chosen(run_tests.parse(arguments))
            self.assertEqual(
                expected, 'slow' in ' '.join(choice.filters(suite))
            )

    def test_the_oldest_nova_runs_on_eventlet_and_the_newest_on_threads(self):
        (oldest,) = run_tests.nova_suites('31.3.1')
        newest, eventlet = run_tests.nova_suites('34.0.0')
        self.assertEqual(
            (run_tests.OF_NO_RELEASE, '', '.'),
            (oldest.nightly, newest.nightly, eventlet.nightly),
        )

    def test_a_folder_that_is_named_is_the_only_one(self):
        for wanted in ('tests.e2e.test_x', r'^tests\.e2e\.test_x', ''):
            choice = run_tests.Choice(wanted)
            self.assertTrue(choice.may_be_in(run_tests.Suite('e2e')))
            self.assertEqual(
                not wanted, choice.may_be_in(run_tests.Suite('unit'))
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
                found, bool(re.search(run_tests.STOCK, name)), name
            )


class WatchTest(unittest.TestCase):
    def test_a_worker_in_which_nothing_moves_is_ended(self):
        """The test that began last is named."""
        command = SHELL.format(
            python=sys.executable, program=HANGS, worker=run_tests.WORKER
        )
        with subprocess.Popen(['sh', '-c', command]) as stestr:
            watch = run_tests.Watch(0.5, stestr.pid)
            watch.status('tests.x.test_y', 'inprogress', {'worker-0'})
            with watch.watching():
                stestr.wait(30)
        self.assertIn('tests.x.test_y', watch.hung)

    def test_others_are_let_be(self):
        with subprocess.Popen(['true']) as stestr:
            watch = run_tests.Watch(60, stestr.pid)
            with watch.watching():
                stestr.wait()
        self.assertEqual('', watch.hung)

    def test_a_suite_that_hangs_is_over_and_says_what_was_not_run(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        stestr = folder / 'stestr'
        stestr.write_text(
            '#!/bin/sh\n'
            'exec 2> /dev/null\n'
            'case "$*" in\n'
            '*list*) echo tests.x.test_y ;;\n'
            f'*) {sys.executable} -c "{HANGS}" {run_tests.WORKER}; exit 1 ;;\n'
            'esac\n'
        )
        stestr.chmod(0o755)
        self.addCleanup(setattr, run_tests, 'STESTR', run_tests.STESTR)
        run_tests.STESTR = [str(stestr)]
        tally = run_tests.Tally()
        suite = run_tests.Suite('x', patience=0.5)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            run_tests.run_suite(suite, run_tests.Choice(), tally)
        self.assertIn('nothing moved for 0.5 s', said.getvalue())
        self.assertIn('tests.x.test_y (did not begin)', said.getvalue())
        self.assertEqual(3, tally.failed)


class InstallationTest(unittest.TestCase):
    def waits(self, made, name):
        return lambda: made.wait_for(run_tests.Suite(name))

    def test_it_is_waited_for(self):
        """A release that cannot be had fails nobody; a nova does."""
        with (
            mock.patch.object(run_tests, 'INSTALL_NOVA', 'false'),
            mock.patch.object(run_tests, 'INSTALL_PACKAGES', 'true'),
            mock.patch.object(run_tests, 'FETCH_CORPUS', '/none/such'),
            mock.patch.object(run_tests.subprocess, 'run') as run,
        ):
            made = run_tests.Installation(True, ['34.0.0'], ['trixie', 'sid'])
            made.wait_for(run_tests.Suite('unit'))
            made.wait_for(run_tests.Suite('functional'))
            for wait in (made.wait, self.waits(made, 'nova')):
                self.assertRaises(SystemExit, wait)
            made._releases.join()
        prepared = [call.args[0][-1] for call in run.call_args_list]
        self.assertEqual(['trixie', 'sid'], prepared)

    def test_no_release_is_prepared_without_packages(self):
        with (
            mock.patch.object(run_tests, 'INSTALL_NOVA', 'true'),
            mock.patch.object(run_tests, 'INSTALL_PACKAGES', 'false'),
            mock.patch.object(run_tests, 'FETCH_CORPUS', '/none/such'),
            mock.patch.object(run_tests.subprocess, 'run') as run,
        ):
            made = run_tests.Installation(True, [], ['sid'])
            for name in ('functional', 'e2e', 'storage'):
                self.assertRaises(SystemExit, self.waits(made, name))
            made.wait_for(run_tests.Suite('nova'))
            made._releases.join()
        run.assert_not_called()


class RepositoriesTest(unittest.TestCase):
    def test_the_outer_one_is_made_first(self):
        """stestr makes none where the inner one has made a directory."""
        top = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        made = []

        def init(command, check):
            self.assertTrue(check)
            made.append('--repo-url' in command)
            inner = top / '.stestr' / 'beside'
            repository = inner if made[-1] else top
            (repository / '.stestr').mkdir()
            (repository / '.stestr' / 'format').touch()

        with (
            mock.patch.object(run_tests, 'TOP', top),
            mock.patch.object(run_tests, 'BESIDE', top / '.stestr' / 'beside'),
            mock.patch.object(run_tests.subprocess, 'run', init),
        ):
            run_tests.initialize()
            run_tests.initialize()
        self.assertEqual([False, True], made)

    def test_both_are_there_before_suites_run_at_once(self):
        done = []
        with (
            mock.patch.object(
                run_tests, 'initialize', lambda: done.append('initialize')
            ),
            mock.patch.object(
                run_tests, 'run_lanes', lambda *_: done.append('lanes')
            ),
            mock.patch.object(run_tests, 'Installation'),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            run_tests.main(['--stock'])
        self.assertEqual('initialize', done[0])


class LanesTest(unittest.TestCase):
    def run_lanes(self, run, *lanes):
        with mock.patch.object(run_tests, 'run_suite', run):
            run_tests.run_lanes(
                [[run_tests.Suite(name) for name in lane] for lane in lanes],
                mock.Mock(),
                run_tests.Choice(),
                run_tests.Tally(),
            )

    def test_they_run_at_the_same_time(self):
        both = threading.Barrier(2, timeout=30)
        self.run_lanes(lambda *_: both.wait(), ['a', 'b'], ['c', 'd'])
        self.assertFalse(both.broken)

    def test_one_that_breaks_is_not_passed_over(self):
        run = mock.Mock(side_effect=OSError('no stestr'))
        self.assertRaises(OSError, self.run_lanes, run, ['a'], [])
