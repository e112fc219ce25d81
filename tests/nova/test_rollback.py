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

"""The destination deletes only what a migration made there."""

import shutil
from unittest import mock

import ddt
from nova import exception

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.destination import rollback
from tests.nova import destinations

P = destinations.P


@ddt.ddt
class RollbackTest(destinations.DestinationTest):
    def setUp(self):
        super().setUp()
        self.withdrawals = rollback.DestinationRollback(
            self.driver, self.claims, self.rooms
        )
        self.log = self.enterContext(mock.patch.object(rollback.LOG, 'error'))

    def roll_back(self, stock=None):
        """Roll back; tell whether nova was let delete the directory."""
        stock = stock or mock.Mock()
        self.withdrawals.roll_back(
            stock,
            self.context,
            self.instance,
            destroy_disks=True,
            migrate_data=self.data,
        )
        stock.assert_called_once()
        named = stock.call_args.kwargs
        shared = named['migrate_data'].is_shared_instance_path
        self.assertEqual(named['destroy_disks'], not shared)
        return named['destroy_disks']

    def assert_left(self, *causes):
        self.assertFalse(self.roll_back())
        self.assertFalse(self.data.is_shared_instance_path)
        said = self.log.call_args.args[1]
        for cause in causes:
            self.assertIn(cause, said)
        self.assertTrue(self.home.exists())

    def test_what_was_prepared_is_deleted(self):
        self.prepare()
        self.assertTrue(self.roll_back())
        self.rooms.end.assert_called_once_with(self.instance)

    def test_the_claim_goes_with_it(self):
        self.prepare()
        stock = mock.Mock(side_effect=lambda **_: shutil.rmtree(self.home))
        self.roll_back(stock)
        self.assertIsNone(self.claim())

    def test_the_claim_to_what_nova_leaves_stays(self):
        self.prepare()
        self.assertEqual([], self.claims.waiting())
        self.roll_back()
        self.assertIsNotNone(self.claim())
        self.assertEqual([destinations.UUID], self.claims.waiting())

    def test_what_was_not_claimed(self):
        self.home.mkdir()
        self.assert_left('was not made by this live migration')

    def test_what_was_claimed_elsewhere(self):
        self.prepare()
        self.home.rename(self.home.with_name('moved'))
        self.home = self.home.with_name('moved')
        self.assert_left('was not made by this live migration')

    def test_another_directory(self):
        self.prepare()
        self.home.rename(self.home.with_name('aside'))
        self.home.mkdir()
        self.assert_left('another directory')

    def test_a_link(self):
        self.prepare()
        self.home.rename(self.home.with_name('aside'))
        self.home.symlink_to(self.home.with_name('aside'))
        self.assert_left(str(self.home))

    def test_what_somebody_else_put_into_it(self):
        self.prepare()
        (self.home / 'notes').touch()
        self.assert_left('notes')

    def test_what_another_domain_uses(self):
        self.prepare()
        self.use()
        self.assert_left('used by another')

    def test_what_the_waiting_guest_itself_uses(self):
        """nova destroys it."""
        self.prepare()
        self.use(uuid=destinations.UUID)
        self.here(P.SWITCHING)
        self.assertTrue(self.roll_back())
        self.here(P.ABSENT)
        self.assert_left('used by')

    def test_a_journal_that_cannot_be_read(self):
        self.prepare()
        (self.journal / f'{destinations.UUID}.json').write_text('{')
        self.assert_left('journal')

    @ddt.named_data(
        # nova would delete a directory of a resize in its place.
        ['nothing_is_there', False, True],
        ['a_shared_directory_is_nova_s', True, False],
    )
    def test_what_nova_is_not_let_delete(self, shared, destroy_disks):
        self.data.is_shared_instance_path = shared
        stock = mock.Mock()
        self.withdrawals.roll_back(
            stock,
            self.context,
            self.instance,
            destroy_disks=destroy_disks,
            migrate_data=self.data,
        )
        stock.assert_called_once_with(
            destroy_disks=False, migrate_data=self.data
        )

    def refuse(self):
        """Roll back in vain; return what the user reads."""
        stock = mock.Mock()
        with self.assertRaises(exception.MigrationError) as raised:
            self.roll_back(stock)
        stock.assert_not_called()
        self.assertTrue(self.home.exists())
        self.assertIn(f'{self.home} is not touched', str(raised.exception))
        return str(raised.exception)

    @ddt.data(P.OFF, P.MIGRATED, P.UNREACHABLE)
    def test_what_is_here_otherwise_is_not_destroyed(self, presence):
        self.prepare()
        self.here(presence)
        self.refuse()
        self.instance.save.assert_not_called()

    @ddt.data(P.RUNNING, P.PAUSED, P.POSTCOPY, P.POSTCOPY_FAILED)
    def test_a_guest_that_is_here_is_not_destroyed(self, presence):
        self.prepare()
        self.here(presence)
        text = self.refuse()
        self.assertEqual('error', self.instance.vm_state)
        self.instance.save.assert_called_once_with()
        *_, name, message = self.events.call_args.args
        self.assertTrue(name.startswith('selective_migrate_'), name)
        self.assertIn(message, text)
        self.assertEqual(message, self.claim().doubt)

    @ddt.data(P.RUNNING, P.UNREACHABLE)
    def test_a_guest_that_runs_on_both_hosts_is_suspended(self, source):
        """The source has asked for a rollback: it runs the guest."""
        self.prepare()
        self.here(P.RUNNING)
        self.source_has(source)
        text = self.refuse()
        self.host.guest.return_value.suspend.assert_called_once_with()
        self.assertIn('suspended at once', text)
        self.assertIn('destroy that of the destination', text)

    @ddt.data(P.ABSENT, P.OFF, P.PAUSED, P.SWITCHING)
    def test_the_only_guest_that_runs_runs_on(self, source):
        self.prepare()
        self.here(P.RUNNING)
        self.source_has(source)
        self.refuse()
        self.host.guest.assert_not_called()

    @ddt.data(P.PAUSED, P.POSTCOPY, P.POSTCOPY_FAILED)
    def test_so_does_one_that_does_not_run(self, presence):
        self.prepare()
        self.here(presence)
        self.refuse()
        self.host.guest.assert_not_called()

    def test_a_postcopy_that_failed_may_be_taken_up_again(self):
        self.prepare()
        self.here(P.POSTCOPY_FAILED)
        self.source_has(P.POSTCOPY_FAILED)
        self.assertIn('--postcopy-resume', self.refuse())

    def test_one_that_cannot_be_suspended_is_told(self):
        self.prepare()
        self.here(P.RUNNING)
        guest = self.host.guest.return_value
        guest.suspend.side_effect = exceptions.HypervisorError('no monitor')
        self.assertIn('no monitor', self.refuse())

    def test_a_daemon_that_restarts_is_waited_for(self):
        self.prepare()
        down = exception.HypervisorUnavailable(host='here')
        self.driver._host.get_connection.side_effect = [
            down,
            down,
            mock.Mock(),
        ]
        with mock.patch.object(rollback.time, 'sleep') as sleep:
            self.assertTrue(self.roll_back())
        # subprocess sleeps too, for as long as a program of ours runs.
        own = mock.call(rollback._POLL_SECONDS)
        self.assertEqual(2, sleep.call_args_list.count(own))

    def test_without_a_daemon_what_stays_is_named(self):
        self.enterContext(mock.patch.object(rollback, '_RESTART_SECONDS', 0))
        self.prepare()
        down = exception.HypervisorUnavailable(host='here')
        self.driver._host.get_connection.side_effect = down
        stock = mock.Mock()
        with self.assertRaisesRegex(
            exception.MigrationError, f'{self.home} is left as it is'
        ):
            self.roll_back(stock)
        stock.assert_not_called()
        self.assertIsNotNone(self.claim())

    def test_a_workaround_of_nova_s_that_deletes_it_all_the_same(self):
        self.home.mkdir()
        workarounds = rollback.CONF.workarounds
        workarounds.ensure_libvirt_rbd_instance_dir_cleanup = True
        stock = mock.Mock()
        with self.assertRaisesRegex(exception.MigrationError, 'not made by'):
            self.roll_back(stock)
        stock.assert_not_called()
