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

"""A suite that leaves processors idle may have another worker."""

import pathlib
import tempfile
import unittest
from unittest import mock

from tools import processor_time


class ProcessorTimeTest(unittest.TestCase):
    def read(self, line):
        with tempfile.NamedTemporaryFile() as file:
            stat = pathlib.Path(file.name)
            stat.write_text(f'cpu  {line}\ncpu0 1 2 3 4\n', encoding='ascii')
            with mock.patch.object(processor_time, 'STAT', stat):
                return processor_time.ProcessorTime.now()

    def test_waiting_for_a_disk_is_idle(self):
        before = self.read('10 0 10 100 100 0 0 0 5 0')
        after = self.read('60 10 20 120 110 5 5 0 9 0')
        self.assertEqual(220, before.total)
        self.assertEqual(200, before.idle)
        self.assertEqual(27.3, round(before.idle_percent(after), 1))

    def test_no_time_has_passed(self):
        now = processor_time.ProcessorTime.now()
        self.assertEqual(0.0, now.idle_percent(now))
