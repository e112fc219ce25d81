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

"""What is recorded at the end of a migration is what is so."""

import unittest
from unittest import mock

import ddt
import libvirt

from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.source import completion
from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence

MOVED, NOT_MOVED, UNKNOWN = guest_location.Ending
P = guest_presence.Presence


@ddt.ddt
class CompletionTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.methods = mock.Mock(
            spec=['ending', 'post', 'recover', 'fault', 'cause', 'event']
        )
        self.methods.cause.return_value = None
        self.end = completion.Completion(
            self.methods, 'context', 'instance', 'there', None, 'data'
        )

    def find(self, found, presence, error=None):
        side = guest_presence.GuestSide(presence)
        self.methods.ending.return_value = (
            live_migration_settlement.SettledMigration(
                guest_location.Settlement(found, 'the explanation'),
                side,
                guest_presence.GuestSide(P.UNREACHABLE),
                error,
            )
        )

    def fault(self):
        self.methods.fault.assert_called_once()
        context, instance, fault = self.methods.fault.call_args.args
        self.assertEqual(('context', 'instance'), (context, instance))
        return str(fault)

    def assert_moved(self):
        self.methods.post.assert_called_once_with(
            'context', 'instance', 'there', None, 'data'
        )
        self.methods.recover.assert_not_called()
        self.methods.fault.assert_not_called()
        self.end.report()

    def assert_not_moved(self, status):
        self.methods.recover.assert_called_once_with(
            'context', 'instance', 'there', 'data', migration_status=status
        )
        self.methods.post.assert_not_called()
        self.end.report()

    @ddt.data('believed_moved', 'believed_failed')
    def test_moved(self, belief):
        self.find(MOVED, P.ABSENT)
        getattr(self.end, belief)('context', 'a view of the instance')
        self.assert_moved()

    @ddt.data('believed_moved', 'believed_failed')
    def test_not_moved(self, belief):
        self.find(NOT_MOVED, P.OFF, ValueError('QEMU  is\ngone'))
        getattr(self.end, belief)('context', 'a view of the instance')
        self.assert_not_moved('failed')
        text = self.fault()
        self.assertIn('QEMU is gone', text)
        self.assertIn('shut off', text)

    def test_cancelled(self):
        self.find(NOT_MOVED, P.RUNNING, ValueError('canceled by client'))
        self.end.believed_failed(migration_status='cancelled')
        self.assert_not_moved('cancelled')
        self.assertIn('cancelled: canceled by client', self.fault())

    @ddt.data('believed_moved', 'believed_failed')
    def test_cancelled_unseen(self, belief):
        """nova has looked before the abort and after its end alone."""
        self.find(NOT_MOVED, P.RUNNING, self.aborted())
        getattr(self.end, belief)()
        self.assert_not_moved('cancelled')
        self.assertIn('cancelled: canceled by client', self.fault())

    def test_broken_off_is_not_cancelled(self):
        """Only what nobody follows any more has been aborted then."""
        self.find(NOT_MOVED, P.RUNNING, self.aborted())
        self.end.broken_off(ValueError('no bus'))
        self.assert_not_moved('failed')

    def aborted(self):
        error = libvirt.libvirtError('canceled by client')
        error.err = (libvirt.VIR_ERR_OPERATION_ABORTED,) + (None,) * 8
        return error

    def test_a_watchdog_s_abort_has_its_own_cause(self):
        self.find(NOT_MOVED, P.RUNNING, self.aborted())
        self.methods.cause.return_value = abort_causes.no_progress(300)
        self.end.believed_failed()
        self.assert_not_moved('cancelled')
        text = self.fault()
        self.assertIn('progress_timeout', text)
        self.assertNotIn('canceled by client', text)
        self.methods.event.assert_called_once_with(
            'context', 'instance', 'selective_migrate_no-progress', text
        )

    def test_what_libvirt_says_besides_is_told(self):
        self.find(NOT_MOVED, P.RUNNING, ValueError('QEMU is gone'))
        self.methods.cause.return_value = abort_causes.no_progress(300)
        self.end.believed_failed()
        for word in ('progress_timeout', 'QEMU is gone'):
            self.assertIn(word, self.fault())

    def test_what_the_destination_has_recorded_is_no_event_again(self):
        self.find(NOT_MOVED, P.RUNNING, self.aborted())
        cause = abort_causes.told_by_destination('there is full')
        self.methods.cause.return_value = cause
        self.end.believed_failed()
        self.assertIn('there is full', self.fault())
        self.methods.event.assert_not_called()

    @ddt.data('believed_moved', 'believed_failed')
    def test_unknown(self, belief):
        self.find(UNKNOWN, P.UNREACHABLE, ValueError('connection lost'))
        getattr(self.end, belief)()
        self.methods.post.assert_not_called()
        self.methods.recover.assert_not_called()
        text = self.fault()
        for words in (
            *('unknown', 'the explanation', 'connection lost'),
            'nothing was cleaned up',
        ):
            self.assertIn(words, text)
        self.methods.event.assert_called_once()
        *_, name, message = self.methods.event.call_args.args
        self.assertEqual('selective_migrate_location-unknown', name)
        self.assertIn('the explanation', message)
        with self.assertRaisesRegex(Exception, 'unknown'):
            self.end.report()

    def test_both_run(self):
        """What to destroy is within what nova keeps of a fault."""
        found = live_migration_settlement.SettledMigration(
            guest_location.both_ran(None),
            guest_presence.GuestSide(P.RUNNING),
            guest_presence.GuestSide(P.PAUSED),
            ValueError('end of file'),
        )
        self.methods.ending.return_value = found
        self.end.believed_failed()
        self.methods.recover.assert_not_called()
        self.assertIn('destroy that of the destination', self.fault()[:250])
        name = self.methods.event.call_args.args[2]
        self.assertEqual('selective_migrate_runs-on-both-hosts', name)

    def test_broken_off_before_the_call(self):
        self.find(NOT_MOVED, P.RUNNING)
        self.end.broken_off(ValueError('no plan'))
        self.assert_not_moved('failed')
        self.assertIn('no plan', self.fault())

    def test_broken_off_while_the_guest_moved(self):
        self.find(MOVED, P.ABSENT)
        self.end.broken_off(ValueError('lost the connection'))
        self.assert_moved()

    def test_a_fault_that_cannot_be_recorded_changes_nothing(self):
        self.find(NOT_MOVED, P.RUNNING)
        self.methods.fault.side_effect = ValueError('no conductor')
        self.end.believed_failed()
        self.assert_not_moved('failed')

    def test_is_reached_before_nova_acts(self):
        """What fails then is not rolled back a second time."""
        self.find(NOT_MOVED, P.RUNNING)
        self.methods.recover.side_effect = ValueError('no bus')
        with self.assertRaises(ValueError):
            self.end.believed_failed()
        self.assertTrue(self.end.reached)
