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

"""Bad input on real hosts: one line, an exit code, nothing changed."""

import json
import pathlib
import tempfile

from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='qcow2')


class BadInputTestCase(base.EndToEndTestCase):
    """What a person gets wrong."""

    def test_one_line_each(self) -> None:
        """Every mistake is told in one line and exits 2."""
        guest = self.guest({'vda': LOCAL})
        there = self.b.remote_uri
        mistakes = {
            ('nosuch', there): "no domain 'nosuch'",
            (guest.name, 'qemu+tcp://b:1/system'): 'cannot connect to',
            (guest.name, 'qemu+tcp://nosuch/system'): 'cannot connect to',
            (guest.name, self.a.remote_uri): 'the host that has',
            (guest.name, 'qemu:///system'): 'the host that has',
            (guest.name, there, '--existing', 'vdz'): 'no such target',
            (guest.name, there, '--block-device-info', '/none'): 'cannot read',
            (guest.name, there, '--local-path', 'images'): 'absolute path',
        }
        with self.unchanged():
            for arguments, said in mistakes.items():
                for command in ('plan', 'migrate'):
                    with self.subTest(command=command, arguments=arguments):
                        done = self.program(command, *arguments)
                        self.assertEqual(2, done.returncode, done.stderr)
                        self.assertIn(said, done.stderr)
                        self.assertEqual(1, done.stderr.count('\n'))
                        self.assertEqual('', done.stdout)


class RecordTestCase(base.EndToEndTestCase):
    """A plan on real hosts and its replay are the same."""

    def test_replay_equals_plan(self) -> None:
        """Anywhere, from the file alone."""
        guest = self.guest({'vda': LOCAL, 'vdb': shared_disks.SharedFile()})
        with tempfile.TemporaryDirectory() as folder:
            case = str(pathlib.Path(folder) / 'case.json')
            with self.unchanged():
                planned = self.run_json('plan', guest, '--record', case)
            self.assertEqual(0, planned.exit_code, planned.stderr)
            replayed = base.subprocess.run(
                [base.PROGRAM, 'plan', '--replay', case, '-f', 'json'],
                check=True,
                capture_output=True,
                text=True,
            )
        self.assertEqual(planned.tree, json.loads(replayed.stdout))

    def test_disk_list(self) -> None:
        """Each disk with its locality."""
        guest = self.guest({'vda': LOCAL, 'vdb': shared_disks.SharedNetwork()})
        done = self.program('disk', 'list', guest.name, '-f', 'json')
        found = {d['target']: d['locality'] for d in json.loads(done.stdout)}
        self.assertEqual({'vda': 'local', 'vdb': 'shared'}, found)
