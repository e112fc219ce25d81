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

"""The process that asks nova answers in time, with one document."""

import json
import sys
import threading
import types
import unittest
from unittest import mock

from nova_selective_migrate.cmd import conductor_records

ACCESS = 'nova_selective_migrate.compute.source.conductor_access'


class ConductorRecordsTest(unittest.TestCase):
    def answer(self, configure, read=None, seconds=30.0):
        """Answer with a stand-in for what imports nova."""
        package = 'nova_selective_migrate.compute.source'
        __import__(package)
        access = types.ModuleType(ACCESS)
        access.configure, access.read = configure, read
        with (
            mock.patch.dict(sys.modules, {ACCESS: access}),
            mock.patch.object(
                sys.modules[package], 'conductor_access', access, create=True
            ),
        ):
            text = conductor_records.answer(['nova.conf'], seconds)
        return json.loads(text)['problem']

    def test_no_nova(self):
        found = json.loads(conductor_records.answer(['nova.conf']))
        self.assertIn('nova cannot be imported by', found['problem'])
        self.assertIn('--no-nova', found['problem'])

    def test_nobody_answers(self):
        ended = threading.Event()
        self.addCleanup(ended.set)
        found = self.answer(lambda files: 'mq:5672', ended.wait, seconds=0.1)
        self.assertIn('not answered within 0 seconds over mq:5672', found)

    def test_an_error_of_nova_is_a_line_without_secrets(self):
        def read():
            raise RuntimeError('rabbit://nova:hunter2@mq is\nunreachable')

        found = self.answer(lambda files: 'mq:5672', read)
        self.assertIn('nova-conductor (mq:5672) was not asked', found)
        self.assertIn('RuntimeError', found)
        self.assertNotIn('hunter2', found)
        self.assertNotIn('\n', found)


if __name__ == '__main__':
    unittest.main()
