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

"""A copy that does not converge begins again, once, from nothing."""

import threading
from unittest import mock

import libvirt

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.hypervisor import pool_directory
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain
from tests.unit.host import migration

# A test that is right never waits so long.
PATIENCE = 10
SYNCHRONOUS = libvirt.VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES
WORD = 'get ahead of what the guest writes'


class AgainTest(migration.MigrationCase):
    def setUp(self):
        super().setUp()
        patch = mock.patch.object(watchdog_limits, 'CONVERGENCE_SECONDS', 0.02)
        patch.start()
        self.addCleanup(patch.stop)
        self.aborted = threading.Event()
        self.domain.on_abort = self.aborted.set
        self.domain.on_migrate = self.lag
        self.sent = 0
        self.seen = []

    @property
    def flags(self):
        return [bool(flags & SYNCHRONOUS) for *_, flags in self.domain.calls]

    def lag(self):
        """Copy without getting ahead, until it is aborted."""
        self.seen.append(self.images())
        if len(self.domain.calls) > 1:
            self.domain.jobs = {}
            self.second()
            return
        while not self.aborted.wait(0.002):
            self.sent += 1
            self.domain.jobs = {
                'vda': {'cur': self.sent, 'end': self.sent + 9}
            }
        self.domain.jobs = {}
        self.first()

    def first(self):
        raise fake_daemon.broken('canceled by client')

    def second(self):
        self.move()

    def run_it(self, **options):
        return super().run_it(**{'converge': True, **options})

    def test_the_second_call_is_synchronous_and_moves_the_guest(self):
        ended = self.run_it()
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertEqual([False, True], self.flags)
        self.assertEqual((migration.DISK,), ended.created)
        self.assertIsNone(ended.error)
        self.assertRegex(ended.begun_again, '^with synchronous writes, after')
        self.assertEqual([], self.journal.runs())

    def test_no_image_is_used_twice(self):
        made = []
        create = pool_directory.PoolDirectory.create

        def creating(seen, image):
            made.append(self.images())
            create(seen, image)

        with mock.patch.object(
            pool_directory.PoolDirectory, 'create', creating
        ):
            self.run_it()
        self.assertEqual([[], []], made)
        self.assertEqual([['disk'], ['disk']], self.seen)

    def test_what_another_program_made_is_not_removed(self):
        path = self.folder / 'disk'
        path.write_bytes(b'theirs')
        self.run_it(existing=('vda',))
        self.assertEqual(b'theirs', path.read_bytes())
        self.assertEqual([False, True], self.flags)

    def test_the_journal_names_what_stays_on_the_source(self):
        """Its copy is in what another program has made."""
        (self.folder / 'disk').write_bytes(b'theirs')
        begun = []
        self.first = lambda: begun.extend(self.journal.runs())
        self.run_it(existing=('vda',))
        self.assertEqual([(migration.DISK,)], [run.copied for run in begun])

    def test_there_is_no_third_call(self):
        def second():
            self.aborted.clear()
            for sent in range(40):
                job = {'vda': {'cur': sent, 'end': sent + 9}}
                self.domain.jobs = job
                if self.aborted.wait(0.005):
                    self.fail('aborted')
            raise fake_daemon.broken('no space')

        self.second = second
        with self.nothing_is_left():
            ended = self.run_it()
        self.assertEqual([False, True], self.flags)
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('no space', ended.error)
        self.assertNotIn('canceled', ended.error)

    def test_the_user_ends_it_between_the_calls(self):
        migrator = self.migrator(converge=True)

        def first():
            migrator.abort()
            raise fake_daemon.broken('canceled by client')

        self.first = first
        with self.nothing_is_left():
            ended = migrator.run(self.reports.append)
        self.assertEqual([False], self.flags)
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIsNone(ended.begun_again)
        self.assertNotIn(WORD, ended.error)

    def test_the_user_ends_it_while_images_are_made_again(self):
        migrator = self.migrator(converge=True)
        create = pool_directory.PoolDirectory.create

        def creating(seen, image):
            create(seen, image)
            if self.domain.calls:
                migrator.abort()

        with (
            mock.patch.object(
                pool_directory.PoolDirectory, 'create', creating
            ),
            self.nothing_is_left(),
        ):
            ended = migrator.run(self.reports.append)
        self.assertEqual([False], self.flags)
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)

    def test_one_that_came_through_is_not_begun_again(self):
        self.first = self.move
        ended = self.run_it()
        self.assertEqual([False], self.flags)
        self.assertIsNone(ended.error)
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)

    def test_nor_one_whose_guest_is_at_the_destination(self):
        def first():
            self.move()
            raise fake_daemon.broken('lost')

        self.first = first
        ended = self.run_it()
        self.assertEqual([False], self.flags)
        self.assertIs(guest_location.Ending.MOVED, ended.settlement.ending)
        self.assertEqual(['disk'], self.images())

    def lose_while_it_waits(self):
        """Fail while the destination waits for the guest."""
        waiting = fake_domain.FakeDomain(*self.domain.disks)
        waiting.states = (
            libvirt.VIR_DOMAIN_PAUSED,
            libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
        )
        self.there.domains[fake_domain.UUID] = waiting
        raise fake_daemon.broken('lost')

    def test_nor_one_that_the_destination_still_waits_for(self):
        self.first = self.lose_while_it_waits
        ended = self.run_it()
        self.assertEqual([False], self.flags)
        self.assertEqual(['disk'], self.images())
        self.assertIn('--synchronous-writes', ended.error)

    def test_nor_one_that_it_waits_for_with_an_image_of_another(self):
        self.first = self.lose_while_it_waits
        self.run_it(existing=('vda',))
        self.assertEqual([False], self.flags)

    def test_nor_one_whose_images_stay(self):
        delete = mock.patch.object(
            pool_directory.PoolDirectory, 'delete', return_value=False
        )
        with delete:
            ended = self.run_it()
        self.assertEqual([False], self.flags)
        self.assertEqual(1, len(ended.cleaned.left))
        self.assertIn('--synchronous-writes', ended.error)

    def test_without_leave_nothing_is_aborted(self):
        done = threading.Event()
        self.domain.on_migrate = lambda: (self.spin(30), self.move())
        self.run_it(converge=False)
        self.assertFalse(self.aborted.is_set())
        self.assertFalse(done.is_set())

    def spin(self, times):
        for sent in range(times):
            self.domain.jobs = {'vda': {'cur': sent, 'end': sent + 9}}
            if self.aborted.wait(0.005):
                return


