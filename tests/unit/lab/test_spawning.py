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

"""What a process of the laboratory is started with."""

import contextlib
import os
import pathlib
import sys
import tempfile
import unittest

from lab.hosts import lab_host
from lab.processes import process_identity
from lab.processes import spawning


class DetachedTest(unittest.TestCase):
    def test_what_our_caller_left_open_is_not_handed_on(self):
        """A daemon would hold the lock of flock(1) for as long as it lives."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        with (folder / 'lock').open('w') as lock:
            os.set_inheritable(lock.fileno(), True)
            reading, writing = os.pipe()
            pid = spawning.detached(
                ['sleep', '60'], folder / 'log', stdin=reading
            )
            os.close(reading)
            os.close(writing)
            started = process_identity.Process.of(pid)
            self.addCleanup(process_identity.stop, [started])
            # It is itself only once it has begun its program.
            names = _open_files(pid)
        self.assertNotIn(str(folder / 'lock'), names)
        self.assertIn(str(folder / 'log'), names)


def _open_files(pid: int) -> list[str]:
    # What the program opens and closes of its own may be gone by now.
    names = []
    for entry in pathlib.Path(f'/proc/{pid}/fd').iterdir():
        with contextlib.suppress(FileNotFoundError):
            names.append(os.readlink(entry))
    return names


class EnvironmentTest(unittest.TestCase):
    def test_our_programs_are_found_first(self):
        found = lab_host.environment({'X': '1'})
        first = found['PATH'].split(os.pathsep)[0]
        self.assertEqual(str(pathlib.Path(sys.executable).parent), first)
        self.assertEqual(
            lab_host.JOURNAL, found['NOVA_SELECTIVE_MIGRATE_JOURNAL']
        )
        self.assertEqual('1', found['X'])
