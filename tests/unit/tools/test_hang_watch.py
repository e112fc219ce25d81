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

"""A worker in which nothing moves is ended."""

import subprocess
import sys
import unittest

from tools.test_run import hang_watch

# What makes a program a worker is its command line.
HANGS = 'import signal; signal.pause()'
SHELL = '{python} -c "{program}" {worker} 2> /dev/null; exit 0'


class HangWatchTest(unittest.TestCase):
    def test_a_worker_in_which_nothing_moves_is_ended(self):
        """The test that began last is named."""
        command = SHELL.format(
            python=sys.executable, program=HANGS, worker=hang_watch.WORKER
        )
        with subprocess.Popen(['sh', '-c', command]) as stestr:
            watch = hang_watch.Watch(0.5, stestr.pid)
            watch.status('tests.x.test_y', 'inprogress', {'worker-0'})
            with watch.watching():
                stestr.wait(30)
        self.assertIn('tests.x.test_y', watch.hung)

    def test_others_are_let_be(self):
        with subprocess.Popen(['true']) as stestr:
            watch = hang_watch.Watch(60, stestr.pid)
            with watch.watching():
                stestr.wait()
        self.assertEqual('', watch.hung)
