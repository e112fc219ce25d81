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

"""A plan is run, and the truth told of it, whatever libvirt raises.

libvirt's test driver migrates nothing, so that the hosts are fakes here;
tests/e2e does it on real ones.
"""

import contextlib
import threading
import time
from unittest import mock

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import timed_question
from nova_selective_migrate.host.journal import transfer_rates
from nova_selective_migrate.host.migration import bandwidth_throttle
from nova_selective_migrate.host.migration import copy_call
from nova_selective_migrate.host.migration import destination_watchdogs
from nova_selective_migrate.host.migration import migration_attempt
from nova_selective_migrate.host.migration import progress_monitor
from nova_selective_migrate.host.migration import settlement
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain
from tests.unit.host import migration

# A test that is right never waits so long.
PATIENCE = 10
SWITCHING = (
    libvirt.VIR_DOMAIN_PAUSED,
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
)
OFF = (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED)


class SuccessTest(migration.MigrationCase):
    def test_the_guest_has_moved(self):
        self.domain.on_migrate = self.move
        ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertIsNone(ended.error)
        self.assertEqual((migration.DISK,), ended.created)
        self.assertEqual((), ended.cleaned.removed)
        self.assertEqual((), ended.cleaned.left)
        self.assertEqual(['disk'], self.images())
        self.assertEqual(42, ended.stats['downtime'])

    def test_it_starts_with_its_host_as_before(self):
        for before in (True, False):
            self.setUp()
            self.domain.persistent = True
            self.domain.starts_with_host = before
            self.domain.on_migrate = self.move
            self.run_it()
            arrived = self.there.domains[self.domain.uuid]
            self.assertEqual(before, arrived.starts_with_host)

    def test_a_definition_that_stays_does_not_start_with_its_host(self):
        """It names the images that the guest has left."""
        for asked, arrives in (
            ({'undefine_source': False}, True),
            ({'persistent': False}, False),
        ):
            self.setUp()
            self.domain.persistent = True
            self.domain.starts_with_host = True
            self.domain.on_migrate = self.move
            self.run_it(transport=transport_options.TransportOptions(**asked))
            arrived = self.there.domains[self.domain.uuid]
            self.assertFalse(self.domain.starts_with_host)
            self.assertEqual(arrives, arrived.starts_with_host)

    def test_the_image_is_there_before_the_call(self):
        seen = []
        self.domain.on_migrate = lambda: seen.extend(self.images())
        self.run_it()
        self.assertEqual(['disk'], seen)

    def test_the_call_is_the_planned_one(self):
        self.domain.on_migrate = self.move
        self.run_it(bandwidth=7)
        function, uri, parameters, flags = self.domain.calls[0]
        self.assertEqual(('migrateToURI3', migration.THERE), (function, uri))
        self.assertEqual(
            {'migrate_disks': ['vda'], 'bandwidth': 7}, parameters
        )
        self.assertEqual(
            libvirt.VIR_MIGRATE_LIVE
            | libvirt.VIR_MIGRATE_PEER2PEER
            | libvirt.VIR_MIGRATE_NON_SHARED_DISK,
            flags,
        )
        self.assertIs(int, type(flags))
        self.assertEqual(1, len(self.domain.calls))

    def test_the_limit_is_shared_while_the_call_runs(self):
        told = threading.Event()

        def migrate():
            # libvirt applies it to memory, and gives it back itself.
            self.domain.max_speed = 7
            self.domain.jobs = {'vda': {'cur': 3, 'end': 10}}
            self.domain.max_speed = 9
            for sent in range(int(PATIENCE * 100)):
                self.domain.jobs = {'vda': {'cur': sent, 'end': 10**6}}
                if told.wait(0.01):
                    break
            self.move()

        self.domain.on_migrate = migrate
        with mock.patch.object(bandwidth_throttle, '_SECONDS', 0):
            ended = self.migrator(bandwidth=7).run(
                self.reports.append, lambda _text: told.set()
            )
        self.assertTrue(told.is_set())
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)

    def test_a_direct_migration_goes_through_our_connection(self):
        self.domain.on_migrate = self.move
        self.run_it(direct=True)
        function, peer, _, flags = self.domain.calls[0]
        self.assertEqual('migrate3', function)
        self.assertIs(self.there, peer)
        self.assertFalse(flags & libvirt.VIR_MIGRATE_PEER2PEER)

    def test_a_source_that_ends_at_the_hand_over_has_confirmed_nothing(self):
        """libvirt succeeds without its answer; it may have it paused."""
        ended = self.run_into_silence(direct=True)
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertIn('has not confirmed', ended.error)

    def test_between_the_daemons_it_has(self):
        ended = self.run_into_silence()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)

    def run_into_silence(self, **options):
        def end():
            self.move()
            self.here.fails['lookupByUUIDString'] = fake_daemon.broken('eof')

        self.domain.on_migrate = end
        return self.run_it(**options)

    def test_progress_is_told_while_the_call_runs(self):
        told = threading.Event()

        def migrate():
            self.domain.jobs = {'vda': {'cur': 3, 'end': 10}}
            told.wait(PATIENCE)
            self.move()

        self.domain.on_migrate = migrate
        reports = []

        def report(progress):
            reports.append(progress)
            # The first looks may come before the copy.
            if self._amount(progress.disks[0]) == (3, 10):
                told.set()

        ended = self.migrator().run(report)
        self.assertTrue(told.is_set())
        self.assertEqual(1, len(reports[0].disks))
        self.assertEqual(reports[-1], ended.progress)

    def test_its_rate_is_kept_for_the_next_plan(self):
        """Not where a limit made it that slow."""
        much = 1 << 30
        for bandwidth, kept in ((7, False), (0, True)):
            self.setUp()
            told = threading.Event()

            def migrate(told=told):
                self.domain.jobs = {'vda': {'cur': much, 'end': much}}
                told.wait(PATIENCE)
                self.move()

            self.domain.on_migrate = migrate

            def report(progress, told=told):
                if self._amount(progress.disks[0]) == (much, much):
                    told.set()

            self.migrator(bandwidth=bandwidth).run(report)
            rates = transfer_rates.TransferRates(self.journal.directory)
            found = rates.of(self.there.uuid)
            self.assertEqual(kept, found is not None)

    def test_memory_is_told_from_the_jobs_statistics(self):
        self.domain.stats = {'memory_total': 100, 'memory_remaining': 40}
        told = threading.Event()
        self.domain.on_migrate = lambda: told.wait(PATIENCE)

        def report(progress):
            self.reports.append(progress)
            told.set()

        self.migrator().run(report)
        self.assertEqual((60, 100), self._amount(self.reports[0].memory))

    def _amount(self, amount):
        return amount.processed, amount.total


