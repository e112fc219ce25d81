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

"""What nobody sets otherwise is as documented."""

import unittest

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import watchdog_limits


class LimitsTest(unittest.TestCase):
    def test_five_minutes_and_a_quarter_of_a_gib(self):
        found = watchdog_limits.AbortLimits()
        self.assertEqual(300, found.progress_seconds)
        self.assertEqual(256 * 1024 * 1024, found.reserve_bytes)
        self.assertEqual(1024 * 1024, watchdog_limits.MIB)


MIB = 2**20
LATE = watchdog_limits.CONVERGENCE_SECONDS + 1


def copying(*disks, phase=migration_progress.Phase.DISKS):
    """Make progress of disks: what remains and what was processed."""
    amounts = tuple(
        migration_progress.Amount(f'vd{n}', remaining + done, done)
        for n, (remaining, done) in enumerate(disks)
    )
    memory = migration_progress.Amount('memory', 0, 0)
    return migration_progress.MigrationProgress(0.0, phase, amounts, memory)


class LagTest(unittest.TestCase):
    def begin(self, *disks):
        return watchdog_limits.Convergence().look(0.0, copying(*disks))

    def test_what_is_sent_again_and_again_lags(self):
        found = self.begin((100 * MIB, 0))
        found = found.look(LATE, copying((101 * MIB, 50 * MIB)))
        self.assertFalse(found.lasts(watchdog_limits.CONVERGENCE_SECONDS))
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
        found = watchdog_limits.Convergence().look(
            100.0, copying((100 * MIB, 0))
        )
        self.assertEqual(0.0, found.seconds(130.0))
        found = found.look(120.0, copying((100 * MIB, 1)))
        self.assertEqual(30.0, found.seconds(130.0))
        self.assertEqual(60.0, watchdog_limits.CONVERGENCE_SECONDS)
        self.assertFalse(found.lasts(160.0))
        self.assertTrue(found.lasts(160.1))

    def test_before_the_first_look_nothing_lags(self):
        self.assertEqual(0.0, watchdog_limits.Convergence().seconds(1000.0))
        self.assertEqual(
            0.0, watchdog_limits.Convergence(now_processed=9).seconds(1000.0)
        )

    def test_a_tenth_is_ahead_near_the_end(self):
        for remaining, ahead in ((90, True), (91, False)):
            found = self.begin((100, 0)).look(LATE, copying((remaining, 50)))
            self.assertIs(not ahead, found.lasts(LATE), remaining)

    def test_what_only_stays_is_not_ahead(self):
        found = self.begin((5, 0)).look(LATE, copying((5, 50)))
        self.assertTrue(found.lasts(LATE))

    def test_memory_that_lags_is_not_the_disks(self):
        found = self.begin((MIB, 0))
        memory = migration_progress.Phase.MEMORY
        found = found.look(LATE, copying((MIB, 9 * MIB), phase=memory))
        self.assertFalse(found.lasts(LATE))

    def test_the_last_byte_is_ahead(self):
        found = self.begin((1, MIB))
        found = found.look(LATE, copying((0, MIB + 1)))
        self.assertFalse(found.lasts(LATE))


GIB = 2**30


