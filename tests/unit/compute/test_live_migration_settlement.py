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

"""Where the guest is, as nova's source finds out."""

import contextlib
import unittest
from unittest import mock

import ddt
import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import timed_question
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import split_brain

P = guest_presence.Presence
MOVED, NOT_MOVED, UNKNOWN = guest_location.Ending
LOST = (libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC)
FAILED = (libvirt.VIR_ERR_OPERATION_FAILED, libvirt.VIR_FROM_QEMU)
ABORTED = (libvirt.VIR_ERR_OPERATION_ABORTED, libvirt.VIR_FROM_QEMU)


def error(text, code, domain):
    made = libvirt.libvirtError(text)
    made.args = (text,)
    made.err = (code, domain, text, 2, None, None, None, 0, -1)
    return made


def call(state):
    made = attempts.Attempts()
    if state != 'not made':
        made.first.call()
    ends = {
        'failed': error('no', *FAILED),
        'aborted': error('canceled by client', *ABORTED),
        'lost': error('end of file', *LOST),
        'untold': ValueError('no'),
        'returned': None,
    }
    if state in ends:
        made.end(ends[state])
    return made


@ddt.ddt
class CallTest(unittest.TestCase):
    @ddt.data(
        ('not made', 'NOT_MADE'),
        ('failed', 'FAILED'),
        ('aborted', 'ABORTED'),
        ('lost', 'LOST'),
        ('untold', 'NOT_KNOWN'),
        ('returned', 'SUCCEEDED'),
        ('out', 'NOT_KNOWN'),
    )
    @ddt.unpack
    def test_what_is_known(self, state, name):
        found = call(state).result
        self.assertIs(guest_location.CallResult[name], found)

    def test_of_another_process_nothing_is(self):
        made = attempts.Attempts.of_earlier_process(ValueError('it ended'))
        self.assertIs(guest_location.CallResult.NOT_KNOWN, made.result)
        self.assertTrue(made.wait(0))
        self.assertEqual('it ended', str(made.error))


class EndingTest(unittest.TestCase):
    """Has two hosts of mocks, and a clock that nobody waits for."""

    def setUp(self):
        super().setUp()
        self.now = 0.0

        def sleep(seconds):
            self.now += seconds

        for name, fake in (('sleep', sleep), ('monotonic', self._clock)):
            self.enterContext(
                mock.patch.object(live_migration_settlement.time, name, fake)
            )
        self.there = mock.Mock()
        self.looked_there = 0
        self.has_there(P.ABSENT)
        self.unreachable: Exception | None = None

    def _clock(self):
        return self.now

    def has_there(self, *presences):
        sides = [guest_presence.GuestSide(each) for each in presences]

        def look(_):
            self.looked_there += 1
            return sides.pop(0) if len(sides) > 1 else sides[0]

        self.there.look.side_effect = look

    @contextlib.contextmanager
    def _destination(self):
        if self.unreachable is not None:
            raise self.unreachable
        yield self.there

    def hosts(self, connect):
        return live_migration_settlement.GuestHosts(connect, self._destination)

    def settle(self, sides, state, jobs=(), **known):
        """Settle; `jobs` says whether one is over, then it is."""
        host = mock.Mock()
        probes = list(jobs)
        self.guest = host.guest.return_value
        self.guest.job_over.side_effect = lambda: (
            probes.pop(0) if probes else True
        )
        sides = [
            each
            if isinstance(each, guest_presence.GuestSide)
            else guest_presence.GuestSide(each)
            for each in sides
        ]
        host.look.side_effect = lambda _: (
            sides.pop(0) if len(sides) > 1 else sides[0]
        )
        made = state if isinstance(state, attempts.Attempts) else call(state)
        return live_migration_settlement.settle(
            self.hosts(lambda: host), 'uuid', made, **known
        )