class SecretTest(migration.MigrationCase):
    def setUp(self):
        super().setUp()
        self.domain.disks = (migration.chained_disk(),)
        self.domain.on_migrate = self.move

    def test_passwords_go_into_the_call_and_not_into_the_plan(self):
        self.domain.persistent = True
        migrator = self.migrator()
        plan = migrator._plan
        for name in ('destination_xml', 'persistent_xml'):
            self.assertNotIn(migration.SECRET, plan.call.parameters[name])
        self.assertNotIn(migration.SECRET, repr(plan))
        migrator.run(self.reports.append)
        sent = self.domain.calls[0][2]
        for name in ('destination_xml', 'persistent_xml'):
            self.assertIn(migration.SECRET, sent[name])
            self.assertIn('<backingStore/>', sent[name])
            self.assertNotIn('base', sent[name])
        # The plan is printed afterwards.
        self.assertNotIn(migration.SECRET, repr(plan))

    def test_without_a_flattened_chain_libvirt_makes_the_xml_itself(self):
        self.domain.disks = (fake_domain.file_disk(migration.DISK),)
        self.run_it()
        self.assertEqual({'migrate_disks'}, {*self.domain.calls[0][2]})

    def test_what_changed_while_images_were_made_stops_the_call(self):
        migrator = self.migrator()
        made = pool_directory.PoolDirectory.create

        def create(seen, image):
            made(seen, image)
            self.domain.disks += (fake_domain.file_disk('/new', 'vdb'),)

        with (
            mock.patch.object(pool_directory.PoolDirectory, 'create', create),
            self.nothing_is_left(),
        ):
            ended = migrator.run(self.reports.append)
        self.assertEqual([], self.domain.calls)
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('changed', ended.error)

    def test_another_job_is_waited_for_by_the_caller(self):
        self.domain.job = {'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED}
        with (
            self.nothing_is_left(),
            self.assertRaises(exceptions.PreparationFailed),
        ):
            self.run_it()
        self.assertEqual([], self.domain.calls)

    def test_a_guest_that_goes_before_the_call_leaves_no_image(self):
        def gone(flags):
            if flags:
                raise fake_daemon.libvirt_error(libvirt.VIR_ERR_NO_DOMAIN)

        self.domain.on_xml = gone
        migrator = self.migrator()
        self.here.domains[fake_domain.UUID].states = (
            libvirt.VIR_DOMAIN_SHUTOFF,
            libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN,
        )
        with (
            self.nothing_is_left(),
            contextlib.suppress(exceptions.SelectiveMigrateError),
        ):
            migrator.run(self.reports.append)
        self.assertEqual([], self.domain.calls)


class FailureTest(migration.MigrationCase):
    def break_off(self, message='Input/output error'):
        raise fake_daemon.libvirt_error(
            libvirt.VIR_ERR_OPERATION_FAILED, message
        )

    def test_the_former_speed_is_given_back(self):
        self.domain.max_speed = 32

        def fail():
            self.domain.max_speed = 7
            raise libvirt.libvirtError('it failed')

        self.domain.on_migrate = fail
        self.run_it(bandwidth=7)
        self.assertEqual(32, self.domain.max_speed)

    def test_a_guest_still_on_the_source_has_not_moved(self):
        self.domain.on_migrate = self.break_off
        with self.nothing_is_left():
            ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('Input/output error', ended.error)
        self.assertEqual((migration.DISK,), ended.created)
        self.assertEqual((migration.DISK,), ended.cleaned.removed)

    def test_an_image_that_stays_is_told(self):
        self.domain.on_migrate = self.break_off
        self.there.fails['delete'] = fake_daemon.broken()
        ended = self.run_it()
        self.assertEqual(((), (migration.DISK,)), self._cleaned(ended))
        (kept,) = self.journal.runs()
        self.assertEqual([migration.DISK], [i.path for i in kept.images])

    def test_an_error_does_not_hide_that_the_guest_moved(self):
        def migrate():
            self.move()
            self.break_off('lost connection')

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertIn('lost connection', ended.error)
        self.assertEqual(['disk'], self.images())
        self.assertEqual(((), ()), self._cleaned(ended))

    def _cleaned(self, ended):
        left = tuple(item.path for item in ended.cleaned.left)
        return ended.cleaned.removed, left

    def test_an_unreachable_destination_leaves_everything_as_it_is(self):
        def migrate():
            self.there.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
            self.break_off()

        ending = guest_location.Ending
        for state, expected in (
            # It was never paused, so that it cannot run there.
            (fake_domain.RUNNING, ending.NOT_MOVED),
            (fake_domain.RESUMED, ending.UNKNOWN),
            (fake_domain.PAUSED, ending.UNKNOWN),
            (SWITCHING, ending.UNKNOWN),
        ):
            self.domain.states = state
            self.domain.on_migrate = migrate
            with self.subTest(state=state):
                ended = self.run_it()
                self.assertIs(expected, ended.settlement.ending)
                self.assertEqual(((), (migration.DISK,)), self._cleaned(ended))
                (left,) = ended.cleaned.left
                self.assertIn('destination cannot be asked', left.why)
                self.assertEqual(['disk'], self.images())
                self.assertIn('eof', str(ended.destination))
                self.assertEqual(1, len(self.journal.runs()))
            (self.folder / 'disk').unlink()
            for run in self.journal.runs():
                self.journal.end(run)
            self.there.fails.clear()

    def lose_the_answer(self):
        """Run the guest at the destination; the source resumes it."""
        self.arrived = fake_domain.FakeDomain(*self.domain.disks)
        self.there.domains[fake_domain.UUID] = self.arrived
        self.domain.states = fake_domain.RESUMED
        self.break_off()

    def test_a_guest_on_both_hosts_loses_no_image(self):
        self.domain.on_migrate = self.lose_the_answer
        ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertEqual(['disk'], self.images())
        self.assertEqual(1, len(self.journal.runs()))

    def test_a_guest_on_both_hosts_is_suspended_at_the_destination(self):
        self.domain.on_migrate = self.lose_the_answer
        ended = self.run_it()
        self.assertEqual(
            (0, 1), (self.domain.suspended, self.arrived.suspended)
        )
        self.assertIs(
            guest_presence.Presence.PAUSED, ended.destination.presence
        )
        self.assertIn('suspended at once', ended.settlement.explanation)
        self.assertIn(
            'destroy that of the destination', ended.settlement.explanation
        )

    def test_where_it_cannot_be_suspended_that_is_told(self):
        def migrate():
            try:
                self.lose_the_answer()
            finally:
                self.arrived.stays = fake_daemon.broken('no monitor')

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        for words in ('no monitor', 'virsh suspend'):
            self.assertIn(words, ended.settlement.explanation)

    def test_a_guest_that_the_source_pauses_meanwhile_is_left_running(self):
        def migrate():
            # Looked at, and once more before anything is done.
            self.domain.passing = [fake_domain.RESUMED]
            self.domain.states = fake_domain.PAUSED
            self.arrived = fake_domain.FakeDomain(*self.domain.disks)
            self.there.domains[fake_domain.UUID] = self.arrived
            self.break_off()

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertEqual(0, self.arrived.suspended)

    def test_a_guest_that_somebody_else_runs_there_is_not_touched(self):
        """Our call was never made."""
        migrator = self.migrator()
        there = fake_domain.FakeDomain(*self.domain.disks)
        create = self.hosts().journal.write

        def write(journal, run):
            create(run)
            self.there.domains[fake_domain.UUID] = there
            migrator.abort()

        with mock.patch.object(type(self.journal), 'write', write):
            ended = migrator.run(self.reports.append)
        self.assertEqual([], self.domain.calls)
        self.assertEqual(0, there.suspended)
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)

    def test_a_guest_that_was_shut_off_there_loses_no_image(self):
        """It may have run there, and its disks may be the newest."""

        def migrate():
            self.arrived = fake_domain.FakeDomain(*self.domain.disks)
            self.arrived.states = OFF
            self.there.domains[fake_domain.UUID] = self.arrived
            self.domain.states = fake_domain.RESUMED
            self.break_off()

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertEqual(['disk'], self.images())

    def test_a_daemon_that_stands_still_is_not_waited_for(self):
        still = threading.Event()
        self.addCleanup(still.set)

        def migrate():
            ask = self.there.lookupByUUIDString

            def stand_still(uuid):
                still.wait(PATIENCE)
                return ask(uuid)

            self.there.lookupByUUIDString = stand_still
            self.domain.states = fake_domain.RESUMED
            self.break_off()

        self.domain.on_migrate = migrate
        with mock.patch.object(timed_question, 'QUESTION_SECONDS', 0.01):
            ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertIn('no answer', str(ended.destination))
        self.assertLess(ended.seconds, PATIENCE)

    def test_a_guest_that_waits_at_the_destination_loses_no_image(self):
        def migrate():
            waiting = fake_domain.FakeDomain()
            waiting.states = SWITCHING
            self.there.domains[fake_domain.UUID] = waiting
            self.break_off()

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertEqual(['disk'], self.images())
        self.assertEqual(((), (migration.DISK,)), self._cleaned(ended))

    def test_the_source_is_given_time_to_resume_the_guest(self):
        def migrate():
            self.domain.passing = [SWITCHING, SWITCHING]
            self.break_off()

        self.domain.on_migrate = migrate
        with mock.patch.object(settlement, '_SETTLE_SECONDS', PATIENCE):
            ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIs(guest_presence.Presence.RUNNING, ended.source.presence)
        self.assertEqual((migration.DISK,), ended.cleaned.removed)

    def test_a_daemon_that_takes_no_second_connection_is_a_failure(self):
        with (
            mock.patch.object(
                libvirt, 'open', side_effect=fake_daemon.broken('refused')
            ),
            self.nothing_is_left(),
        ):
            ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('refused', ended.error)

    def test_an_error_of_the_binding_is_no_success(self):
        # It raises these of values that it cannot pass on.
        for error in (OverflowError('too big'), TypeError('bad type')):
            self.domain.on_migrate = mock.Mock(side_effect=error)
            uncaught = []
            with (
                self.subTest(error=error),
                mock.patch.object(threading, 'excepthook', uncaught.append),
                self.nothing_is_left(),
            ):
                ended = self.run_it()
                self.assertIn(str(error), ended.error or '')
                self.assertEqual([], uncaught)

    def test_an_error_proves_no_move(self):
        def migrate():
            self.here.domains.clear()
            self.there.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
            self.break_off()

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertEqual(['disk'], self.images())

    def test_an_error_of_the_binding_proves_no_move(self):
        def migrate():
            self.here.domains.clear()
            self.there.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
            raise TypeError('bad type')

        self.domain.on_migrate = migrate
        with mock.patch.object(threading, 'excepthook'):
            ended = self.run_it()
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)


