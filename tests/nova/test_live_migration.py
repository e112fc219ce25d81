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

"""The migrations that leave a host, without nova's other services."""

import dataclasses
import functools
import types
import unittest
from unittest import mock

import libvirt
from nova import exception

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.source import live_migration
from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import running_plans
from nova_selective_migrate.core.decision import guest_trimming
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.migration import split_brain

INSTANCE = types.SimpleNamespace(
    uuid='uuid', name='instance-1', _context='context'
)
FIRST = migrate_call.MigrateCall(migrate_call.MigrateFlag.NON_SHARED_DISK)
SECOND = migrate_call.MigrateCall(
    FIRST.flags | migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
)
PLAN = migration_plan.MigrationPlan(
    types.SimpleNamespace(uuid='uuid'),
    (),
    (),
    (),
    (),
    FIRST,
    (),
    (),
    second_call=SECOND,
)
URI = 'qemu+tcp://there/system'
ASKED = ('context', INSTANCE, 'there')


class LiveMigrationsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.records = planned_migrations.PlannedMigrations()
        self.check = mock.Mock()
        self.driver = mock.Mock()
        self.driver._live_migration_uri.return_value = URI
        self.journal = mock.Mock()
        self.plans = running_plans.RunningPlans(
            self.check, self.records, mock.Mock()
        )
        self.migrations = live_migration.LiveMigrations(
            self.driver,
            self.plans,
            self.records,
            self.journal,
            watchdog_limits.AbortLimits(),
        )
        self.fault = self.enterContext(
            mock.patch.object(
                fault_reports.compute_utils, 'add_instance_fault_from_exc'
            )
        )
        self.host = self.enterContext(
            mock.patch.object(connection, 'Connection')
        ).return_value
        self.host.guest.return_value.xml.return_value = (
            '<domain><name>guest</name><devices/></domain>'
        )
        self.here(guest_presence.Presence.RUNNING)

    def here(self, presence):
        self.host.look.return_value = guest_presence.GuestSide(presence)

    def operate(self, stock, data='data'):
        self.records.begin('uuid', 'data')
        self.migrations.operate(stock, INSTANCE, data, 'guest')

    def test_a_thread_of_an_earlier_migration_does_nothing(self):
        stock = mock.Mock()
        self.operate(stock, 'earlier')
        stock.assert_not_called()
        self.assertFalse(self.calls.first.called)
        self.records.forget('uuid')
        self.migrations.operate(stock, INSTANCE, 'data', 'guest')
        stock.assert_not_called()
        self.assertIsNone(self.records.running('uuid'))

    def test_the_server_trims_before_the_call(self):
        """What its agent answers changes nothing of the call."""
        order = mock.Mock()
        order.domain.name.return_value = 'guest'
        order.domain.fSTrim.side_effect = libvirt.libvirtError('no agent')
        plan = dataclasses.replace(
            PLAN,
            trimming=guest_trimming.GuestTrimming(5, {'vda': '/nowhere'}),
        )
        self.records.keep('uuid', types.SimpleNamespace(plan=plan))
        self.records.begin('uuid', 'data')
        guest = types.SimpleNamespace(_domain=order.domain)
        self.enterContext(
            mock.patch.object(
                live_migration.live_migration_operation,
                'make_calls',
                order.make_calls,
            )
        )
        self.migrations.operate(mock.Mock(), INSTANCE, 'data', guest)
        called = [name for name, _, _ in order.mock_calls]
        self.assertIn('make_calls', called)
        self.assertLess(
            called.index('domain.fSTrim'), called.index('make_calls')
        )

    @property
    def calls(self):
        return self.records.running('uuid').calls

    def run_with(self, stock, recover=None):
        self.post, self.recover = mock.Mock(), mock.Mock(side_effect=recover)
        post = functools.partial(self.post, source_bdms='bdms')
        self.migrations.run(
            stock,
            *ASKED,
            post_method=post,
            recover_method=self.recover,
            block_migration=None,
            migrate_data='data',
        )

    def test_what_is_not_copied_is_known_before_the_call(self):
        """It may have to be suspended for these disks' sake."""
        self.records.keep('uuid', mock.Mock(plan=PLAN))
        inert = split_brain.SourceSuspension(mock.Mock(), 'uuid', ())
        with mock.patch.object(
            split_brain.SourceSuspension, 'before_call', return_value=inert
        ) as looked:

            def stock(**_):
                looked.assert_called_once_with(
                    self.migrations.connect, 'uuid', PLAN.migrate_disks
                )
                raise ValueError('seen')

            self.run_with(stock)
        self.recover.assert_called_once()

    def test_no_plan_is_no_migration(self):
        with self.assertRaisesRegex(exception.MigrationError, 'no plan'):
            self.plans.disk_info(INSTANCE)
        self.fault.assert_called_once()
        with self.assertRaisesRegex(exception.MigrationError, 'no plan'):
            self.plans.copied(INSTANCE)

    def test_an_error_of_the_call_is_kept_for_its_follower(self):
        self.plans.unchanged = mock.Mock()

        def stock(guest):
            raise ValueError('libvirt says no')

        self.operate(stock)
        self.assertEqual('libvirt says no', str(self.calls.error))
        self.assertFalse(self.calls.succeeded)

    def converge(self, first, second=None, between=lambda: None):
        """Make a call that is aborted for another one."""
        made = []

        def stock(guest):
            made.append(guest._plan)
            self.calls.current.call()
            if len(made) == 1:
                first(self.calls.second_copy)
                raise ValueError('canceled by client')
            if second:
                raise second

        def unchanged(_instance):
            if made:
                between()
            return types.SimpleNamespace(plan=PLAN)

        self.plans.unchanged = unchanged
        self.operate(stock)
        return [plan.call.flags for plan in made]

    def test_the_copy_begins_again_once(self):
        flags = self.converge(lambda second: second.want())
        self.assertEqual([FIRST.flags, SECOND.flags], flags)
        self.assertTrue(self.calls.succeeded)

    def test_the_error_of_the_second_is_kept(self):
        self.converge(lambda second: second.want(), ValueError('full'))
        self.assertEqual('full', str(self.calls.error))

    def test_a_call_that_fails_by_itself_is_not_made_again(self):
        self.assertEqual(1, len(self.converge(lambda second: None)))
        error = str(self.calls.error)
        self.assertEqual('canceled by client', error)

    def test_an_abort_of_nova_s_ends_it(self):
        nothing = libvirt.libvirtError('no job is active on the domain')
        stock = mock.Mock(side_effect=nothing)

        def abort():
            self.migrations.abort(stock, INSTANCE)

        def first(second):
            second.want()
            abort()

        self.assertEqual(1, len(self.converge(first)))
        flags = self.converge(lambda second: second.want(), between=abort)
        self.assertEqual(1, len(flags))
        error = str(self.calls.error)
        self.assertIn('between its two copies', error)

    def test_an_abort_that_fails_otherwise_is_nova_s(self):
        stock = mock.Mock(side_effect=ValueError('no'))
        for _ in range(2):
            with self.assertRaises(ValueError):
                self.migrations.abort(stock, INSTANCE)
            self.records.begin('uuid', 'data').calls.first.call()

    def test_an_abort_before_libvirt_is_called_ends_it(self):
        self.plans.unchanged = mock.Mock()
        self.plans.unchanged.return_value.plan = PLAN
        asked = mock.Mock(side_effect=libvirt.libvirtError('no job'))
        called = []

        def stock(guest):
            self.migrations.abort(asked, INSTANCE)
            called.append(self.calls.first.call())

        self.operate(stock)
        self.assertEqual([False], called)
        result = guest_location.CallResult.NOT_MADE
        self.assertIs(result, self.calls.result)

    def test_a_guest_that_changed_is_not_copied_again(self):
        def between():
            raise exceptions.PreparationFailed('changed')

        flags = self.converge(lambda second: second.want(), between=between)
        self.assertEqual(1, len(flags))

    def test_a_changed_guest_is_not_migrated(self):
        stock = mock.Mock()
        self.plans.unchanged = mock.Mock(
            side_effect=exceptions.PreparationFailed('changed')
        )
        self.operate(stock)
        stock.assert_not_called()
        self.assertEqual('changed', str(self.calls.error))

    def test_what_breaks_off_is_rolled_back(self):
        self.run_with(mock.Mock(side_effect=ValueError('no thread')))
        self.recover.assert_called_once()
        self.assertIn('no thread', str(self.fault.call_args.args[2]))

    def test_what_fails_after_the_end_is_nova_s(self):
        def stock(post_method, recover_method):
            self.here(guest_presence.Presence.ABSENT)
            self.calls.first.call()
            self.calls.end()
            post_method()
            raise ValueError('the bus is down')

        with self.assertRaisesRegex(ValueError, 'the bus is down'):
            self.run_with(stock)
        self.post.assert_called_once()
        self.recover.assert_not_called()

    def test_its_metrics_end_with_it(self):
        def stock(**_):
            (seen,) = self.records.activity.snapshot().following
            self.assertEqual('instance-1', seen.domain)
            raise ValueError('x')

        self.run_with(stock)
        found = self.records.activity.snapshot()
        self.assertEqual((), found.following)
        ended = {(guest_location.Ending.NOT_MOVED, 'error'): 1}
        self.assertEqual(ended, found.endings)

    def test_they_begin_with_what_ends_them(self):
        """Nothing would end those of a migration that never began."""
        self.driver._live_migration_uri.side_effect = ValueError('no URI')
        with self.assertRaises(ValueError):
            self.run_with(mock.Mock())
        self.assertEqual((), self.records.activity.snapshot().following)

    def test_the_plan_is_forgotten_at_the_end(self):
        self.records.keep('uuid', mock.Mock(plan=PLAN))
        self.run_with(mock.Mock(side_effect=ValueError('x')))
        self.assertIsNone(self.records.planned('uuid'))

    def test_it_is_journalled_until_its_end(self):
        def stock(**_):
            self.journal.begin.assert_called_once_with(
                *ASKED, 'bdms', None, 'data', URI
            )
            self.journal.drop.assert_not_called()
            raise ValueError('x')

        def recover(*_, **__):
            self.journal.note.assert_called_once_with(
                'uuid', guest_location.Ending.NOT_MOVED
            )
            self.journal.drop.assert_not_called()

        self.run_with(stock, recover)
        self.journal.drop.assert_called_once_with('uuid')

    def test_what_cannot_be_journalled_is_not_begun(self):
        failed = exceptions.JournalFailed('full')
        self.journal.begin.side_effect = failed
        stock = mock.Mock()
        self.run_with(stock)
        stock.assert_not_called()
        self.recover.assert_called_once()
        self.assertIn('full', str(self.fault.call_args.args[2]))

    def test_a_journal_that_cannot_be_written_any_more(self):
        failed = exceptions.JournalFailed('full')
        self.journal.note.side_effect = failed
        self.journal.drop.side_effect = failed
        self.run_with(mock.Mock(side_effect=ValueError('x')))
        self.recover.assert_called_once()

    def test_an_unknown_end_is_raised(self):
        self.here(guest_presence.Presence.UNREACHABLE)
        self.enterContext(
            mock.patch.object(live_migration_settlement, '_SETTLE_SECONDS', 0)
        )
        with self.assertRaisesRegex(exception.MigrationError, 'unknown'):
            self.run_with(mock.Mock(side_effect=ValueError('x')))
        self.post.assert_not_called()
        self.recover.assert_not_called()

    def test_a_guest_that_ran_in_post_copy_is_not_rolled_back(self):
        """Off here and gone there: its newest disks are there."""
        stopped = live_migration_settlement.SettledMigration(
            guest_location.Settlement(guest_location.Ending.NOT_MOVED, ''),
            guest_presence.GuestSide(guest_presence.Presence.OFF),
        )
        self.enterContext(
            mock.patch.object(self.migrations, 'find', return_value=stopped)
        )

        def stock(post_method, recover_method):
            self.records.running('uuid').postcopy.begin()
            self.journal.note_postcopy.assert_called_once_with('uuid')
            recover_method()

        with self.assertRaisesRegex(exception.MigrationError, 'newest disks'):
            self.run_with(stock)
        self.recover.assert_not_called()

    def end_aborted(self, told, *, asked=True):
        """Abort it as somebody asks, and return what was told of it."""
        message = self.enterContext(
            mock.patch.object(
                fault_reports, 'event_message', return_value=told
            )
        )

        def stock(post_method, recover_method):
            if asked:
                self.migrations.abort(mock.Mock(), INSTANCE)
            recover_method()

        self.run_with(stock)
        return message, str(self.fault.call_args.args[2])

    def test_the_destination_s_cause_is_told(self):
        message, text = self.end_aborted('there is full')
        message.assert_called_once_with(
            'context', INSTANCE, 'selective_migrate_destination-full'
        )
        self.assertIn('there is full', text)

    def test_a_user_s_abort_has_none(self):
        _, text = self.end_aborted(None)
        self.assertIn('libvirt gave no reason', text)

    def test_nobody_looks_for_one_where_nobody_has_asked(self):
        message, _ = self.end_aborted('of another one', asked=False)
        message.assert_not_called()

    def force(self, presence, resumed=None):
        """Fail, with a guest that was paused to complete it."""
        guest = self.host.guest.return_value
        guest.job_over.return_value = True
        guest.resume.side_effect = resumed

        def stock(post_method, recover_method):
            self.here(presence)
            self.records.running('uuid').forced.pause()
            self.calls.end(ValueError('canceled'))
            recover_method()

        self.run_with(stock)
        self.recover.assert_called_once()
        return guest.resume

    def test_a_guest_that_was_paused_to_complete_it_runs_again(self):
        presence = guest_presence.Presence
        self.force(presence.PAUSED).assert_called_once_with()

    def test_one_that_libvirt_has_resumed_is_left_alone(self):
        self.force(guest_presence.Presence.RUNNING).assert_not_called()

    def test_a_guest_that_cannot_be_resumed_is_no_other_end(self):
        failed = exceptions.HypervisorError('no')
        with self.assertLogs(
            live_migration_settlement.__name__, 'ERROR'
        ) as logged:
            self.force(guest_presence.Presence.PAUSED, failed)
        self.assertIn('unpause', logged.output[0])

    def test_what_is_to_be_completed_is_asked_once(self):
        stock = mock.Mock()
        self.migrations.force_complete(stock, INSTANCE)
        running = self.records.begin('uuid', 'data')
        self.migrations.force_complete(stock, INSTANCE)
        self.assertEqual(2, stock.call_count)
        running.force()
        self.migrations.force_complete(stock, INSTANCE)
        self.assertEqual(2, stock.call_count)
