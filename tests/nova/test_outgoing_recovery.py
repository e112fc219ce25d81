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

"""What a nova-compute does that starts where another was killed."""

import dataclasses
import types
import unittest
from unittest import mock

import ddt
from nova import exception
from nova.compute import task_states

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.source import completion
from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.compute.source import outgoing_journal
from nova_selective_migrate.compute.source import outgoing_recovery
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence

P = guest_presence.Presence
MOVED, NOT_MOVED, UNKNOWN = guest_location.Ending
URI = 'qemu+tcp://192.0.2.2/system'


@ddt.ddt
class OutgoingRecoveryTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = types.SimpleNamespace(
            uuid='uuid',
            host='here',
            task_state=task_states.MIGRATING,
            vm_state='active',
            save=mock.Mock(),
            refresh=mock.Mock(),
        )
        self.row = mock.Mock(status='running')
        conf = self.enterContext(mock.patch.object(outgoing_recovery, 'CONF'))
        end_conf = self.enterContext(mock.patch.object(completion, 'CONF'))
        conf.host = end_conf.host = 'here'
        objects = self.enterContext(
            mock.patch.object(outgoing_recovery, 'objects')
        )
        self.record = objects.Instance.get_by_uuid
        self.record.return_value = self.instance
        objects.Migration.get_by_id.return_value = self.row
        objects.Migration.get_by_instance_and_status.return_value = self.row
        self.journal = mock.Mock()
        self.journal.instances.return_value = ['uuid']
        self.left('there')
        self.driver = mock.Mock()
        self.manager = self.driver.virtapi._compute
        self.post = self.manager._post_live_migration_update_host
        self.recover = self.manager._rollback_live_migration
        self.recorded = self.enterContext(
            mock.patch.object(fault_reports, 'record_fault')
        )
        self.events = self.enterContext(
            mock.patch.object(fault_reports, 'record_event')
        )
        self.migrations = mock.Mock()
        self.migrations.uri = lambda address: f'qemu+tcp://{address}/system'
        self.find = self.migrations.find
        self.log = self.enterContext(
            mock.patch.object(outgoing_recovery, 'LOG')
        )
        self.activity = migration_activity.MigrationActivity()
        self.interrupted = outgoing_recovery.OutgoingRecovery(
            self.driver, self.journal, self.migrations, self.activity
        )

    def left(self, destination, source='here', found=None, uri=None):
        self.data = mock.MagicMock(migration=self.row)
        self.data.__contains__.return_value = False
        self.journal.entry.return_value = outgoing_journal.OutgoingMigration(
            source,
            destination,
            'since',
            found,
            True,
            self.data,
            'bdms',
            uri,
            'req-1',
        )

    def settle(self, found=None, here=P.RUNNING, there=P.ABSENT):
        sides = guest_presence.GuestSide(here), guest_presence.GuestSide(there)

        def find(uuid, call, uri, *, was_there):
            return live_migration_settlement.SettledMigration(
                guest_location.Settlement(found, 'as it is'),
                *sides,
                call.error,
            )

        self.find.side_effect = find
        self.interrupted.settle()

    def fault(self):
        self.recorded.assert_called_once()
        return str(self.recorded.call_args.args[2])

    def assert_in_error(self):
        self.assertEqual('error', self.instance.vm_state)
        self.assertIsNone(self.instance.task_state)
        self.instance.save.assert_called_once_with()
        self.assertEqual('error', self.row.status)

    def assert_counted(self, ending, status):
        """Check what metrics tell of it."""
        found = self.activity.snapshot().endings
        self.assertEqual({(ending, status): 1}, found)

    def assert_untouched(self):
        self.post.assert_not_called()
        self.recover.assert_not_called()
        self.instance.save.assert_not_called()

    def test_not_moved(self):
        self.settle(NOT_MOVED)
        context = self.recover.call_args.args[0]
        self.recover.assert_called_once_with(
            context,
            self.instance,
            'there',
            self.data,
            migration_status='failed',
            source_bdms='bdms',
        )
        self.post.assert_not_called()
        self.assertIn('on here ended in the middle of it', self.fault())
        self.assert_counted(NOT_MOVED, 'error')
        self.journal.drop.assert_called_once_with('uuid')

    def test_a_guest_that_ran_in_post_copy_is_not_rolled_back(self):
        """Off here and gone there: its newest disks are there."""
        self.journal.entry.return_value = dataclasses.replace(
            self.journal.entry.return_value, postcopy=True
        )
        self.settle(NOT_MOVED, P.OFF)
        self.recover.assert_not_called()
        self.assert_in_error()
        self.assertIn('newest disks', self.fault())

    def test_moved(self):
        self.settle(MOVED, P.ABSENT, P.RUNNING)
        context = self.post.call_args.args[0]
        self.post.assert_called_once_with(
            context,
            self.instance,
            'there',
            True,
            self.data,
            source_bdms='bdms',
        )
        self.manager.assert_has_calls(
            [
                mock.call.update_available_resource(context),
                mock.call._post_live_migration_update_host(
                    *self.post.call_args.args, **self.post.call_args.kwargs
                ),
            ]
        )
        self.recover.assert_not_called()
        self.recorded.assert_not_called()
        self.journal.drop.assert_called_once_with('uuid')

    def test_unknown(self):
        self.settle(UNKNOWN, P.ABSENT)
        self.post.assert_not_called()
        self.recover.assert_not_called()
        self.assertIn('look at both hosts', self.fault())
        context, _, name, _ = self.events.call_args.args
        self.assertEqual('req-1', context.request_id)
        self.assertEqual('selective_migrate_location-unknown', name)
        self.assert_in_error()
        self.assert_counted(UNKNOWN, 'error')
        self.journal.drop.assert_called_once_with('uuid')

    @ddt.data((None, False), (MOVED, True), (NOT_MOVED, False))
    @ddt.unpack
    def test_where_it_had_been_found(self, found, was_moved):
        self.left('there', found=found)
        self.settle(NOT_MOVED)
        told = self.find.call_args.kwargs['was_there']
        self.assertEqual(was_moved, told)

    def asked(self):
        return self.find.call_args.args[2]

    def test_it_asks_where_the_call_went(self):
        self.left('there', uri=URI)
        self.settle(NOT_MOVED)
        self.assertEqual(URI, self.asked())

    def test_an_entry_of_an_earlier_release(self):
        self.settle(NOT_MOVED)
        self.assertEqual('qemu+tcp://there/system', self.asked())
        self.data.__contains__.return_value = True
        self.data.target_connect_addr = '192.0.2.2'
        self.settle(NOT_MOVED)
        self.assertEqual(URI, self.asked())

    def test_the_destination_has_it_already(self):
        self.instance.host = 'there'
        self.settle()
        self.assert_untouched()
        self.assertEqual('completed', self.row.status)
        self.manager._delete_allocation_after_move.assert_called_once()
        self.journal.drop.assert_called_once_with('uuid')

    @ddt.data('completed', 'error')
    def test_and_its_migration_is_over(self, status):
        self.instance.host, self.row.status = 'there', status
        self.settle()
        self.assertEqual(status, self.row.status)
        self.manager._delete_allocation_after_move.assert_not_called()

    def test_nova_has_it_elsewhere(self):
        self.instance.host = 'third'
        self.settle()
        self.assert_untouched()
        self.log.warning.assert_called_once()

    def test_nova_has_ended_it(self):
        self.instance.task_state = None
        self.settle()
        self.assert_untouched()
        self.find.assert_not_called()
        self.journal.drop.assert_called_once_with('uuid')

    @ddt.data('error', 'failed', 'completed', 'cancelled')
    def test_it_leaves_in_another_migration(self, status):
        self.row.status = status
        self.settle()
        self.assert_untouched()
        self.find.assert_not_called()

    def test_a_journal_of_another_host(self):
        self.left('there', source='former name')
        self.settle()
        self.assert_untouched()

    def test_a_server_that_is_deleted(self):
        self.record.side_effect = exception.InstanceNotFound(instance_id='x')
        self.settle()
        self.journal.drop.assert_called_once_with('uuid')

    @ddt.data('post', 'recover')
    def test_nova_s_part_fails(self, name):
        def fail(*_, **__):
            # As nova does on the way out.
            self.instance.host = 'there'
            raise ValueError('no bus')

        getattr(self, name).side_effect = fail
        found = MOVED if name == 'post' else NOT_MOVED
        self.settle(found)
        for words in ('no bus', found.value, 'look at both hosts'):
            self.assertIn(words, self.fault())
        self.assert_in_error()
        self.journal.drop.assert_called_once_with('uuid')

    def test_a_journal_that_cannot_be_read(self):
        """nova would take the guest for one that is here, and start it."""
        self.journal.entry.side_effect = exceptions.JournalFailed('empty')
        self.settle()
        self.assert_in_error()
        self.assertIn('look at both hosts', self.fault())

    def test_what_fails_of_a_server_that_stays(self):
        self.instance.task_state = None
        self.journal.entry.side_effect = exceptions.JournalFailed('empty')
        self.settle()
        self.assert_untouched()

    def test_an_error_does_not_keep_nova_from_starting(self):
        self.record.side_effect = ValueError('no conductor')
        self.settle()
        self.journal.instances.side_effect = exceptions.JournalFailed('x')
        self.settle()
        self.log.error.assert_called_once()
