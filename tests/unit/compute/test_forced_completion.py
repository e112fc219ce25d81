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

"""A migration that is to be completed is, whenever that is asked for."""

import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.compute.source import forced_completion
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.host.hypervisor import libvirt_codes

RUNNING = (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_RUNNING_BOOTED)
HELD = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_MIGRATION)
PAUSED = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)
DISKS, MEMORY = {'memory_total': 0}, {'memory_total': 5}


class ForcedCompletionTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.guest = mock.Mock()
        self.be(RUNNING)
        self.guest.pause.side_effect = lambda: self.be(HELD)
        self.migration = planned_migrations.RunningMigration()
        self.second = self.migration.calls.second_copy
        self.ask = mock.Mock()
        self.now = 0.0
        clock = mock.patch.object(
            forced_completion.time, 'monotonic', lambda: self.now
        )
        clock.start()
        self.addCleanup(clock.stop)
        self.forced = forced_completion.ForcedCompletion(
            self.guest, mock.Mock(), self.migration, self.ask
        )
        self.look(DISKS)

    def be(self, state):
        self.guest._domain.state.return_value = state

    def look(self, job, *, running=True):
        self.forced.look(job, running=running)

    def paused(self):
        return self.guest.pause.call_count

    def test_nothing_is_done_unasked(self):
        self.look(MEMORY)
        self.assertEqual(0, self.paused())
        self.assertFalse(self.migration.forced.asked)

    def test_the_guest_is_paused_once(self):
        self.forced.pause()
        self.forced.pause()
        self.look(DISKS)
        self.look(MEMORY)
        self.assertEqual(1, self.paused())
        self.assertTrue(self.migration.forced.paused)
        self.ask.assert_not_called()

    def test_also_while_memory_is_sent(self):
        self.look(MEMORY)
        self.forced.pause()
        self.assertEqual(1, self.paused())

    def test_a_pause_that_fails_is_tried_again_and_told_once(self):
        busy = libvirt.libvirtError('busy')
        self.guest.pause.side_effect = [busy, busy, None]
        with self.assertLogs(forced_completion.__name__, 'INFO') as logged:
            self.forced.pause()
            self.look(DISKS)
            self.look(DISKS)
        self.assertEqual(3, self.paused())
        self.assertEqual(1, sum('not paused' in s for s in logged.output))

    def test_what_its_user_has_paused_is_left_so(self):
        self.be(PAUSED)
        self.forced.pause()
        self.look(DISKS)
        self.assertEqual(0, self.paused())
        self.assertFalse(self.migration.forced.paused)

    def test_no_copy_begins_again(self):
        self.forced.pause()
        self.assertFalse(self.second.want())

    def test_one_that_is_about_to_is_forced_as_well(self):
        self.second.want()
        self.forced.pause()
        self.assertTrue(self.second.begin())
        # libvirt has resumed it with the end of the first.
        self.be(RUNNING)
        self.look(DISKS, running=False)
        self.assertEqual(1, self.paused())
        self.look(DISKS)
        self.assertEqual(2, self.paused())

    def switch(self):
        with self.assertRaisesRegex(libvirt.libvirtError, 'until its disks'):
            self.forced.start_postcopy()

    def test_post_copy_waits_for_the_disks(self):
        """nova must not record it before, and forgets what it was asked."""
        self.switch()
        self.assertEqual(1, self.paused())
        self.look(DISKS)
        self.ask.assert_not_called()
        self.guest.migrate_start_postcopy.assert_not_called()
        self.look(MEMORY)
        self.look(MEMORY)
        self.ask.assert_called_once_with()
        self.forced.start_postcopy()
        self.now = 99.0
        self.look(MEMORY)
        self.guest.migrate_start_postcopy.assert_called_once_with()
        self.ask.assert_called_once_with()

    def test_what_failed_before_in_the_thread_is_not_the_reason(self):
        last = (3, 10, 'not supported: virConnectSetKeepAlive', 2)
        with mock.patch.object(
            libvirt.libvirtmod, 'virGetLastError', return_value=last
        ):
            self.switch()
            error = libvirt_codes.refused('not yet')
        self.assertIsNone(error.get_error_code())

    def test_post_copy_that_is_refused_is_asked_for_again(self):
        self.look(MEMORY)
        refused = libvirt.libvirtError('not active yet')
        self.guest.migrate_start_postcopy.side_effect = [refused, None]
        with self.assertRaises(libvirt.libvirtError):
            self.forced.start_postcopy()
        self.assertEqual(0, self.paused())
        self.look(MEMORY)
        self.now = 1.0
        self.look(MEMORY)
        self.assertEqual(1, self.ask.call_count)
        self.now = 9.0
        self.look(MEMORY)
        self.assertEqual(2, self.ask.call_count)
        self.forced.start_postcopy()

    def test_post_copy_at_once_where_memory_is_sent(self):
        self.look(MEMORY)
        self.forced.start_postcopy()
        self.assertEqual(0, self.paused())
        self.guest.migrate_start_postcopy.assert_called_once_with()


if __name__ == '__main__':
    unittest.main()
