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

"""Programs that make and end guests have a laboratory of their own."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from lab import lab_homes

PROGRAM = """
import sys
from lab import lab_homes
print(lab_homes.own_home('demo').root, flush=True)
sys.stdin.read()
"""


class OwnHomeTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.usual = pathlib.Path(folder) / 'lab'
        self.enterContext(
            mock.patch.dict(os.environ, {'LAB_HOME': str(self.usual)})
        )

    def program(self):
        running = subprocess.Popen(
            [sys.executable, '-c', PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        )
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running, running.stdout.readline().strip()

    def test_it_is_not_the_users_nor_anothers(self):
        _, first = self.program()
        second, other = self.program()
        self.assertEqual(f'{self.usual}-demo', first)
        self.assertEqual(f'{self.usual}-demo-1', other)
        self.assertEqual(
            lab_homes.Home.of_user().cache,
            pathlib.Path(first, 'cache').resolve(),
        )
        second.communicate()
        self.assertFalse(pathlib.Path(other).exists())

    def test_what_a_killed_one_left_is_found_and_no_other(self):
        killed, left = self.program()
        _, kept = self.program()
        killed.kill()
        killed.wait()
        with lab_homes.abandoned() as found:
            self.assertEqual([left], [str(each.root) for each in found])
        self.assertFalse(pathlib.Path(left).exists())
        self.assertTrue(pathlib.Path(kept).exists())
