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

"""A destination is not filled, nor a small one refused without need."""

import unittest

from nova_selective_migrate.core.job import free_space

MIB = 2**20
GIB = 2**30


class FloorTest(unittest.TestCase):
    def test_the_reserve_stays(self):
        floor = free_space.Floor.of(256 * MIB, 100 * GIB, 10 * GIB)
        self.assertTrue(floor.allows(256 * MIB))
        self.assertFalse(floor.allows(256 * MIB - 1))

    def test_what_fits_a_small_file_system_is_copied(self):
        floor = free_space.Floor.of(256 * MIB, 100 * MIB, 80 * MIB)
        self.assertTrue(floor.allows(20 * MIB))
        self.assertFalse(floor.allows(10 * MIB - 1))

    def test_so_is_what_just_eats_into_the_reserve(self):
        floor = free_space.Floor.of(256 * MIB, 300 * MIB, 80 * MIB)
        self.assertTrue(floor.allows(220 * MIB))
        self.assertFalse(floor.allows(110 * MIB - 1))

    def test_what_does_not_fit_fills_nothing(self):
        floor = free_space.Floor.of(256 * MIB, 80 * MIB, 200 * MIB)
        self.assertTrue(floor.allows(80 * MIB))
        self.assertFalse(floor.allows(10 * MIB - 1))

    def test_it_is_never_above_the_reserve(self):
        for free, needed in ((99 * GIB, 200 * GIB), (GIB, GIB - 100 * MIB)):
            floor = free_space.Floor.of(64 * MIB, free, needed)
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
                found = free_space.Floor.of(reserve, free, needed).bytes
                self.assertEqual(floor, found)
                self.assertIsInstance(found, int)

    def test_no_reserve_is_no_floor(self):
        for free, needed in ((0, 0), (MIB, 2 * MIB), (GIB, MIB)):
            floor = free_space.Floor.of(0, free, needed)
            self.assertTrue(floor.allows(0))


class NextLookTest(unittest.TestCase):
    def test_no_copy_can_use_up_what_is_free_in_between(self):
        floor = free_space.Floor(256 * MIB)
        self.assertEqual(10.0, floor.next_look(256 * MIB + 10 * GIB))

    def test_it_is_neither_at_once_nor_never(self):
        floor = free_space.Floor(256 * MIB)
        self.assertEqual(1.0, floor.next_look(0))
        self.assertEqual(30.0, floor.next_look(1 << 50))


if __name__ == '__main__':
    unittest.main()