class BeforeTheCallTest(migration.MigrationCase):
    def test_a_guest_that_another_process_migrates_is_not_touched(self):
        with (
            self.journal.alone(fake_domain.UUID, 'guest'),
            self.nothing_is_left(),
            self.assertRaises(exceptions.GuestBusy),
        ):
            self.run_it()
        self.assertEqual([], self.domain.calls)
        self.assertEqual([], self.there.names('createXML'))

    def test_a_domain_that_changed_since_the_plan_is_not_touched(self):
        migrator = self.migrator()
        self.domain.disks += (fake_domain.file_disk('/srv/new', 'vdb'),)
        with (
            self.nothing_is_left(),
            self.assertRaises(exceptions.PreparationFailed),
        ):
            migrator.run(self.reports.append)
        self.assertEqual([], self.domain.calls)
        self.assertEqual([], self.there.names('createXML'))

    def test_a_destination_that_has_the_guest_is_not_touched(self):
        for state in (fake_domain.RUNNING, SWITCHING):
            other = fake_domain.FakeDomain()
            other.states = state
            self.there.domains[fake_domain.UUID] = other
            with (
                self.subTest(state=state),
                self.nothing_is_left(),
                self.assertRaises(exceptions.PreparationFailed),
            ):
                self.run_it()
        self.assertEqual([], self.domain.calls)
        self.assertEqual([], self.there.names('createXML'))

    def test_a_destination_that_cannot_be_asked_is_not_touched(self):
        self.there.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
        with (
            self.nothing_is_left(),
            self.assertRaises(exceptions.PreparationFailed) as caught,
        ):
            self.run_it()
        self.assertIn('eof', str(caught.exception))
        self.assertEqual([], self.domain.calls)

    def test_a_definition_at_the_destination_is_in_nobodys_way(self):
        defined = fake_domain.FakeDomain()
        defined.states = (
            libvirt.VIR_DOMAIN_SHUTOFF,
            libvirt.VIR_DOMAIN_SHUTOFF_UNKNOWN,
        )
        self.there.domains[fake_domain.UUID] = defined
        self.domain.on_migrate = self.move
        ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)

    def test_an_image_that_cannot_be_made_stops_it(self):
        self.there.fails['createXML'] = fake_daemon.broken('full')
        with (
            self.nothing_is_left(),
            self.assertRaises(exceptions.PreparationFailed),
        ):
            self.run_it()
        self.assertEqual([], self.domain.calls)


