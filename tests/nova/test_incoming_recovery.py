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

"""What an earlier process left at a destination is removed, or named."""

from unittest import mock

import ddt
from nova import exception

from nova_selective_migrate.compute.destination import incoming_recovery
from tests.nova import destinations

P = destinations.P


def row(status, host='here'):
    return mock.Mock(status=status, dest_compute=host)


@ddt.ddt
class IncomingRecoveryTest(destinations.DestinationTest):
    def setUp(self):
        super().setUp()
        objects = self.enterContext(
            mock.patch.object(incoming_recovery, 'objects')
        )
        self.record = objects.Instance.get_by_uuid
        self.record.return_value = self.instance
        self.migrations = objects.MigrationList.get_by_filters
        self.migrations.return_value = [row('error')]
        self.leftovers = incoming_recovery.IncomingRecovery(
            self.driver, self.claims
        )
        self.log = self.enterContext(
            mock.patch.object(incoming_recovery, 'LOG')
        )
        self.prepare()
        (self.home / 'console.log').touch()

    def assert_left(self, *causes):
        # What another process has begun.
        self.claims.ends(destinations.UUID)
        self.leftovers.settle()
        self.assertTrue(self.home.exists())
        self.assertIsNotNone(self.claim())
        self.log.warning.assert_called_once()
        said = str(self.log.warning.call_args.args)
        for cause in (str(self.home), *causes):
            self.assertIn(cause, said)

    def test_what_nobody_needs_is_removed(self):
        self.leftovers.settle()
        self.assertFalse(self.home.exists())
        self.assertIsNone(self.claim())
        self.assertIn('console.log', str(self.log.info.call_args.args))

    def test_nothing_left(self):
        (self.home / 'console.log').unlink()
        self.home.rmdir()
        self.leftovers.settle()
        self.assertIsNone(self.claim())

    @ddt.data(P.RUNNING, P.PAUSED)
    def test_a_guest_that_has_come(self, presence):
        self.here(presence)
        self.instance.host = 'here'
        self.leftovers.settle()
        self.assertIsNone(self.claim())
        self.assertTrue(self.home.exists())

    def test_a_guest_that_nova_has_elsewhere(self):
        self.here(P.RUNNING)
        self.assert_left('running', 'source')

    @ddt.data(P.OFF, P.SWITCHING, P.MIGRATED, P.UNREACHABLE)
    def test_a_guest_that_is_here_somehow(self, presence):
        self.here(presence)
        self.assert_left(presence.value)

    @ddt.data('here', None)
    def test_a_server_that_is_not_elsewhere(self, host):
        self.instance.host = host
        self.assert_left(host or 'no host')

    def test_a_server_that_nova_does_not_know(self):
        self.record.side_effect = exception.InstanceNotFound(instance_id='x')
        self.assert_left('no such server')

    def test_a_server_in_error(self):
        """The source could not tell: both hosts' disks are evidence."""
        self.instance.vm_state = 'error'
        self.assert_left('ERROR')

    def test_it_stays_when_somebody_has_reset_the_state(self):
        self.instance.vm_state = 'error'
        self.leftovers.settle()
        self.log.warning.reset_mock()
        self.instance.vm_state = 'active'
        self.assert_left('ERROR')

    def test_nor_when_the_guest_here_has_been_destroyed(self):
        self.instance.vm_state = 'error'
        self.here(P.PAUSED)
        self.assert_left('paused')
        self.log.warning.reset_mock()
        self.instance.vm_state = 'active'
        self.here(P.ABSENT)
        self.assert_left('ERROR')

    def test_what_a_rollback_has_left_in_doubt(self):
        self.claims.doubt(destinations.UUID, 'both ran it')
        self.assert_left('both ran it')

    @ddt.data(P.ABSENT, P.MIGRATED, P.SWITCHING, P.POSTCOPY, P.POSTCOPY_FAILED)
    def test_a_source_that_has_not_the_whole_guest(self, presence):
        self.source_has(presence)
        self.assert_left(presence.value, 'source')

    @ddt.data(P.RUNNING, P.PAUSED, P.OFF, P.UNREACHABLE)
    def test_a_source_that_has_it_or_is_not_seen(self, presence):
        """Of one that is not seen, nova's records tell enough."""
        self.source_has(presence)
        self.leftovers.settle()
        self.assertFalse(self.home.exists())

    @ddt.data('preparing', 'running', 'queued', 'new')
    def test_a_migration_that_goes_on(self, status):
        self.migrations.return_value.append(row(status))
        self.assert_left(status)
        self.assertEqual([], self.claims.waiting())

    def test_a_migration_to_another_host(self):
        # nova has no filter of that name, and gives them all.
        self.migrations.return_value.append(row('running', 'third'))
        self.leftovers.settle()
        self.assertFalse(self.home.exists())

    def test_what_somebody_else_put_there(self):
        (self.home / 'notes').touch()
        self.assert_left('notes')

    def test_what_another_domain_uses(self):
        self.use()
        self.assert_left('used by another')

    def test_an_error_does_not_keep_nova_from_starting(self):
        self.record.side_effect = ValueError('no conductor')
        self.leftovers.settle()
        self.log.exception.assert_called_once()
        self.assertTrue(self.home.exists())

    def test_a_journal_that_cannot_be_read(self):
        for file in self.journal.iterdir():
            file.unlink()
        self.journal.rmdir()
        self.journal.touch()
        self.leftovers.settle()
        self.log.error.assert_called_once()
