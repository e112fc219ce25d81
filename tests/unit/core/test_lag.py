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

"""Disks that do not get ahead of the guest's writes are told."""

import unittest

from nova_selective_migrate.core.job import lag as lag_
from nova_selective_migrate.core.job import progress as progress_

MIB = 2**20
LATE = lag_.LIMIT_SECONDS + 1


def copying(*disks, phase=progress_.Phase.DISKS):
    """Make progress of disks: what remains and what was processed."""
    amounts = tuple(
        progress_.Amount(f'vd{n}', remaining + done, done)
        for n, (remaining, done) in enumerate(disks)
    )
    memory = progress_.Amount('memory', 0, 0)
    return progress_.MigrationProgress(0.0, phase, amounts, memory)


class LagTest(unittest.TestCase):
    def begin(self, *disks):
        return lag_.Lag().look(0.0, copying(*disks))

    def test_what_is_sent_again_and_again_lags(self):
        found = self.begin((100 * MIB, 0))
        found = found.look(LATE, copying((101 * MIB, 50 * MIB)))
        self.assertFalse(found.lasts(lag_.LIMIT_SECONDS))
        self.assertTrue(found.lasts(LATE))

    def test_a_slow_copy_that_gets_ahead_does_not(self):
        found = self.begin((100 * MIB, 0))
        found = found.look(LATE, copying((96 * MIB, 4 * MIB)))
        self.assertFalse(found.lasts(LATE))

    def test_nor_does_the_end_of_one(self):
        found = self.begin((10 * MIB, 0))
        found = found.look(LATE, copying((9 * MIB, MIB)))
        self.assertFalse(found.lasts(LATE))

    def test_a_small_way_ahead_is_noise(self):
        found = self.begin((100 * MIB, 0))
        found = found.look(LATE, copying((97 * MIB, 50 * MIB)))
        self.assertTrue(found.lasts(LATE))

    def test_a_copy_that_sends_nothing_stands_still(self):
        found = self.begin((100 * MIB, MIB))
        found = found.look(LATE, copying((100 * MIB, MIB)))
        self.assertFalse(found.lasts(LATE))

    def test_a_mirror_that_begins_is_no_lag(self):
        found = self.begin((MIB, 0), (0, 0))
        found = found.look(1.0, copying((MIB // 2, MIB), (200 * MIB, 0)))
        found = found.look(LATE, copying((0, MIB), (150 * MIB, 50 * MIB)))
        self.assertFalse(found.lasts(LATE))

    def test_for_how_long(self):
        found = lag_.Lag().look(100.0, copying((100 * MIB, 0)))
        self.assertEqual(0.0, found.seconds(130.0))
        found = found.look(120.0, copying((100 * MIB, 1)))
        self.assertEqual(30.0, found.seconds(130.0))
        self.assertEqual(60.0, lag_.LIMIT_SECONDS)
        self.assertFalse(found.lasts(160.0))
        self.assertTrue(found.lasts(160.1))

    def test_before_the_first_look_nothing_lags(self):
        self.assertEqual(0.0, lag_.Lag().seconds(1000.0))
        self.assertEqual(0.0, lag_.Lag(now_processed=9).seconds(1000.0))

    def test_a_tenth_is_ahead_near_the_end(self):
        for remaining, ahead in ((90, True), (91, False)):
            found = self.begin((100, 0)).look(LATE, copying((remaining, 50)))
            self.assertIs(not ahead, found.lasts(LATE), remaining)

    def test_what_only_stays_is_not_ahead(self):
        found = self.begin((5, 0)).look(LATE, copying((5, 50)))
        self.assertTrue(found.lasts(LATE))

    def test_memory_that_lags_is_not_the_disks(self):
        found = self.begin((MIB, 0))
        memory = progress_.Phase.MEMORY
        found = found.look(LATE, copying((MIB, 9 * MIB), phase=memory))
        self.assertFalse(found.lasts(LATE))

    def test_the_last_byte_is_ahead(self):
        found = self.begin((1, MIB))
        found = found.look(LATE, copying((0, MIB + 1)))
        self.assertFalse(found.lasts(LATE))


if __name__ == '__main__':
    unittest.main()
