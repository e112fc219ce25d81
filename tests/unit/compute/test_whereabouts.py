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

"""Where a guest is when nobody knows how its migration ended."""

import unittest
from unittest import mock

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import ending
from nova_selective_migrate.compute.source import whereabouts
from nova_selective_migrate.core.job import outcome

P = outcome.Presence
MOVED, NOT_MOVED, UNKNOWN = ending.Ending


@ddt.ddt
class JudgeTest(unittest.TestCase):
    @ddt.data(
        *((P.RUNNING, there, NOT_MOVED) for there in P),
        *((P.PAUSED, there, NOT_MOVED) for there in P),
        *((P.MIGRATED, there, MOVED) for there in P),
        *((P.SWITCHING, there, UNKNOWN) for there in P),
        *((P.UNREACHABLE, there, UNKNOWN) for there in P),
        *((P.ABSENT, there, UNKNOWN) for there in P),
        *((P.OFF, there, UNKNOWN) for there in P),
    )
    @ddt.unpack
    def test_judge(self, here, there, usual):
        holds = (P.RUNNING, P.PAUSED)
        expected = {
            **{(h, t): UNKNOWN for h in holds for t in holds},
            **{(h, t): MOVED for h in (P.ABSENT, P.OFF) for t in holds},
            (P.OFF, P.ABSENT): NOT_MOVED,
        }.get((here, there), usual)
        sides = outcome.Side(here), outcome.Side(there)
        self.assertIs(expected, whereabouts.judge(*sides, was_moved=False))

    @ddt.data(
        *((here, MOVED) for here in (P.ABSENT, P.OFF, P.MIGRATED)),
        *((here, UNKNOWN) for here in (P.RUNNING, P.PAUSED, P.SWITCHING)),
    )
    @ddt.unpack
    def test_where_it_had_been_found_there(self, here, expected):
        sides = outcome.Side(here), outcome.Side(P.UNREACHABLE)
        self.assertIs(expected, whereabouts.judge(*sides, was_moved=True))


class FindTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.here = mock.Mock(look=lambda _: self.looks.pop(0))
        self.looks = []
        self.guest = self.here.guest.return_value
        self.guest.job_over.return_value = True
        self.there = outcome.Side(P.ABSENT)
        self.open = self.enterContext(
            mock.patch.object(whereabouts.connection.Connection, 'open')
        )
        peer = self.open.return_value.__enter__.return_value
        peer.look = lambda _: self.there
        self.enterContext(mock.patch.object(whereabouts.time, 'sleep'))

    def find(self, *presences):
        self.looks = [outcome.Side(presence) for presence in presences]
        found, _, _ = whereabouts.find(
            lambda: self.here, 'uuid', 'uri', was_moved=False
        )
        return found

    def test_a_job_is_aborted_and_its_end_awaited(self):
        self.guest.job_over.side_effect = (False, False, True)
        found = self.find(P.RUNNING, P.RUNNING, P.RUNNING)
        self.assertIs(NOT_MOVED, found)
        self.assertEqual(2, self.guest.abort_migration.call_count)
        self.assertEqual([], self.looks)

    def test_what_is_under_way_is_awaited(self):
        self.assertIs(NOT_MOVED, self.find(P.SWITCHING, P.RUNNING))

    def test_a_guest_that_is_there(self):
        self.there = outcome.Side(P.RUNNING)
        self.assertIs(MOVED, self.find(P.ABSENT))

    def test_a_destination_out_of_reach(self):
        self.open.side_effect = exceptions.ConnectFailed('no route')
        self.assertIs(NOT_MOVED, self.find(P.RUNNING))

    def test_patience_ends(self):
        with mock.patch.object(whereabouts, '_SETTLE_SECONDS', 0):
            self.assertIs(UNKNOWN, self.find(P.ABSENT))

    def test_a_job_that_does_not_end(self):
        self.guest.job_over.return_value = False
        with mock.patch.object(whereabouts, '_LAST_SECONDS', -1):
            self.assertIs(UNKNOWN, self.find(P.RUNNING))
