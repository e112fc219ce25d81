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

"""Where the guest is, from what the source has of it."""

import unittest
from unittest import mock

import ddt
import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import ending
from nova_selective_migrate.compute.source import record
from nova_selective_migrate.core.job import outcome

P = outcome.Presence
MOVED, NOT_MOVED, UNKNOWN = ending.Ending


def call(state):
    made = record.Call()
    if state != 'not made':
        made.start()
    if state == 'returned':
        made.end()
    elif state == 'failed':
        made.end(ValueError('no'))
    elif state == 'lost':
        lost = libvirt.libvirtError('end of file')
        lost.err = (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_RPC)
        made.end(lost)
    return made


@ddt.ddt
class JudgeTest(unittest.TestCase):
    @ddt.data(
        (P.RUNNING, 'failed', NOT_MOVED),
        (P.RUNNING, 'not made', NOT_MOVED),
        (P.PAUSED, 'failed', NOT_MOVED),
        # libvirt says that it worked, and the guest is here all the same.
        (P.RUNNING, 'returned', UNKNOWN),
        (P.PAUSED, 'returned', UNKNOWN),
        (P.ABSENT, 'returned', MOVED),
        (P.ABSENT, 'lost', MOVED),
        # Somebody else has undefined it: nova would delete its disks.
        (P.ABSENT, 'failed', UNKNOWN),
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
    def test_judge(self, presence, state, expected):
        side = outcome.Side(presence)
        self.assertIs(expected, ending.judge(side, call(state)))


class SettleTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 0.0

        def sleep(seconds):
            self.now += seconds

        for name, fake in (('sleep', sleep), ('monotonic', self._clock)):
            self.enterContext(mock.patch.object(ending.time, name, fake))

    def _clock(self):
        return self.now

    def settle(self, presences, state, jobs=()):
        """Settle; `jobs` says whether one is over, then it is."""
        host = mock.Mock()
        looks = list(jobs)
        self.guest = host.guest.return_value
        self.guest.job_over.side_effect = lambda: (
            looks.pop(0) if looks else True
        )
        sides = [outcome.Side(p) for p in presences]
        host.look.side_effect = lambda _: (
            sides.pop(0) if len(sides) > 1 else sides[0]
        )
        return ending.settle(lambda: host, 'uuid', call(state))

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
        self.assertLess(self.now, 400)

    def test_a_guest_that_has_gone_has_no_job(self):
        host = mock.Mock()
        host.guest.side_effect = exceptions.DomainNotFound('none')
        host.look.return_value = outcome.Side(P.ABSENT)
        found = ending.settle(lambda: host, 'uuid', call('lost'))
        self.assertIs(MOVED, found.ending)

    def test_a_daemon_that_starts_again(self):
        host = mock.Mock()
        host.look.return_value = outcome.Side(P.RUNNING)
        connect = mock.Mock(
            side_effect=[exceptions.ConnectFailed('refused')] * 5 + [host]
        )
        found = ending.settle(connect, 'uuid', call('failed'))
        self.assertIs(NOT_MOVED, found.ending)

    def test_a_host_that_does_not_answer(self):
        host = mock.Mock()
        host.guest.side_effect = exceptions.HypervisorError('lost')
        host.look.return_value = outcome.Side(P.UNREACHABLE)
        found = ending.settle(lambda: host, 'uuid', call('failed'))
        self.assertIs(UNKNOWN, found.ending)

    def follow(self, ends_at):
        """Settle a call that ends at a time, if its job is aborted."""
        made = record.Call()
        made.start()
        host = mock.Mock()
        guest = host.guest.return_value
        guest.job_over.return_value = False
        host.look.return_value = outcome.Side(P.RUNNING)

        def wait(seconds):
            self.now += seconds
            if guest.abort_migration.called and self.now > ends_at:
                guest.job_over.return_value = True
                made.end(ValueError('aborted'))
                return True
            return False

        with mock.patch.object(made, 'wait', wait):
            return ending.settle(lambda: host, 'uuid', made), guest

    def test_a_call_that_nova_has_given_up_is_aborted(self):
        found, guest = self.follow(ends_at=100)
        self.assertIs(NOT_MOVED, found.ending)
        self.assertEqual('aborted', str(found.error))
        self.assertLess(self.now, 110)

    def test_a_call_that_is_about_to_return_is_not(self):
        made = record.Call()
        made.start()
        host = mock.Mock()
        host.guest.return_value.job_over.return_value = False
        host.look.return_value = outcome.Side(P.ABSENT)

        def wait(seconds):
            self.now += seconds
            if self.now > 5:
                made.end()
            return made.returned

        with mock.patch.object(made, 'wait', wait):
            found = ending.settle(lambda: host, 'uuid', made)
        self.assertIs(MOVED, found.ending)
        host.guest.return_value.abort_migration.assert_not_called()

    def test_a_call_that_does_not_end(self):
        found, _ = self.follow(ends_at=10**9)
        self.assertIs(UNKNOWN, found.ending)
        self.assertLess(self.now, 400)
