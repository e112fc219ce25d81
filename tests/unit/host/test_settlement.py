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

"""Both hosts are looked at until it is certain where the guest is."""

import unittest
from unittest import mock

import ddt
import libvirt

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.migration import resumption
from nova_selective_migrate.host.migration import settlement
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

P = guest_presence.Presence
UUID = fake_domain.UUID
MIGRATING = {
    'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
    'operation': libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
}
FAILED_POSTCOPY = (
    libvirt.VIR_DOMAIN_PAUSED,
    libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED,
)


@ddt.ddt
class SettlingTest(unittest.TestCase):
    def setUp(self):
        self.here = fake_daemon.FakeDaemon()
        self.there = fake_daemon.FakeDaemon()
        self.guest = fake_domain.FakeDomain()
        self.here.domains[UUID] = self.guest
        # A busy machine must not end the wait before the last look.
        clock = self.enterContext(mock.patch.object(settlement, 'time'))
        self.now = 0.0
        clock.monotonic.side_effect = lambda: self.now
        clock.sleep.side_effect = self.sleep

    def sleep(self, seconds):
        self.now += seconds

    @property
    def both(self):
        return (
            fake_daemon.connect(self.here),
            fake_daemon.connect(self.there),
            UUID,
        )

    def arrive(self, states=fake_domain.RUNNING):
        arrived = fake_domain.FakeDomain()
        arrived.states = states
        self.there.domains[UUID] = arrived
        return arrived

    @ddt.data('FAILED', 'LOST', 'NOT_KNOWN', 'ABORTED')
    def test_a_job_that_goes_on_frees_nothing(self, call):
        """Given up for good, while the destination has nothing yet."""
        self.guest.job = MIGRATING
        found = settlement.settle(
            *self.both, guest_location.CallResult[call], follow=False
        )
        self.assertFalse(found.settlement.final)
        self.assertFalse(found.vacant)
        self.assertIs(guest_location.Ending.UNKNOWN, found.settlement.ending)

    def test_nor_does_one_that_cannot_be_told_to_have_ended(self):
        """libvirt waits for QEMU, and answers nothing about the job."""
        self.guest.fails = fake_daemon.libvirt_error(
            libvirt.VIR_ERR_OPERATION_TIMEOUT, 'busy'
        )
        for found in (
            settlement.settle(*self.both, follow=False),
            settlement.settle_once(*self.both),
        ):
            self.assertFalse(found.settlement.final)
            self.assertFalse(found.vacant)

    def test_without_a_job_it_is_over(self):
        for found in (
            settlement.settle(*self.both),
            settlement.settle_once(*self.both),
        ):
            self.assertTrue(found.vacant)

    def test_a_destination_that_cannot_be_asked_is_not_vacant(self):
        self.there.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
        found = settlement.settle(*self.both)
        self.assertIs(guest_location.Ending.NOT_MOVED, found.settlement.ending)
        self.assertFalse(found.vacant)

    def test_one_look_suspends_nobody(self):
        arrived = self.arrive()
        found = settlement.settle_once(*self.both)
        self.assertFalse(found.vacant)
        self.assertEqual(0, arrived.suspended)

    def test_a_restart_suspends_as_well(self):
        arrived = self.arrive()
        found = settlement.settle(*self.both)
        self.assertEqual(1, arrived.suspended)
        self.assertIs(P.PAUSED, found.destination.presence)
        self.assertIs(guest_location.Doubt.BOTH_RUN, found.settlement.doubt)

    @ddt.data(True, False)
    def test_a_half_of_a_postcopy_is_left(self, follow):
        """From libvirt 8.5 on its job stays."""
        arrived = self.arrive(FAILED_POSTCOPY)
        self.guest.states = FAILED_POSTCOPY
        self.guest.job = MIGRATING
        found = settlement.settle(*self.both, follow=follow)
        self.assertFalse(found.vacant)
        self.assertEqual(0, arrived.suspended)
        self.assertIn('--postcopy-resume', found.settlement.explanation)

    @ddt.data(
        (guest_location.CallResult.FAILED, guest_location.Ending.UNKNOWN),
        (guest_location.CallResult.NOT_KNOWN, guest_location.Ending.UNKNOWN),
        (guest_location.CallResult.ABORTED, guest_location.Ending.NOT_MOVED),
    )
    @ddt.unpack
    def test_the_source_s_qemu_may_have_ended_in_post_copy(self, call, want):
        """Nobody is told to start it there: its disks may be older."""
        self.guest.states = (
            libvirt.VIR_DOMAIN_SHUTOFF,
            libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
        )
        found = settlement.settle(*self.both, call, postcopy=True)
        self.assertIs(want, found.settlement.ending)
        self.assertFalse(found.vacant)
        found = settlement.settle(*self.both, call)
        self.assertIs(guest_location.Ending.NOT_MOVED, found.settlement.ending)

    def test_nor_is_it_followed_after_a_restart(self):
        self.guest.states = FAILED_POSTCOPY
        self.guest.job = MIGRATING
        source = fake_daemon.connect(self.here)
        self.assertIsNone(resumption._migrating(source, UUID))
        self.guest.states = fake_domain.RUNNING
        self.assertIsNotNone(resumption._migrating(source, UUID))

    def arrive_completely(self):
        incoming = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN
        self.arrive().completed = {'operation': incoming}

    def test_a_source_that_stays_away_has_told_nothing(self):
        self.here.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
        self.arrive()
        found = settlement.settle(*self.both).settlement
        self.assertIs(guest_location.Ending.UNKNOWN, found.ending)
        self.assertNotIn('job that brought it', found.explanation)
        self.arrive_completely()
        found = settlement.settle(*self.both).settlement
        self.assertIs(guest_location.Ending.UNKNOWN, found.ending)
        self.assertIn('job that brought it', found.explanation)

    @ddt.data(
        (None, guest_location.Ending.MOVED, None),
        (
            (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER),
            *(guest_location.Ending.UNKNOWN, guest_location.Doubt.BOTH_HAVE),
        ),
        (
            (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION),
            *(guest_location.Ending.UNKNOWN, guest_location.Doubt.BOTH_HAVE),
        ),
    )
    @ddt.unpack
    def test_a_source_that_comes_back_is_asked(self, states, ending, doubt):
        """Its daemon was killed at Finish, and has started again."""
        self.arrive_completely()
        source, destination, uuid = self.both
        look, silent = source.look, 3

        def comes_back(uuid):
            nonlocal silent
            silent -= 1
            if silent > 0:
                return guest_presence.GuestSide(P.UNREACHABLE, 'eof')
            if states is None:
                self.here.domains.pop(UUID, None)
            else:
                self.guest.states = states
            return look(uuid)

        with mock.patch.object(source, 'look', comes_back):
            found = settlement.settle(
                source, destination, uuid, guest_location.CallResult.LOST
            ).settlement
        self.assertEqual((ending, doubt), (found.ending, found.doubt))