@ddt.ddt
class SourceTest(EndingTest):
    """What the source alone tells: the destination cannot be asked."""

    @ddt.data(
        (P.RUNNING, 'failed', NOT_MOVED),
        (P.RUNNING, 'not made', NOT_MOVED),
        (P.RUNNING, 'lost', NOT_MOVED),
        (P.PAUSED, 'failed', NOT_MOVED),
        (P.PAUSED, 'lost', UNKNOWN),
        # libvirt says that it worked, and the guest is here all the same.
        (P.RUNNING, 'returned', UNKNOWN),
        (P.PAUSED, 'returned', UNKNOWN),
        (P.ABSENT, 'returned', MOVED),
        (P.ABSENT, 'lost', MOVED),
        # Somebody else has undefined it: nova would delete its disks.
        (P.ABSENT, 'failed', UNKNOWN),
        (P.ABSENT, 'untold', UNKNOWN),
        (P.ABSENT, 'not made', UNKNOWN),
        (P.MIGRATED, 'failed', MOVED),
        (P.MIGRATED, 'not made', UNKNOWN),
        (P.OFF, 'returned', MOVED),
        # QEMU was killed or the guest went off: nova takes it for moved.
        (P.OFF, 'failed', NOT_MOVED),
        (P.OFF, 'not made', NOT_MOVED),
        (P.SWITCHING, 'failed', UNKNOWN),
        (P.SWITCHING, 'returned', UNKNOWN),
        (P.UNREACHABLE, 'failed', UNKNOWN),
        (P.UNREACHABLE, 'returned', UNKNOWN),
    )
    @ddt.unpack
    def test_ending(self, presence, state, expected):
        self.unreachable = exceptions.ConnectFailed('no route')
        self.assertIs(expected, self.settle([presence], state).ending)

    @ddt.data(('failed', NOT_MOVED), ('aborted', NOT_MOVED), ('lost', UNKNOWN))
    @ddt.unpack
    def test_a_guest_that_a_migration_had_paused(self, state, expected):
        """Where the answer was lost, it may run there as well."""
        self.unreachable = exceptions.ConnectFailed('no route')
        resumed = guest_presence.GuestSide(P.RUNNING, resumed=True)
        found = self.settle([resumed], state)
        self.assertIs(expected, found.ending)
        self.assertLess(self.now, 70)


@ddt.ddt
class DestinationTest(EndingTest):
    """The destination is looked at too, and left as it is."""

    @ddt.data('failed', 'lost', 'untold')
    def test_a_lost_answer(self, state):
        self.has_there(P.RUNNING, P.PAUSED)
        found = self.settle([P.RUNNING], state)
        self.assertIs(UNKNOWN, found.ending)
        self.assertIs(guest_location.Doubt.BOTH_RUN, found.settlement.doubt)
        guest = self.there.guest.return_value
        guest.suspend.assert_called_once_with()
        self.assertEqual(
            [mock.call.guest('uuid'), mock.call.guest().suspend()],
            [c for c in self.there.mock_calls if c[0] != 'look'],
        )
        self.assertIs(P.PAUSED, found.there.presence)
        self.assertIn('suspended at once', found.settlement.explanation)
        self.assertLess(self.now, 5)

    def test_one_that_cannot_be_suspended(self):
        self.has_there(P.RUNNING)
        guest = self.there.guest.return_value
        guest.suspend.side_effect = exceptions.HypervisorError('no monitor')
        found = self.settle([P.RUNNING], 'lost')
        self.assertIs(UNKNOWN, found.ending)
        self.assertIn('no monitor', found.settlement.explanation)

    def test_a_source_that_does_not_run_it_any_more(self):
        self.has_there(P.RUNNING)
        found = self.settle([P.RUNNING, P.PAUSED], 'lost')
        self.assertIs(UNKNOWN, found.ending)
        self.there.guest.assert_not_called()

    @ddt.data(P.PAUSED, P.OFF, P.POSTCOPY, P.POSTCOPY_FAILED)
    def test_whatever_else_is_there_is_in_doubt(self, presence):
        self.has_there(presence)
        resumed = guest_presence.GuestSide(P.RUNNING, resumed=True)
        found = self.settle([resumed], 'lost')
        self.assertIs(UNKNOWN, found.ending)
        self.there.guest.assert_not_called()

    def test_a_guest_that_waits_there_is_not(self):
        self.has_there(P.SWITCHING)
        self.assertIs(NOT_MOVED, self.settle([P.RUNNING], 'failed').ending)
        self.assertLess(self.now, 5)

    def test_it_may_be_told_to_run_yet(self):
        """Finish was sent, and the daemon there has stood still."""
        self.has_there(P.SWITCHING, P.SWITCHING, P.RUNNING)
        resumed = guest_presence.GuestSide(P.RUNNING, resumed=True)
        found = self.settle([resumed], 'lost')
        self.assertIs(guest_location.Doubt.BOTH_RUN, found.settlement.doubt)

    def test_a_guest_that_is_there_alone_has_moved(self):
        self.has_there(P.RUNNING)
        for state in ('failed', 'lost', 'untold'):
            self.assertIs(MOVED, self.settle([P.ABSENT], state).ending)

    @ddt.data(
        (P.RUNNING, 'not made'),
        (P.RUNNING, 'aborted'),
        (P.ABSENT, 'returned'),
        (P.MIGRATED, 'returned'),
    )
    @ddt.unpack
    def test_who_needs_no_answer_does_not_ask(self, here, state):
        found = self.settle([here], state)
        self.assertEqual(0, self.looked_there)
        self.assertIs(guest_presence.NOT_ASKED, found.there)

    def test_a_daemon_that_stands_still_is_not_waited_for(self):
        self.enterContext(
            mock.patch.object(timed_question, 'QUESTION_SECONDS', 0.001)
        )
        still = timed_question.threading.Event()
        self.addCleanup(still.set)
        self.there.look.side_effect = lambda _: still.wait(10)
        found = self.settle([P.RUNNING], 'lost')
        self.assertIs(NOT_MOVED, found.ending)
        self.assertIs(P.UNREACHABLE, found.there.presence)

    def test_one_that_may_run_it_unseen_has_the_source_wait(self):
        self.unreachable = exceptions.ConnectFailed('no route')
        source = mock.Mock()
        suspension = split_brain.SourceSuspension(
            lambda: source, 'uuid', ['vdb']
        )
        resumed = guest_presence.GuestSide(P.RUNNING, resumed=True)
        found = self.settle([resumed, P.PAUSED], 'lost', suspension=suspension)
        source.guest.return_value.suspend.assert_called_once_with()
        self.assertIs(UNKNOWN, found.ending)
        self.assertIs(P.PAUSED, found.here.presence)
        self.assertIn('was suspended', found.settlement.explanation)

    @ddt.data((False, UNKNOWN), (True, MOVED))
    @ddt.unpack
    def test_where_it_had_been_found_there(self, was_there, expected):
        self.unreachable = exceptions.ConnectFailed('no route')
        found = self.settle([P.ABSENT], 'untold', was_there=was_there)
        self.assertIs(expected, found.ending)