class SourceGoneTest(migration.MigrationCase):
    """The source's daemon ends between the images and the call."""

    def run_it(self, **options):
        def gone(_host):
            raise exceptions.ConnectFailed('the daemon has gone')

        def make(name):
            self.here.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
            self.enterContext(
                mock.patch.object(connection.Connection, 'again', gone)
            )
            self.enterContext(
                mock.patch.object(
                    shared_directories,
                    'sight',
                    side_effect=exceptions.HypervisorError('eof'),
                )
            )

        self.there.on_create = make
        return super().run_it(**options)

    def test_the_guest_has_not_moved_and_its_images_are_gone(self):
        with self.nothing_is_left():
            ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('was not asked', ended.settlement.explanation)
        self.assertIn('the daemon has gone', ended.error)
        self.assertEqual((migration.DISK,), ended.cleaned.removed)
        self.assertEqual([], self.domain.calls)

    def test_what_cannot_be_removed_is_named(self):
        self.there.fails['delete'] = fake_daemon.broken()
        ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        (left,) = ended.cleaned.left
        self.assertEqual(migration.DISK, left.path)
        (run,) = self.journal.runs()
        self.assertEqual([migration.DISK], [i.path for i in run.images])


class AbortTest(migration.MigrationCase):
    def test_before_the_call_nothing_is_called(self):
        migrator = self.migrator()
        migrator.abort()
        with self.nothing_is_left():
            ended = migrator.run(self.reports.append)
        self.assertEqual([], self.domain.calls)
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('abort', ended.error)

    def test_while_images_are_made_nothing_is_called(self):
        migrator = self.migrator()
        self.there.on_list = migrator.abort
        with self.nothing_is_left():
            ended = migrator.run(self.reports.append)
        self.assertEqual([], self.domain.calls)
        self.assertEqual((migration.DISK,), ended.cleaned.removed)

    def _block(self, refusals: int = 0) -> threading.Event:
        """Let the call run until it is aborted; the first asks fail."""
        aborted = threading.Event()
        asked = []

        def abort():
            asked.append(1)
            if len(asked) <= refusals:
                raise fake_daemon.broken('no job')
            aborted.set()

        def migrate():
            aborted.wait(PATIENCE)
            raise fake_daemon.libvirt_error(
                libvirt.VIR_ERR_OPERATION_ABORTED, 'canceled by client'
            )

        self.domain.on_abort = abort
        self.domain.on_migrate = migrate
        self.asked = asked
        return aborted

    def abort_the_call(self, migrator):
        """Return a report that asks for the abort of a call that runs."""

        def report(progress):
            if self.domain.calls:
                migrator.abort()

        return report

    def test_during_the_call_the_guest_stays(self):
        aborted = self._block()
        migrator = self.migrator()
        with self.nothing_is_left():
            ended = migrator.run(self.abort_the_call(migrator))
        self.assertTrue(aborted.is_set())
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('canceled', ended.error)

    def test_it_is_asked_again_until_libvirt_takes_it(self):
        self._block(refusals=3)
        migrator = self.migrator()
        ended = migrator.run(self.abort_the_call(migrator))
        self.assertEqual(4, len(self.asked))
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)

    def test_once_taken_it_is_not_asked_again(self):
        aborted = self._block()
        more = threading.Event()
        self.domain.on_migrate = lambda: more.wait(PATIENCE)
        migrator = self.migrator()

        def report(progress):
            if self.domain.calls:
                migrator.abort()
            if aborted.is_set() and len(self.reports) > 3:
                more.set()
            self.reports.append(progress)

        migrator.run(report)
        self.assertEqual([1], self.asked)

    def test_while_the_call_is_prepared_it_is_not_made(self):
        """The thread that is to call libvirt is still connecting."""
        over = threading.Event()
        callers = []
        connect = connection.Connection.again

        def again(host):
            if threading.current_thread().name == 'migrate':
                callers.append(threading.current_thread())
                over.wait(PATIENCE)
            return connect(host)

        migrator = self.migrator()
        with (
            mock.patch.object(connection.Connection, 'again', again),
            self.nothing_is_left(),
        ):
            ended = migrator.run(lambda _progress: migrator.abort())
            over.set()
            callers[0].join(PATIENCE)
        self.assertEqual([], self.domain.calls)
        self.assertEqual('aborted before the call', ended.error)
        self.assertEqual((migration.DISK,), ended.cleaned.removed)

    def test_after_the_guest_moved_it_changes_nothing(self):
        migrator = self.migrator()

        def migrate():
            self.move()
            migrator.abort()

        self.domain.on_migrate = migrate
        ended = migrator.run(self.reports.append)
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertEqual(['disk'], self.images())