@ddt.ddt
class CallResultTest(unittest.TestCase):
    @ddt.data(
        ('OPERATION_ABORTED', 'QEMU', 'ABORTED'),
        ('OPERATION_FAILED', 'QEMU', 'FAILED'),
        ('SYSTEM_ERROR', 'RPC', 'LOST'),
        ('INTERNAL_ERROR', 'RPC', 'LOST'),
        # qemu+libssh2:// and the like.
        ('INTERNAL_ERROR', 'SSH', 'NOT_KNOWN'),
        ('INTERNAL_ERROR', 'REMOTE', 'NOT_KNOWN'),
        ('INTERNAL_ERROR', 'NONE', 'NOT_KNOWN'),
    )
    @ddt.unpack
    def test_of_libvirts_error_and_of_ours(self, code, domain, want):
        error = fake_daemon.libvirt_error(
            getattr(libvirt, f'VIR_ERR_{code}'), 'no'
        )
        head, _, *rest = error.err
        error.err = (head, getattr(libvirt, f'VIR_FROM_{domain}'), *rest)
        for each in (
            error,
            libvirt_codes.ours(error, 'virDomainMigrateToURI3'),
        ):
            self.assertIs(
                guest_location.CallResult[want],
                libvirt_codes.call_result(each),
            )

    def test_what_is_not_libvirts_tells_nothing(self):
        self.assertIs(
            guest_location.CallResult.NOT_KNOWN,
            libvirt_codes.call_result(ValueError('x')),
        )
