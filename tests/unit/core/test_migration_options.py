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

import unittest

import ddt

from nova_selective_migrate.core.model import migration_options


@ddt.ddt
class DisksUriTest(unittest.TestCase):
    @ddt.data(
        'tcp://10.0.0.2',
        'tcp://10.0.0.2:49200',
        'tcp://[fd00::2]',
        'tcp://[fd00::2]:1',
        'tcp://storage-2:65535',
        'unix:///run/disks.sock',
    )
    def test_usable(self, text):
        self.assertIsNone(migration_options.disks_uri_problem(text))

    @ddt.data(
        '',
        '10.0.0.2',
        'tcp:10.0.0.2',
        'udp://10.0.0.2',
        'rdma://10.0.0.2',
        'tcp://',
        'tcp://:49200',
        'tcp://[fd00::2',
        'tcp://10.0.0.2:',
        'tcp://10.0.0.2:0',
        'tcp://10.0.0.2:65536',
        'tcp://10.0.0.2:x',
        'tcp://10.0.0.2\n',
        'tcp://10.0.0 .2',
        'unix://',
        'unix:///',
        'unix://run/disks.sock',
    )
    def test_not_usable(self, text):
        self.assertTrue(migration_options.disks_uri_problem(text))

    @ddt.data(
        ({'disks_uri': 'tcp://10.0.0.2', 'disks_port': 1}, 'exclude'),
        ({'disks_uri': 'unix:///s', 'tls': True}, 'TLS'),
        ({'disks_uri': 'tcp://'}, 'address'),
        ({'migrate_uri': 'unix:///m'}, 'needs'),
    )
    @ddt.unpack
    def test_what_excludes_each_other(self, given, said):
        (found,) = migration_options.disks_uri_conflicts(
            migration_options.MigrationOptions(**given)
        )
        self.assertIn(said, found)

    @ddt.data(
        {},
        {'disks_port': 1},
        {'disks_uri': 'tcp://10.0.0.2', 'tls': True},
        {'disks_uri': 'unix:///s', 'migrate_uri': 'unix:///m'},
    )
    def test_what_goes_together(self, given):
        found = migration_options.disks_uri_conflicts(
            migration_options.MigrationOptions(**given)
        )
        self.assertEqual([], list(found))