class StallTest(migration.MigrationCase):
    def test_a_guest_that_is_held_is_let_go(self):
        ended = threading.Event()
        self.domain.on_abort = ended.set

        def migrate():
            self.domain.states = SWITCHING
            self.assertTrue(ended.wait(PATIENCE))
            self.domain.states = fake_domain.RUNNING
            raise fake_daemon.broken('canceled')

        self.domain.on_migrate = migrate
        with (
            mock.patch.object(watchdog_limits, 'STALL_SECONDS', 0.01),
            self.nothing_is_left(),
        ):
            outcome_ = self.run_it()
        self.assertIs(
            guest_location.Ending.NOT_MOVED, outcome_.settlement.ending
        )
        self.assertIn('nothing moved: ', outcome_.error)
        self.assertIn('canceled', outcome_.error)

    def test_a_guest_that_runs_is_not(self):
        aborted = []
        self.domain.on_abort = lambda: aborted.append('abort')

        def migrate():
            time.sleep(0.05)
            self.move()

        self.domain.on_migrate = migrate
        with mock.patch.object(watchdog_limits, 'STALL_SECONDS', 0.01):
            ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertEqual([], aborted)


class SilenceTest(migration.MigrationCase):
    """The destination does not answer any more."""

    def setUp(self):
        super().setUp()
        for name, value in (('_SILENT_SECONDS', 0.5), ('_LAST_SECONDS', 9)):
            self.patch(progress_monitor, name, value)
        self.patch(destination_watchdogs, '_POLL_SECONDS', 0.001)
        self.ended = threading.Event()
        self.addCleanup(self.ended.set)

    def patch(self, module, name, value):
        self.enterContext(mock.patch.object(module, name, value))

    def silence(self):
        self.there.fails['lookupByUUIDString'] = fake_daemon.broken('silent')

    def test_it_is_aborted(self):
        self.domain.on_abort = self.ended.set

        def migrate():
            self.silence()
            self.assertTrue(self.ended.wait(PATIENCE))
            raise fake_daemon.broken('canceled')

        self.domain.on_migrate = migrate
        ended = self.run_it()
        # The guest was never paused.
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertEqual(['disk'], self.images())
        self.assertIn('did not answer: ', ended.error)
        self.assertIn('canceled', ended.error)

    def test_one_that_does_not_end_is_told(self):
        self.patch(progress_monitor, '_LAST_SECONDS', 0.5)

        def migrate():
            self.silence()
            self.ended.wait(PATIENCE)

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertFalse(self.ended.is_set())
        self.assertIs(guest_location.Ending.UNKNOWN, ended.settlement.ending)
        self.assertIn('ss -K', ended.error)
        self.assertEqual(['disk'], self.images())

    def test_one_that_answers_is_followed(self):
        aborted = []
        self.domain.on_abort = lambda: aborted.append('abort')

        def migrate():
            time.sleep(0.7)
            self.move()

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertEqual([], aborted)


