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

"""A guest that was in post-copy has run at the destination."""

import unittest

import ddt

from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.compute.source import post_copy
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job.guest_location import Ending
from nova_selective_migrate.core.job.guest_presence import Presence


@ddt.ddt
class PostCopyTest(unittest.TestCase):
    def settled(self, here, there=Presence.ABSENT):
        sides = [guest_presence.GuestSide(each) for each in (here, there)]
        found = guest_location.locate(*sides, guest_location.CallResult.FAILED)
        return live_migration_settlement.SettledMigration(found, *sides)

    @ddt.data(Presence.POSTCOPY, Presence.POSTCOPY_FAILED)
    def test_its_disks_there_are_kept(self, seen):
        """Destroyed on the source, it is as one that stopped there."""
        found = self.settled(Presence.OFF)
        self.assertIs(Ending.NOT_MOVED, found.ending)
        remembered = post_copy.PostCopy()
        remembered.look(seen)
        judged = remembered.judge(found)
        self.assertIs(Ending.UNKNOWN, judged.ending)
        self.assertIs(
            guest_location.Doubt.POSTCOPY_FAILED, judged.settlement.doubt
        )
        self.assertTrue(judged.settlement.final)
        self.assertIn('newest disks', judged.settlement.explanation)

    @ddt.data(None, Presence.RUNNING, Presence.SWITCHING, Presence.OFF)
    def test_what_is_no_post_copy(self, seen):
        remembered = post_copy.PostCopy()
        remembered.look(seen)
        found = self.settled(Presence.OFF)
        self.assertIs(found, remembered.judge(found))

    def test_a_guest_that_the_source_runs_never_left(self):
        remembered = post_copy.PostCopy()
        remembered.begin()
        found = self.settled(Presence.RUNNING)
        self.assertIs(found, remembered.judge(found))

    def test_a_guest_that_has_moved(self):
        remembered = post_copy.PostCopy()
        remembered.begin()
        found = self.settled(Presence.OFF, Presence.RUNNING)
        self.assertIs(Ending.MOVED, remembered.judge(found).ending)
