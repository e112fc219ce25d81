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

"""What metrics tell of a host, also where a part of it cannot be read."""

import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.metrics import host_state
from nova_selective_migrate.core.job import guest_location


class HostSourcesTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.activity = migration_activity.MigrationActivity()
        self.incoming = mock.Mock()
        self.incoming.waiting.return_value = ['x']
        self.incoming.promised_bytes.return_value = 9
        self.outgoing = mock.Mock(return_value=['a', 'b'])
        self.audit = mock.Mock()
        self.audit.results.return_value = None
        self.sources = host_state.HostSources(
            self.activity, self.incoming, self.outgoing, lambda: 3, self.audit
        )

    def test_all_of_it(self):
        found = self.sources.read()
        self.assertEqual(3, found.pending)
        self.assertEqual(9, found.promised_bytes)
        self.assertEqual(1, found.incoming_waiting)
        self.assertEqual(2, found.outgoing_waiting)
        self.assertEqual(0, found.unread)

    def test_an_entry_of_a_running_migration_does_not_wait(self):
        self.activity.begin('a', 'instance-1')
        self.assertEqual(1, self.sources.read().outgoing_waiting)

    def test_nor_that_of_one_that_ends_or_begins_meanwhile(self):
        self.activity.begin('a', 'instance-1')

        def listed():
            self.activity.end('a', guest_location.Ending.MOVED, 'completed')
            self.activity.begin('b', 'instance-2')
            return ['a', 'b']

        self.outgoing.side_effect = listed
        self.assertEqual(0, self.sources.read().outgoing_waiting)

    def test_what_cannot_be_read_is_left_out(self):
        failed = exceptions.JournalFailed('no')
        self.outgoing.side_effect = failed
        self.incoming.waiting.side_effect = failed
        self.incoming.promised_bytes.side_effect = failed
        self.audit.results.side_effect = OSError('no')
        with self.assertLogs(host_state.LOG.logger, 'WARNING') as logged:
            found = self.sources.read()
            self.sources.read()
        self.assertEqual(4, len(logged.output), 'once each')
        self.assertEqual(4, found.unread)
        self.assertIsNone(found.outgoing_waiting)
        self.assertIsNone(found.incoming_waiting)
        self.assertIsNone(found.promised_bytes)
        self.assertIsNone(found.audit)
        self.assertEqual(3, found.pending)

    def test_what_fails_again_is_told_again(self):
        self.audit.results.side_effect = OSError('no')
        with self.assertLogs(host_state.LOG.logger, 'WARNING') as logged:
            self.sources.read()
            self.audit.results.side_effect = None
            self.sources.read()
            self.audit.results.side_effect = OSError('no')
            self.sources.read()
        self.assertEqual(2, len(logged.output))


if __name__ == '__main__':
    unittest.main()