class StuckTest(migration.MigrationCase):
    """Both hosts answer, and nothing moves."""

    def setUp(self):
        super().setUp()
        self.limits = watchdog_limits.AbortLimits(progress_seconds=0.05)
        self.patch('_LAST_SECONDS', 9)
        self.ended = threading.Event()
        self.addCleanup(self.ended.set)

    def patch(self, name, value):
        self.enterContext(mock.patch.object(progress_monitor, name, value))

    def test_it_is_aborted(self):
        self.domain.on_abort = self.ended.set

        def migrate():
            self.assertTrue(self.ended.wait(PATIENCE))
            raise fake_daemon.broken('canceled')

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('--progress-timeout', ended.error)

    def test_it_is_waited_for_without_a_limit(self):
        self.limits = watchdog_limits.AbortLimits(progress_seconds=0)
        self.domain.on_abort = self.ended.set

        def migrate():
            if not self.ended.wait(0.2):
                self.move()

        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertFalse(self.ended.is_set())
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)

    def test_one_that_cannot_be_aborted_is_told(self):
        self.patch('_LAST_SECONDS', 0.05)
        self.domain.on_migrate = lambda: self.ended.wait(PATIENCE)
        ended = self.run_it()
        self.assertFalse(self.ended.is_set())
        self.assertIn('does not end', ended.error)

    def test_one_that_moves_is_followed(self):
        aborted = []
        self.domain.on_abort = lambda: aborted.append('abort')

        def migrate():
            for moved in range(30):
                self.domain.stats = {'disk_processed': moved}
                time.sleep(0.05)
            self.move()

        self.limits = watchdog_limits.AbortLimits(progress_seconds=1.0)
        self.domain.on_migrate = migrate
        ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertEqual([], aborted)


