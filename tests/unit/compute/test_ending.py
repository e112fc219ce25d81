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
        (P.ABSENT, 'failed', MOVED),
        (P.MIGRATED, 'failed', MOVED),
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
        self.assertLess(self.now, 200)

    def test_a_guest_that_has_gone_has_no_job(self):
        host = mock.Mock()
        host.guest.side_effect = exceptions.DomainNotFound('none')
        host.look.return_value = outcome.Side(P.ABSENT)
        found = ending.settle(lambda: host, 'uuid', call('failed'))
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

    def test_a_call_that_does_not_end(self):
        with mock.patch.object(ending, '_CALL_SECONDS', 0.01):
            found = self.settle([P.RUNNING], 'running')
        self.assertIs(UNKNOWN, found.ending)