class RoomTest(migration.MigrationCase):
    """The destination's other guests keep their room."""

    limits = watchdog_limits.AbortLimits(reserve_bytes=64 * migration.MIB)

    def setUp(self):
        super().setUp()
        self.aborted = threading.Event()
        self.domain.on_abort = self.aborted.set

    def fill(self):
        self.there.room = (1 << 40, 3 * migration.MIB)

    def test_it_is_aborted_before_the_destination_is_full(self):
        self.there.room = (1 << 40, 65 * migration.MIB)

        def migrate():
            # One look for the floor; the next is due in a second.
            while self.there.names('pool.info') == []:
                self.aborted.wait(0.002)
            self.fill()
            self.assertTrue(self.aborted.wait(PATIENCE))
            raise fake_daemon.broken('canceled by client')

        self.domain.on_migrate = migrate
        with self.nothing_is_left():
            ended = self.run_it()
        self.assertIs(guest_location.Ending.NOT_MOVED, ended.settlement.ending)
        self.assertTrue(self.aborted.is_set())
        for word in (migration.FOLDER, str(3 * migration.MIB), 'reserve'):
            self.assertIn(word, ended.error)

    def test_it_is_not_looked_at_without_a_reserve(self):
        self.limits = watchdog_limits.AbortLimits(reserve_bytes=0)
        self.fill()
        self.domain.on_migrate = self.move
        self.run_it()
        self.assertEqual([], self.there.names('pool.info'))