class PaceTest(migration.MigrationCase):
    """The processor is left to the migration."""

    def test_polling_keeps_its_pace_also_after_an_abort(self):
        enough = threading.Event()
        self.domain.on_migrate = lambda: enough.wait(PATIENCE)
        self.domain.on_abort = mock.Mock(side_effect=fake_daemon.broken())
        moving = self.migrator()
        times = []

        def report(progress):
            if not self.domain.calls:
                return
            times.append(time.monotonic())
            if len(times) == 1:
                moving.abort()
            if len(times) == 6:
                enough.set()

        with mock.patch.object(copy_call, '_POLL_SECONDS', 0.02):
            moving.run(report)
        # The abort itself is served at once; of the others each waits.
        self.assertGreater(times[5] - times[1], 4 * 0.019)

    def test_settling_does_not_spin(self):
        def migrate():
            self.there.fails['lookupByUUIDString'] = fake_daemon.broken()

        self.domain.on_migrate = migrate
        with (
            mock.patch.object(settlement, '_SETTLE_SECONDS', 0.1),
            mock.patch.object(settlement, '_POLL_SECONDS', 0.02),
        ):
            self.run_it()
        # One look for the call's own connection.
        looks = len(self.here.names('lookupByUUIDString')) - 1
        self.assertLess(1, looks)
        self.assertLess(looks, 9)

    def test_the_end_of_the_call_and_a_final_state_are_not_waited_for(self):
        waits = threading.Event()

        class Waking(migration_attempt.Attempt):
            def wait(self, seconds):
                waits.set()
                return super().wait(seconds)

        def migrate():
            waits.wait(PATIENCE)
            self.move()

        self.domain.on_migrate = migrate
        with (
            mock.patch.object(migration_attempt, 'Attempt', Waking),
            mock.patch.object(copy_call, '_POLL_SECONDS', PATIENCE),
            mock.patch.object(settlement, '_POLL_SECONDS', PATIENCE),
        ):
            ended = self.run_it()
        self.assertLess(ended.seconds, PATIENCE / 2)


class ReportTest(migration.MigrationCase):
    def test_a_reader_that_went_away_does_not_lose_the_migration(self):
        told = threading.Event()
        returned = threading.Event()

        def migrate():
            told.wait(PATIENCE)
            self.move()
            returned.set()

        def report(progress):
            told.set()
            raise BrokenPipeError

        self.domain.on_migrate = migrate
        migrator = self.migrator()
        ended = None
        with contextlib.suppress(BrokenPipeError):
            ended = migrator.run(report)
        # Let the thread end before the test does.
        was_followed = returned.is_set()
        returned.wait(PATIENCE)
        self.assertTrue(was_followed, 'nobody follows the migration any more')
        self.assertIsNotNone(ended)
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
