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

"""A guest that its migration holds is let go, once."""

import types
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.compute.source import live_migration_watchdogs
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import migration_attempt
from tests.unit.core import test_watchdog_limits

RUNNING = (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)
HELD = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
JOB = {'memory_processed': 5}


class HoldingTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.guest = mock.Mock()
        self.domain = self.guest._domain
        operation = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        self.domain.jobStats.return_value = {'operation': operation}
        self.migration = planned_migrations.RunningMigration()
        self.calls = self.migration.calls
        self.watch(0)
        self.now = 0.0
        clock = mock.patch.object(
            live_migration_watchdogs.time, 'monotonic', lambda: self.now
        )
        clock.start()
        self.addCleanup(clock.stop)

    def look(
        self,
        state,
        job=JOB,
        *,
        after=watchdog_limits.STALL_SECONDS + 1,
        running=True,
    ):
        self.domain.state.return_value = state
        self.holding.look(job, running=running)
        self.now += after

    def aborted(self):
        return self.domain.abortJob.call_count

    def test_one_that_is_held_is_let_go_once(self):
        self.look(HELD)
        self.assertEqual(0, self.aborted())
        for _ in range(3):
            self.look(HELD)
        self.assertEqual(1, self.aborted())

    def test_one_that_moves_is_not(self):
        for moved in range(4):
            self.look(HELD, {'memory_processed': moved})
        self.assertEqual(0, self.aborted())

    def test_one_that_runs_is_not(self):
        for _ in range(4):
            self.look(RUNNING)
        self.assertEqual(0, self.aborted())

    def watch(self, seconds):
        self.holding = live_migration_watchdogs.StallWatchdog(
            self.guest, mock.Mock(), seconds, self.migration
        )

    def test_one_that_stands_still_is_aborted_once(self):
        self.watch(300)
        self.look(RUNNING, after=300)
        self.look(RUNNING, after=1)
        self.assertEqual(0, self.aborted())
        with self.assertLogs(
            live_migration_watchdogs.__name__, 'WARNING'
        ) as logged:
            self.look(RUNNING)
        self.look(RUNNING, after=900)
        self.assertEqual(1, self.aborted())
        self.assertIn('progress_timeout', logged.output[0])

    def test_one_that_moves_slowly_is_not_aborted(self):
        self.watch(300)
        for moved in range(9):
            self.look(RUNNING, {'disk_processed': moved}, after=299)
        self.assertEqual(0, self.aborted())

    def test_nor_one_that_has_not_begun(self):
        self.watch(300)
        for _ in range(9):
            self.look(RUNNING, running=False, after=900)
        self.look(RUNNING)
        self.assertEqual(0, self.aborted())

    def test_the_monitor_goes_on_whatever_libvirt_says(self):
        self.domain.abortJob.side_effect = libvirt.libvirtError('too late')
        for _ in range(2):
            self.look(HELD)
        self.domain.state.side_effect = libvirt.libvirtError('gone')
        self.holding.look(JOB)
        self.assertEqual(2, self.aborted())

    def test_an_abort_that_is_not_taken_is_asked_for_again(self):
        self.domain.abortJob.side_effect = [libvirt.libvirtError('no'), None]
        for _ in range(5):
            self.look(HELD)
        self.assertEqual(2, self.aborted())

    def test_no_copy_begins_again_and_the_cause_is_known(self):
        self.calls.second_copy.want()
        self.watch(300)
        for _ in range(2):
            self.look(RUNNING, after=301)
        self.assertFalse(self.calls.second_copy.wanted)
        self.assertFalse(self.calls.second_copy.begin())
        (cause,) = self.calls.causes
        self.assertIs(migration_attempt.AbortKind.NO_PROGRESS, cause.kind)
        self.assertIn('300 s', cause.text)

    def test_the_first_cause_is_the_true_one(self):
        self.calls.abort(migration_attempt.BY_OPERATOR)
        for _ in range(2):
            self.look(HELD)
        self.assertIs(migration_attempt.BY_OPERATOR, self.calls.causes[0])

    def test_one_that_waits_for_its_disks_is_not_held(self):
        self.migration.force()
        for _ in range(4):
            self.look(HELD)
        self.assertEqual(0, self.aborted())
        # It is, once its memory is sent.
        for _ in range(2):
            self.look(HELD, {**JOB, 'memory_total': 9})
        (cause,) = self.calls.causes
        self.assertIs(migration_attempt.AbortKind.STALLED, cause.kind)


LATE = watchdog_limits.CONVERGENCE_SECONDS + 1
FULL = migrate_call.MigrateCall(migrate_call.MigrateFlag.NON_SHARED_DISK)
SYNCHRONOUS = migrate_call.MigrateCall(
    migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
)


class ConvergingTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.second = attempts.SecondCopy()
        self.domain = mock.Mock()
        operation = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        self.domain.jobStats.return_value = {'operation': operation}

    def follow(self, first=FULL, second=SYNCHRONOUS):
        self.converging = live_migration_watchdogs.ConvergenceWatchdog(
            types.SimpleNamespace(_domain=self.domain),
            mock.Mock(),
            types.SimpleNamespace(call=first, second_call=second),
            self.second,
        )
        self.look(0.0, 0)

    def look(self, now, sent):
        self.converging.look(
            now, test_watchdog_limits.copying((9 * 2**20, sent))
        )

    def warned(self, *words):
        with self.assertLogs(
            live_migration_watchdogs.__name__, 'WARNING'
        ) as logged:
            self.look(LATE, 5)
        for word in words:
            self.assertIn(word, logged.output[0])
        with self.assertNoLogs(live_migration_watchdogs.__name__, 'WARNING'):
            self.look(2 * LATE, 6)

    def test_the_copy_begins_again(self):
        self.follow()
        self.look(LATE - 2, 4)
        self.assertFalse(self.second.wanted)
        self.warned('begins again')
        self.assertTrue(self.second.wanted)
        self.domain.abortJob.assert_called_once()

    def test_an_abort_that_is_not_taken_is_asked_for_again(self):
        self.follow()
        self.domain.abortJob.side_effect = [libvirt.libvirtError('no'), None]
        self.warned('begins again')
        self.look(3 * LATE, 9)
        self.assertEqual(2, self.domain.abortJob.call_count)

    def test_where_it_cannot_begin_again_it_goes_on(self):
        self.follow(second=None)
        self.warned('synchronous_writes = on')
        self.domain.abortJob.assert_not_called()

    def test_nor_where_somebody_aborts_it(self):
        self.follow()
        self.second.forbid()
        self.warned('cannot begin again')
        self.domain.abortJob.assert_not_called()

    def test_synchronous_writes_have_no_second_copy(self):
        self.follow(first=SYNCHRONOUS)
        with self.assertNoLogs(live_migration_watchdogs.__name__, 'WARNING'):
            self.look(LATE, 5)
        self.assertFalse(self.second.wanted)


if __name__ == '__main__':
    unittest.main()