@ddt.ddt
class PostcopyTest(EndingTest):
    def test_a_half_is_not_waited_for(self):
        """From libvirt 8.5 on its job stays, so that it can be resumed."""
        self.has_there(P.POSTCOPY_FAILED)
        found = self.settle([P.POSTCOPY_FAILED], 'failed', [False] * 10000)
        self.assertIs(UNKNOWN, found.ending)
        self.assertIs(
            guest_location.Doubt.POSTCOPY_FAILED, found.settlement.doubt
        )
        self.assertLess(self.now, 5)

    @ddt.data(P.ABSENT, P.OFF)
    def test_a_post_copy_without_a_destination_is_over(self, presence):
        """A daemon that was killed in it keeps the job for ever."""
        self.has_there(P.RUNNING, presence)
        found = self.settle([P.POSTCOPY], 'lost', [False] * 10000)
        self.assertIs(UNKNOWN, found.ending)
        self.assertIn('newest disks', found.settlement.explanation)
        self.assertLess(self.now, 5)

    def test_a_post_copy_that_goes_on_is_waited_for(self):
        """Longer than what has changed nothing for a while."""
        self.has_there(P.RUNNING)
        sides = [P.POSTCOPY] * 1000 + [P.ABSENT]
        found = self.settle(sides, 'lost', [False] * 1000)
        self.assertIs(MOVED, found.ending)
        self.assertGreater(self.now, 150)

    def test_a_post_copy_is_not_waited_for_without_end(self):
        self.has_there(P.RUNNING)
        found = self.settle([P.POSTCOPY], 'lost', [False] * 10000)
        self.assertIs(UNKNOWN, found.ending)
        self.assertLess(self.now, 310)

    def test_a_guest_that_is_paused_on_the_source_is_not_as_before(self):
        """nova would have it as active."""
        found = self.settle([P.SWITCHING], 'failed')
        self.assertIs(NOT_MOVED, found.settlement.ending)
        self.assertIs(UNKNOWN, found.ending)
        self.assertIn('resume', found.settlement.explanation)