class FloorTest(unittest.TestCase):
    def test_the_reserve_stays(self):
        floor = watchdog_limits.FreeSpaceFloor.of(
            256 * MIB, 100 * GIB, 10 * GIB
        )
        self.assertTrue(floor.allows(256 * MIB))
        self.assertFalse(floor.allows(256 * MIB - 1))

    def test_what_fits_a_small_file_system_is_copied(self):
        floor = watchdog_limits.FreeSpaceFloor.of(
            256 * MIB, 100 * MIB, 80 * MIB
        )
        self.assertTrue(floor.allows(20 * MIB))
        self.assertFalse(floor.allows(10 * MIB - 1))

    def test_so_is_what_just_eats_into_the_reserve(self):
        floor = watchdog_limits.FreeSpaceFloor.of(
            256 * MIB, 300 * MIB, 80 * MIB
        )
        self.assertTrue(floor.allows(220 * MIB))
        self.assertFalse(floor.allows(110 * MIB - 1))

    def test_what_does_not_fit_fills_nothing(self):
        floor = watchdog_limits.FreeSpaceFloor.of(
            256 * MIB, 80 * MIB, 200 * MIB
        )
        self.assertTrue(floor.allows(80 * MIB))
        self.assertFalse(floor.allows(10 * MIB - 1))

    def test_it_is_never_above_the_reserve(self):
        for free, needed in ((99 * GIB, 200 * GIB), (GIB, GIB - 100 * MIB)):
            floor = watchdog_limits.FreeSpaceFloor.of(64 * MIB, free, needed)
            self.assertLessEqual(floor.bytes, 64 * MIB)

    def test_to_the_byte(self):
        for reserve, free, needed, floor in (
            (100, 1000, 900, 100),  # leaves just the reserve
            (100, 1000, 901, 49),  # half of what it leaves
            (100, 1000, 999, 0),
            (100, 1000, 1000, 100),  # leaves nothing: an eighth, no more
            (1000, 100, 100, 12),
            (1000, 100, 101, 12),
        ):
            with self.subTest(free=free, needed=needed):
                found = watchdog_limits.FreeSpaceFloor.of(
                    reserve, free, needed
                ).bytes
                self.assertEqual(floor, found)
                self.assertIsInstance(found, int)

    def test_no_reserve_is_no_floor(self):
        for free, needed in ((0, 0), (MIB, 2 * MIB), (GIB, MIB)):
            floor = watchdog_limits.FreeSpaceFloor.of(0, free, needed)
            self.assertTrue(floor.allows(0))


class NextLookTest(unittest.TestCase):
    def test_no_copy_can_use_up_what_is_free_in_between(self):
        floor = watchdog_limits.FreeSpaceFloor(256 * MIB)
        self.assertEqual(10.0, floor.next_look(256 * MIB + 10 * GIB))

    def test_it_is_neither_at_once_nor_never(self):
        floor = watchdog_limits.FreeSpaceFloor(256 * MIB)
        self.assertEqual(1.0, floor.next_look(0))
        self.assertEqual(30.0, floor.next_look(1 << 50))


JOB = {'memory_processed': 5, 'memory_remaining': 3, 'disk_processed': 7}
STALLED = watchdog_limits.STALL_SECONDS + 1


class StallTest(unittest.TestCase):
    def test_a_running_guest_never_stalls(self):
        found = watchdog_limits.Stall().look(0.0, paused=False, job=JOB)
        self.assertFalse(found.lasts(1e9))

    def test_a_paused_one_does_when_nothing_moves(self):
        found = watchdog_limits.Stall().look(0.0, paused=True, job=JOB)
        found = found.look(STALLED, paused=True, job=JOB)
        self.assertFalse(found.lasts(watchdog_limits.STALL_SECONDS))
        self.assertTrue(found.lasts(STALLED))

    def test_what_moves_begins_anew(self):
        for name in (
            *('memory_processed', 'memory_remaining', 'disk_processed'),
            # The state of a vGPU.
            'vfio_data_transferred',
        ):
            with self.subTest(name=name):
                found = watchdog_limits.Stall().look(0.0, paused=True, job=JOB)
                moved = {**JOB, name: JOB.get(name, 0) + 1}
                found = found.look(STALLED, paused=True, job=moved)
                self.assertFalse(found.lasts(STALLED))

    def test_a_guest_that_runs_again_begins_anew(self):
        found = watchdog_limits.Stall().look(0.0, paused=True, job=JOB)
        found = found.look(1.0, paused=False, job=JOB)
        found = found.look(2.0, paused=True, job=JOB)
        self.assertFalse(found.lasts(STALLED))

    def test_a_job_that_tells_nothing_does_not_move(self):
        found = watchdog_limits.Stall().look(0.0, paused=True, job={})
        found = found.look(
            STALLED, paused=True, job={'memory_processed': None}
        )
        self.assertTrue(found.lasts(STALLED))


if __name__ == '__main__':
    unittest.main()
