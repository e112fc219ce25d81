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

"""The source's guest waits while the destination may run it unseen."""

import unittest
from unittest import mock

import ddt

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.migration import settlement
from nova_selective_migrate.host.migration import split_brain
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

P = guest_presence.Presence
UUID = fake_domain.UUID
LOST = guest_location.CallResult.LOST
COPIED = fake_domain.file_disk('/disk', 'vda')
SHARED = fake_domain.file_disk('/share/disk', 'vdb')
READ_ONLY = SHARED.replace('<target', '<readonly/><target')


@ddt.ddt
class SourceSuspensionTest(unittest.TestCase):
    def setUp(self):
        self.here = fake_daemon.FakeDaemon()
        self.there = fake_daemon.FakeDaemon()
        self.guest = fake_domain.FakeDomain(COPIED, SHARED)
        self.here.domains[UUID] = self.guest
        self.source = fake_daemon.connect(self.here)
        for module, name, value in (
            (settlement, '_SETTLE_SECONDS', 0.05),
            (settlement, '_POLL_SECONDS', 0.001),
            (split_brain, '_HASTE_SECONDS', 0.5),
        ):
            self.enterContext(mock.patch.object(module, name, value))

    def be_silent(self):
        """Let the destination answer nothing."""
        self.there.fails['lookupByUUIDString'] = fake_daemon.broken('eof')

    def settle(self, call=LOST, after=fake_domain.RESUMED):
        """Settle a migration that has left the source's guest so."""
        suspension = split_brain.SourceSuspension.before_call(
            lambda: self.source, UUID, ['vda']
        )
        self.guest.states = after
        return settlement.settle(
            *(self.source, fake_daemon.connect(self.there), UUID, call),
            suspension=suspension,
        )

    def answer_once_suspended(self, states=None):
        """Let the destination answer as soon as the source has suspended."""
        self.be_silent()
        suspend = self.guest.suspend

        def suspended():
            suspend()
            self.there.fails.clear()
            if states is not None:
                arrived = fake_domain.FakeDomain()
                arrived.states = states
                self.there.domains[UUID] = arrived

        self.guest.suspend = suspended

    def test_it_is_suspended_and_the_remedy_told(self):
        self.be_silent()
        found = self.settle()
        self.assertEqual((1, 0), (self.guest.suspended, self.guest.resumed))
        self.assertIs(guest_location.Ending.UNKNOWN, found.settlement.ending)
        self.assertIs(P.PAUSED, found.source.presence)
        for words in ('was suspended', 'virsh resume'):
            self.assertIn(words, found.settlement.explanation)
        self.assertFalse(found.vacant)

    def test_it_runs_on_where_the_destination_has_nothing(self):
        self.answer_once_suspended()
        found = self.settle()
        self.assertEqual((1, 1), (self.guest.suspended, self.guest.resumed))
        self.assertIs(guest_location.Ending.NOT_MOVED, found.settlement.ending)
        self.assertTrue(found.vacant)

    def test_where_it_cannot_run_on_nothing_is_as_before(self):
        self.guest.stays_paused = fake_daemon.broken('no monitor')
        self.answer_once_suspended()
        found = self.settle()
        self.assertIs(guest_location.Ending.UNKNOWN, found.settlement.ending)
        self.assertIn('virsh resume', found.settlement.explanation)
        self.assertFalse(found.vacant)

    def test_it_stays_suspended_where_the_destination_runs_it(self):
        self.answer_once_suspended(fake_domain.RUNNING)
        found = self.settle()
        self.assertEqual((1, 0), (self.guest.suspended, self.guest.resumed))
        self.assertEqual(0, self.there.domains[UUID].suspended)
        self.assertIs(guest_location.Doubt.BOTH_HAVE, found.settlement.doubt)
        self.assertIn('Never run both', found.settlement.explanation)

    def test_where_it_cannot_be_suspended_the_danger_is_told(self):
        self.guest.stays = fake_daemon.broken('no monitor')
        self.be_silent()
        found = self.settle()
        self.assertIs(guest_location.Ending.UNKNOWN, found.settlement.ending)
        self.assertIn('suspend it at once', found.settlement.explanation)

    @ddt.data('FAILED', 'ABORTED', 'NOT_MADE')
    def test_one_that_was_never_handed_over_runs_on(self, call):
        self.be_silent()
        self.settle(guest_location.CallResult[call])
        self.assertEqual(0, self.guest.suspended)

    def test_one_that_was_never_paused_runs_on(self):
        self.be_silent()
        self.settle(after=fake_domain.RUNNING)
        self.assertEqual(0, self.guest.suspended)

    def test_a_mark_of_an_earlier_migration_proves_nothing(self):
        self.guest.states = fake_domain.RESUMED
        self.be_silent()
        self.settle()
        self.assertEqual(0, self.guest.suspended)

    @ddt.data((), (READ_ONLY,))
    def test_without_a_disk_that_both_write_to_it_runs_on(self, others):
        self.guest.disks = (COPIED, *others)
        self.be_silent()
        self.settle()
        self.assertEqual(0, self.guest.suspended)

    def test_a_destination_that_answers_is_looked_at_first(self):
        arrived = fake_domain.FakeDomain()
        self.there.domains[UUID] = arrived
        self.settle()
        self.assertEqual((0, 1), (self.guest.suspended, arrived.suspended))

    def test_a_guest_that_cannot_be_looked_at_is_left_alone(self):
        del self.here.domains[UUID]
        suspension = split_brain.SourceSuspension.before_call(
            lambda: self.source, UUID, ['vda']
        )
        self.here.domains[UUID] = self.guest
        self.guest.states = fake_domain.RESUMED
        self.be_silent()
        settlement.settle(
            *(self.source, fake_daemon.connect(self.there), UUID, LOST),
            suspension=suspension,
        )
        self.assertEqual(0, self.guest.suspended)