class SettleTest(EndingTest):
    def test_waits_while_libvirt_hands_over(self):
        found = self.settle([P.SWITCHING, P.SWITCHING, P.RUNNING], 'failed')
        self.assertIs(NOT_MOVED, found.ending)
        self.assertIs(P.RUNNING, found.here.presence)
        self.assertEqual('no', str(found.error))

    def test_does_not_wait_for_ever(self):
        found = self.settle([P.SWITCHING], 'failed')
        self.assertIs(UNKNOWN, found.ending)
        self.assertLess(self.now, 70)

    def test_a_job_that_outlives_its_call_is_aborted(self):
        found = self.settle([P.RUNNING], 'failed', [False, False])
        self.assertIs(NOT_MOVED, found.ending)
        self.assertEqual(2, self.guest.abort_migration.call_count)

    def test_a_job_that_never_ends(self):
        found = self.settle([P.RUNNING], 'failed', [False] * 10000)
        self.assertIs(UNKNOWN, found.ending)
        self.assertIs(guest_location.Doubt.MIGRATES, found.settlement.doubt)
        self.assertLess(self.now, 400)

    def test_a_guest_that_has_gone_has_no_job(self):
        self.has_there(P.RUNNING)
        host = mock.Mock()
        host.guest.side_effect = exceptions.DomainNotFound('none')
        host.look.return_value = guest_presence.GuestSide(P.ABSENT)
        found = live_migration_settlement.settle(
            self.hosts(lambda: host), 'uuid', call('lost')
        )
        self.assertIs(MOVED, found.ending)

    def test_a_daemon_that_starts_again(self):
        host = mock.Mock()
        host.look.return_value = guest_presence.GuestSide(P.RUNNING)
        connect = mock.Mock(
            side_effect=[exceptions.ConnectFailed('refused')] * 5 + [host]
        )
        found = live_migration_settlement.settle(
            self.hosts(connect), 'uuid', call('failed')
        )
        self.assertIs(NOT_MOVED, found.ending)

    def test_a_host_that_does_not_answer(self):
        host = mock.Mock()
        host.guest.side_effect = exceptions.HypervisorError('lost')
        host.look.return_value = guest_presence.GuestSide(P.UNREACHABLE)
        found = live_migration_settlement.settle(
            self.hosts(lambda: host), 'uuid', call('failed')
        )
        self.assertIs(UNKNOWN, found.ending)

    def follow(self, ends_at):
        """Settle a call that ends at a time, if its job is aborted."""
        made = attempts.Attempts()
        made.first.call()
        host = mock.Mock()
        guest = host.guest.return_value
        guest.job_over.return_value = False
        host.look.return_value = guest_presence.GuestSide(P.RUNNING)

        def wait(seconds):
            self.now += seconds
            if guest.abort_migration.called and self.now > ends_at:
                guest.job_over.return_value = True
                made.end(ValueError('aborted'))
                return True
            return False

        with mock.patch.object(made, 'wait', wait):
            found = live_migration_settlement.settle(
                self.hosts(lambda: host), 'uuid', made
            )
        return found, guest

    def test_no_copy_begins_once_it_is_settled(self):
        made = call('failed')
        made.second_copy.want()
        self.settle([P.RUNNING], made)
        self.assertIsNone(made.begin_second())

    def test_a_call_that_nova_has_given_up_is_aborted(self):
        found, _guest = self.follow(ends_at=100)
        self.assertIs(NOT_MOVED, found.ending)
        self.assertEqual('aborted', str(found.error))
        self.assertLess(self.now, 110)

    def test_a_call_that_is_about_to_return_is_not(self):
        made = attempts.Attempts()
        made.first.call()
        host = mock.Mock()
        host.guest.return_value.job_over.return_value = False
        host.look.return_value = guest_presence.GuestSide(P.ABSENT)

        def wait(seconds):
            self.now += seconds
            if self.now > 5:
                made.end()
            return made.succeeded

        with mock.patch.object(made, 'wait', wait):
            found = live_migration_settlement.settle(
                self.hosts(lambda: host), 'uuid', made
            )
        self.assertIs(MOVED, found.ending)
        host.guest.return_value.abort_migration.assert_not_called()

    def test_a_call_that_does_not_end(self):
        found, _ = self.follow(ends_at=10**9)
        self.assertIs(UNKNOWN, found.ending)
        self.assertLess(self.now, 400)
