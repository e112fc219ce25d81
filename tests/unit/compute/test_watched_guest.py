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

"""What nova's monitor is told of the guest, and what it may do to it."""

import types
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import watched_guest
from nova_selective_migrate.host.migration import migration_attempt


class WatchedGuestTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.guest = mock.Mock()
        self.guest._domain.state.return_value = (1, 1)
        self.migration = planned_migrations.RunningMigration()
        self.calls = self.migration.calls
        self.second = self.calls.second_copy
        self.forced, self.take = mock.Mock(), mock.Mock()
        self.watched = watched_guest.WatchedGuest(
            self.guest,
            types.SimpleNamespace(uuid='uuid'),
            self.migration,
            self.forced,
            take=self.take,
            idle=types.SimpleNamespace,
        )

    def ask(self, kind):
        info = types.SimpleNamespace(type=kind)
        self.guest.get_job_info.return_value = info
        return self.watched.get_job_info()

    def test_is_the_guest_otherwise(self):
        self.watched.abort_job()
        self.guest.abort_job.assert_called_once_with()

    def test_the_end_of_the_first_copy_is_none_for_nova(self):
        ended = (
            libvirt.VIR_DOMAIN_JOB_FAILED,
            libvirt.VIR_DOMAIN_JOB_CANCELLED,
        )
        for kind in ended:
            self.assertEqual(types.SimpleNamespace(type=kind), self.ask(kind))
        self.second.want()
        for kind in ended:
            self.assertEqual(types.SimpleNamespace(), self.ask(kind))
        # It came through all the same.
        done = libvirt.VIR_DOMAIN_JOB_COMPLETED
        self.assertEqual(types.SimpleNamespace(type=done), self.ask(done))
        self.second.begin()
        for kind in ended:
            self.assertEqual(types.SimpleNamespace(type=kind), self.ask(kind))

    def torn(self):
        """Return nova's guest, whose post-copy has failed."""
        paused = libvirt.VIR_DOMAIN_PAUSED
        failed = libvirt.VIR_DOMAIN_PAUSED_POSTCOPY_FAILED
        self.guest._domain.state.return_value = (paused, failed)
        # libvirt keeps the job, so that it can be taken up again.
        self.guest.get_job_info.side_effect = lambda: types.SimpleNamespace(
            type=libvirt.VIR_DOMAIN_JOB_UNBOUNDED
        )
        return self.watched

    def test_a_post_copy_that_failed_ends_nova_s_loop(self):
        guest = self.torn()
        self.assertEqual(2, guest.get_job_info().type)
        # Not before libvirt's call has ended.
        self.calls.first.call()
        self.calls.end(libvirt.libvirtError('post-copy phase'))
        self.take.reset_mock()
        self.assertEqual(4, guest.get_job_info().type)
        self.take.assert_not_called()

    def test_another_call_that_ended_is_followed_on(self):
        """The connection broke, and the daemons go on."""
        guest = self.torn()
        self.guest._domain.state.return_value = (1, 1)
        self.calls.first.call()
        self.calls.end(libvirt.libvirtError('connection'))
        self.assertEqual(2, guest.get_job_info().type)

    def test_a_post_copy_is_remembered(self):
        guest = self.torn()
        self.assertFalse(self.migration.postcopy.begun)
        guest.get_job_info()
        self.assertTrue(self.migration.postcopy.begun)

    def test_a_post_copy_that_nova_begins_is_remembered(self):
        guest = self.watched
        self.forced.start_postcopy.side_effect = ValueError
        with self.assertRaises(ValueError):
            guest.migrate_start_postcopy()
        self.assertFalse(self.migration.postcopy.begun)
        self.forced.start_postcopy.side_effect = None
        guest.migrate_start_postcopy()
        self.assertTrue(self.migration.postcopy.begun)

    def test_nova_s_abort_is_for_good(self):
        self.second.want()
        self.watched.abort_job()
        self.assertFalse(self.second.wanted)
        (cause,) = self.calls.causes
        self.assertIs(
            migration_attempt.AbortKind.COMPLETION_TIMEOUT, cause.kind
        )

    def test_what_forces_it_is_asked_in_nova_s_place(self):
        guest = self.watched
        guest.pause()
        self.forced.pause.assert_called_once_with()
        guest.migrate_start_postcopy()
        self.forced.start_postcopy.assert_called_once_with()
        # Where the guest is has not been found out then.
        guest.resume()
        for name in ('pause', 'migrate_start_postcopy', 'resume'):
            getattr(self.guest, name).assert_not_called()

    def test_the_downtime_holds_for_the_second_copy(self):
        running = libvirt.VIR_DOMAIN_JOB_UNBOUNDED
        set_it = self.guest.migrate_configure_max_downtime
        self.watched.migrate_configure_max_downtime(100)
        self.second.want()
        self.ask(running)
        self.assertEqual(1, set_it.call_count)
        self.second.begin()
        self.ask(libvirt.VIR_DOMAIN_JOB_NONE)
        self.assertEqual(1, set_it.call_count)
        set_it.side_effect = libvirt.libvirtError('busy')
        for _ in range(3):
            self.ask(running)
        self.assertEqual([mock.call(100)] * 2, set_it.call_args_list)

    def test_a_guest_that_cannot_be_asked_now_has_no_job_for_nova(self):
        busy = libvirt.libvirtError('cannot acquire state change lock')
        busy.err = (libvirt.VIR_ERR_OPERATION_TIMEOUT, *[None] * 8)
        self.guest.get_job_info.side_effect = busy
        with self.assertLogs(watched_guest.__name__, 'WARNING'):
            self.assertEqual(
                types.SimpleNamespace(), self.watched.get_job_info()
            )

    def test_another_error_is_nova_s(self):
        gone = libvirt.libvirtError('connection lost')
        gone.err = (libvirt.VIR_ERR_RPC, *[None] * 8)
        self.guest.get_job_info.side_effect = gone
        with self.assertRaises(libvirt.libvirtError):
            self.watched.get_job_info()
