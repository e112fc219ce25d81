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

"""What goes from the process that asks nova to the command line."""

import json
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import nova_records
from nova_selective_migrate.core.model import audit_options
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import nova_servers
from tests.unit.core import builders as b

SERVER = nova_servers.NovaServer(
    b.UUID,
    'web1',
    'active',
    None,
    {
        'root_device_name': None,
        'block_device_mapping': [
            {
                'mount_device': '/dev/vdb',
                'connection_info': {
                    'driver_volume_type': 'rbd',
                    'serial': b.VOLUME,
                    'data': {'name': 'volumes/one'},
                },
            }
        ],
    },
    f'/instances/{b.UUID}',
    'qcow2',
    volume_backed=True,
    tunnelled=True,
)
RECORDS = nova_records.NovaRecords(
    'cmp1',
    'enforce',
    audit_options.AuditOptions(
        declared_paths.LocalityPolicy(('/shared',), ('/local',)),
        migration_options.Thin.ON,
        2,
        ('some-rule',),
        ('/nfs',),
        tunnelled=True,
        tls=True,
        images_by_nova=True,
    ),
    (SERVER,),
)


@ddt.ddt
class NovaRecordsTest(unittest.TestCase):
    def test_what_is_written_is_read(self):
        self.assertEqual(
            RECORDS, nova_records.loads(nova_records.dumps(RECORDS))
        )

    def test_no_secret_is_taken(self):
        tree = json.loads(nova_records.dumps(RECORDS))
        row = tree['servers'][0]['block_device_info']['block_device_mapping']
        row[0]['connection_info']['data']['auth_password'] = 'hunter2'
        found = nova_records.loads(json.dumps(tree))
        self.assertNotIn('hunter2', nova_records.dumps(found))

    def test_a_problem_is_raised(self):
        with self.assertRaisesRegex(exceptions.InvalidInput, '^no nova$'):
            nova_records.loads('{"problem": "no nova"}')

    @ddt.data('', '[]', '{}', '{"host": 1}', '{"host": "a", "mode": "b", ')
    def test_nonsense(self, text):
        with self.assertRaises(exceptions.InvalidInput):
            nova_records.loads(text)

    def test_servers(self):
        self.assertIs(SERVER, RECORDS.find(b.UUID))
        self.assertIsNone(RECORDS.find('another'))
        self.assertEqual((SERVER,), RECORDS.not_running([]))
        self.assertEqual((), RECORDS.not_running([b.UUID]))


if __name__ == '__main__':
    unittest.main()
