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

"""What libvirt's states and answers of a domain mean."""

import unittest

import ddt
import libvirt

from nova_selective_migrate.core.job.guest_presence import Presence
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain


@ddt.ddt
class SideTest(unittest.TestCase):
    @ddt.data(
        ('RUNNING', 'RUNNING_MIGRATED', Presence.RUNNING),
        ('BLOCKED', 'BLOCKED_UNKNOWN', Presence.RUNNING),
        ('SHUTDOWN', 'SHUTDOWN_USER', Presence.RUNNING),
        ('PMSUSPENDED', 'PMSUSPENDED_UNKNOWN', Presence.RUNNING),
        ('PAUSED', 'PAUSED_USER', Presence.PAUSED),
        ('PAUSED', 'PAUSED_IOERROR', Presence.PAUSED),
        ('PAUSED', 'PAUSED_UNKNOWN', Presence.PAUSED),
        ('PAUSED', 'PAUSED_MIGRATION', Presence.SWITCHING),
        ('PAUSED', 'PAUSED_POSTCOPY', Presence.POSTCOPY),
        ('PAUSED', 'PAUSED_POSTCOPY_FAILED', Presence.POSTCOPY_FAILED),
        ('RUNNING', 'RUNNING_POSTCOPY', Presence.RUNNING),
        ('RUNNING', 'RUNNING_POSTCOPY_FAILED', Presence.POSTCOPY_FAILED),
        ('PAUSED', 'PAUSED_STARTING_UP', Presence.SWITCHING),
        ('SHUTOFF', 'SHUTOFF_MIGRATED', Presence.MIGRATED),
        ('SHUTOFF', 'SHUTOFF_SHUTDOWN', Presence.OFF),
        ('SHUTOFF', 'SHUTOFF_FAILED', Presence.OFF),
        ('CRASHED', 'CRASHED_PANICKED', Presence.OFF),
    )
    @ddt.unpack
    def test_state_and_reason(self, state, reason, want):
        found = libvirt_codes.guest_side(
            getattr(libvirt, f'VIR_DOMAIN_{state}'),
            getattr(libvirt, f'VIR_DOMAIN_{reason}'),
        )
        self.assertIs(want, found.presence)

    @ddt.data(
        ('RUNNING', 'RUNNING_MIGRATION_CANCELED', True),
        ('RUNNING', 'RUNNING_BOOTED', False),
        ('RUNNING', 'RUNNING_UNPAUSED', False),
        # The same number, and another state.
        ('BLOCKED', 'RUNNING_MIGRATION_CANCELED', False),
        ('PAUSED', 'PAUSED_USER', False),
    )
    @ddt.unpack
    def test_what_a_migration_had_paused(self, state, reason, want):
        found = libvirt_codes.guest_side(
            getattr(libvirt, f'VIR_DOMAIN_{state}'),
            getattr(libvirt, f'VIR_DOMAIN_{reason}'),
        )
        self.assertIs(want, found.resumed)

    def test_a_state_of_tomorrow_counts_as_a_guest(self):
        # Taken for gone, its images would be removed.
        self.assertIs(
            Presence.RUNNING, libvirt_codes.guest_side(99, 0).presence
        )


class JobOverTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.domain = fake_domain.FakeDomain()
        self.guest = libvirt_guest.Guest(self.domain)

    def fail(self, code):
        self.domain.fails = fake_daemon.libvirt_error(
            getattr(libvirt, f'VIR_ERR_{code}'), 'no'
        )

    def test_no_job(self):
        self.domain.job = {'type': libvirt.VIR_DOMAIN_JOB_NONE}
        self.assertTrue(self.guest.job_over())

    def test_a_job(self):
        self.domain.job = {'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED}
        self.assertFalse(self.guest.job_over())

    def test_what_cannot_be_asked_is_not_over(self):
        for code in ('OPERATION_TIMEOUT', 'RPC', 'INTERNAL_ERROR'):
            self.fail(code)
            self.assertFalse(self.guest.job_over(), code)

    def test_a_guest_that_is_off_or_gone_has_none(self):
        for code in ('OPERATION_INVALID', 'NO_DOMAIN'):
            self.fail(code)
            self.assertTrue(self.guest.job_over(), code)


class LookTest(unittest.TestCase):
    def setUp(self):
        self.daemon = fake_daemon.FakeDaemon()
        self.peer = fake_daemon.connect(self.daemon)

    def look(self) -> Presence:
        return self.peer.look(fake_domain.UUID).presence

    def test_absent_is_said_by_libvirt_and_no_error_is_taken_for_it(self):
        self.assertIs(Presence.ABSENT, self.look())
        self.daemon.fails['lookupByUUIDString'] = fake_daemon.broken('eof')
        self.assertIs(Presence.UNREACHABLE, self.look())

    def test_a_domain_that_goes_while_we_look_is_absent(self):
        domain = fake_domain.FakeDomain()
        self.daemon.domains[fake_domain.UUID] = domain
        self.assertIs(Presence.RUNNING, self.look())
        gone = fake_daemon.libvirt_error(libvirt.VIR_ERR_NO_DOMAIN)
        domain.on_state = lambda: self._raise(gone)
        self.assertIs(Presence.ABSENT, self.look())

    def _raise(self, error):
        raise error


class AnswersTest(unittest.TestCase):
    def setUp(self):
        self.domain = fake_domain.FakeDomain(fake_domain.file_disk('/d'))
        self.guest = libvirt_guest.Guest(self.domain)

    def test_what_is_not_told_is_none_or_empty(self):
        self.assertIsNone(self.guest.block_sizes('vda'))
        self.assertEqual({}, self.guest.block_job('vda'))
        self.domain.fails = libvirt.libvirtError('no')
        self.assertEqual({}, self.guest.block_job('vda'))
        self.assertEqual({}, self.guest.job_stats())
        self.assertFalse(self.guest.abort_migration())

    def test_sizes(self):
        self.domain.sizes['vda'] = (10, 4, 5)
        self.assertEqual(
            libvirt_guest.BlockSizes(10, 4), self.guest.block_sizes('vda')
        )

    def test_a_block_job_is_part_of_the_state(self):
        self.domain.jobs['vdb'] = {'type': 2, 'cur': 1, 'end': 2}
        state = self.guest.state(['vda', 'vdb'])
        self.assertEqual(('vdb',), state.block_jobs)
        self.assertEqual('running', state.state)
        self.assertIs(False, state.persistent)
        self.assertIs(False, state.paused_without_io)

    def test_a_paused_guest_that_served_nobody_is_told(self):
        self.domain.states = (
            libvirt.VIR_DOMAIN_PAUSED,
            libvirt.VIR_DOMAIN_PAUSED_USER,
        )
        self.assertIs(False, self.guest.state(['vda']).paused_without_io)
        self.domain.requests = 0
        self.assertIs(True, self.guest.state(['vda']).paused_without_io)
        self.assertEqual('paused', self.guest.state([]).state)

    def test_a_definition_only_where_there_is_one(self):
        self.assertIsNone(self.guest.persistent_xml())
        self.domain.persistent = True
        self.assertIn('<name>guest</name>', self.guest.persistent_xml())
