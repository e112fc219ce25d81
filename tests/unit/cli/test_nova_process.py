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

"""How the command line asks nova, whose code it never imports."""

import dataclasses
import subprocess
import sys
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.cli import nova_process
from nova_selective_migrate.core.case import nova_records
from nova_selective_migrate.core.model import audit_options
from tests.unit.cli import test_host
from tests.unit.core import test_nova_records as records

NOVA = '[DEFAULT]\ntransport_url = rabbit://nova:hunter2@mq/\n'
OURS = '[selective_migrate]\nshared_paths = /nfs\n'


@ddt.ddt
class NovaProcessTest(test_host.HostCase):
    def nova(self, text=NOVA):
        return self.file('nova.conf', text)

    def asked(self, *arguments, said='', error='', status=0):
        """Audit, with a stand-in for the process."""
        done = subprocess.CompletedProcess([], status, said, error)
        with mock.patch.object(
            nova_process.subprocess, 'run', return_value=done
        ) as run:
            found = self.audit('--config-file', self.nova(), *arguments)
        return found, run

    def test_a_file_of_our_options_asks_nobody(self):
        found = self.audit('--config-file', self.nova(OURS))
        self.assertEqual(0, found.status, found)

    def test_no_nova_asks_nobody(self):
        found, run = self.asked('--no-nova')
        self.assertEqual(0, found.status, found)
        run.assert_not_called()

    def test_nova_is_not_installed_here(self):
        found = self.audit('--config-file', self.nova())
        self.assert_usage_error(
            found, 'nova cannot be imported by', '--no-nova'
        )

    def test_a_file_that_cannot_be_read(self):
        found = self.audit('--config-file', '/none/nova.conf')
        self.assert_usage_error(found, '/none/nova.conf')

    def test_a_problem_is_one_line(self):
        found, _ = self.asked(said='{"problem": "nobody answers"}')
        self.assert_usage_error(found, 'nobody answers')

    def test_what_nova_says_when_it_breaks_has_no_secrets(self):
        found, _ = self.asked(
            status=1, error='Traceback\nrabbit://nova:hunter2@mq failed\n'
        )
        self.assert_usage_error(found, 'nova cannot be read', 'failed')
        self.assertNotIn('hunter2', found.err)

    def test_it_is_ended_when_it_takes_too_long(self):
        late = subprocess.TimeoutExpired('x', 180)
        with mock.patch.object(
            nova_process.subprocess, 'run', side_effect=late
        ):
            found = self.audit('--config-file', self.nova())
        self.assert_usage_error(found, 'not read within 180 seconds')

    def test_it_runs_where_nothing_of_the_caller_is_imported(self):
        _, run = self.asked(said='{"problem": "x"}')
        self.assertEqual('/', run.call_args.kwargs['cwd'])
        self.assertEqual(sys.executable, run.call_args.args[0][0])
        self.assertTrue(run.call_args.args[0][-1].startswith('/'))

    def test_a_guest_that_nova_does_not_know_is_not_planned(self):
        said = nova_records.dumps(records.RECORDS)
        found, _ = self.asked('-f', 'json', said=said)
        self.assertEqual(3, found.status, found)
        (guest,) = found.json['guests']
        self.assertIn('nova has no server of this UUID', guest['problem'])
        self.assertIsNone(guest['nova'])
        self.assertEqual('enforce', found.json['nova']['mode'])
        self.assertEqual(
            ['web1'],
            [each['name'] for each in found.json['nova']['not_running']],
        )

    @ddt.data('table', 'html')
    def test_a_server_of_nova(self, form):
        server = dataclasses.replace(
            records.SERVER, uuid=test_host.UUID, images_type='rbd'
        )
        known = dataclasses.replace(
            records.RECORDS,
            options=audit_options.AuditOptions(),
            servers=(server,),
        )
        found, _ = self.asked('-f', form, said=nova_records.dumps(known))
        self.assertIn(
            'stock nova copies nothing, and leaves vda behind', found.out
        )
        self.assertIn('As nova has them on cmp1', found.out)


if __name__ == '__main__':
    unittest.main()
