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

"""A lock lasts as long as the process that has it, and no longer."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import file_locks

HOLD = """
import signal, sys
from nova_selective_migrate.host.journal import file_locks
lock = file_locks.FileLock(sys.argv[1], 'name').take()
print('locked', flush=True)
signal.pause()
"""


class FileLockTest(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.folder = f'{top.name}/locks'

    def lock(self) -> file_locks.FileLock:
        return file_locks.FileLock(self.folder, 'name')

    def test_one_has_it_and_another_is_told_who(self):
        with self.lock():
            self.assertEqual(os.getpid(), self.lock().holder())
            with self.assertRaises(file_locks.Held) as caught:
                self.lock().take()
            self.assertEqual(os.getpid(), caught.exception.process)
        self.assertIsNone(self.lock().holder())
        with self.lock():
            pass

    def test_nothing_is_left_of_it(self):
        with self.lock():
            pass
        self.assertEqual([], os.listdir(self.folder))

    def test_it_ends_with_its_process(self):
        running = subprocess.Popen(
            [sys.executable, '-c', HOLD, self.folder],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        with running.stdout:
            running.stdout.readline()
            self.assertEqual(running.pid, self.lock().holder())
            running.send_signal(signal.SIGKILL)
            running.wait()
        self.assertIsNone(self.lock().holder())
        with self.lock():
            self.assertEqual(os.getpid(), self.lock().holder())

    def test_a_file_that_went_with_its_lock_is_none(self):
        with self.lock():
            other = pathlib.Path(self.folder, 'name.lock')
            other.unlink()
            # Who comes now does not see ours, and has the name.
            with self.lock():
                self.assertIsNotNone(self.lock().holder())

    def test_a_place_that_cannot_be_written_is_told(self):
        pathlib.Path(self.folder).write_text('a file')
        with self.assertRaises(exceptions.JournalFailed):
            self.lock().take()


if __name__ == '__main__':
    unittest.main()
