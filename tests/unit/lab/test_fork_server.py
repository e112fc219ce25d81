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

"""Nova-computes are forked from one interpreter."""

import json
import os
import pathlib
import tempfile
import unittest

from lab import errors
from lab.hosts import namespaces
from lab.nova import fork_server
from lab.processes import process_identity


class ForkServerTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )
        keeper = process_identity.Process.of(os.getpid())
        self.namespace = namespaces.Namespace('a', keeper, False)

    def fork(self, script):
        """Fork from an interpreter that is a script."""
        interpreter = self.folder / 'python'
        interpreter.write_text(f'#!/bin/sh\n{script}\n')
        interpreter.chmod(0o755)
        server = fork_server.ForkServer(interpreter)
        return server.fork(self.namespace, self.folder / 'a.conf', self.folder)

    def test_the_process_that_it_names(self):
        asked = self.folder / 'asked'
        found = self.fork(f'read line; echo "$line" > {asked}; echo $PPID')
        self.assertEqual(os.getpid(), found.pid)
        request = json.loads(asked.read_text())
        self.assertEqual(str(self.folder / 'a.conf'), request['configuration'])
        self.assertEqual(str(self.folder / 'a.log'), request['log'])
        self.assertEqual(os.getpid(), request['keeper'])

    def test_what_an_interpreter_without_nova_says(self):
        with self.assertRaisesRegex(errors.LabError, 'No module named nova'):
            self.fork('echo No module named nova >&2')
