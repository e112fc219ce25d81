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

"""One suite is run by stestr, which hands over what became of it."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from tools.test_run import chosen_tests
from tools.test_run import hang_watch
from tools.test_run import suite_run
from tools.test_run import test_suites
from tools.test_run import test_tally

HANGS = 'import signal; signal.pause()'


class SuiteRunTest(unittest.TestCase):
    def test_a_suite_that_hangs_is_over_and_says_what_was_not_run(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        stestr = folder / 'stestr'
        stestr.write_text(
            '#!/bin/sh\n'
            'exec 2> /dev/null\n'
            'case "$*" in\n'
            '*list*) echo tests.x.test_y ;;\n'
            f'*) {sys.executable} -c "{HANGS}" {hang_watch.WORKER}\n'
            'exit 1 ;;\n'
            'esac\n'
        )
        stestr.chmod(0o755)
        self.enterContext(
            mock.patch.object(test_suites, 'STESTR', [str(stestr)])
        )
        tally = test_tally.Tally()
        suite = test_suites.Suite('x', patience=0.5)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            suite_run.run_suite(suite, chosen_tests.Choice(), tally)
        self.assertIn('nothing moved for 0.5 s', said.getvalue())
        self.assertIn('tests.x.test_y (did not begin)', said.getvalue())
        self.assertEqual(3, tally.failed)


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
            mock.patch.object(test_suites, 'TOP', top),
            mock.patch.object(
                test_suites, 'BESIDE', top / '.stestr' / 'beside'
            ),
            mock.patch.object(suite_run.subprocess, 'run', init),
        ):
            suite_run.initialize()
            suite_run.initialize()
        self.assertEqual([False, True], made)
