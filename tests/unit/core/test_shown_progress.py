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

"""What is shown of a progress: never back, and no jumping rate."""

import dataclasses
import unittest

import hypothesis
from hypothesis import strategies

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import shown_progress

MIB = 1 << 20


def look(seconds, total, done, memory=(0, 0), copy=1):
    return migration_progress.MigrationProgress(
        seconds,
        migration_progress.Phase.DISKS,
        (migration_progress.Amount('vda', total, done),),
        migration_progress.Amount('memory', *memory),
        copy,
    )


def follow(*looks):
    shown = []
    for one in looks:
        last = shown[-1] if shown else None
        shown.append(shown_progress.follow(last, one))
    return shown


class FollowTest(unittest.TestCase):
    @hypothesis.given(
        strategies.lists(
            strategies.tuples(
                *(strategies.integers(0, 100) for _ in range(4)),
            ),
            min_size=2,
            max_size=20,
        )
    )
    def test_no_share_goes_back_whatever_libvirt_says(self, numbers):
        shown = follow(
            *(
                look(n / 5, total, done, (all_memory, left))
                for n, (total, done, all_memory, left) in enumerate(numbers)
            )
        )
        for before, after in zip(shown, shown[1:], strict=False):
            self.assertLessEqual(before.disks[0].share, after.disks[0].share)
            self.assertLessEqual(before.memory.share, after.memory.share)
            self.assertLessEqual(after.memory.share, 1.0)

    def test_what_remains_is_told_as_it_is(self):
        *_, last = follow(look(0, 100, 90), look(1, 200, 95))
        self.assertEqual(0.9, last.disks[0].share)
        self.assertEqual(105, last.disks[0].remaining)

    def test_a_burst_changes_the_rate_by_little(self):
        even = [look(n / 5, 1000 * MIB, n * MIB) for n in range(20)]
        *_, before = follow(*even)
        *_, after = follow(*even, look(4.0, 1000 * MIB, 29 * MIB))
        self.assertAlmostEqual(5 * MIB, before.disks[0].rate, delta=MIB)
        self.assertLess(after.disks[0].rate, 10 * MIB)

    def test_the_time_is_known_when_the_rate_is(self):
        first, second = follow(look(0, 100, 0), look(1, 100, 20))
        self.assertIsNone(first.disks[0].eta_seconds)
        self.assertEqual(4.0, second.disks[0].eta_seconds)

    def test_a_second_copy_begins_anew(self):
        *_, last = follow(look(9, 100, 90), look(0, 100, 10, copy=2))
        self.assertEqual(0.1, last.disks[0].share)

    def test_the_end_is_whole(self):
        first = look(1, 100, 60, (50, 10))
        *_, last = follow(first, migration_progress.complete(first))
        self.assertEqual((1.0, 1.0), (last.disks[0].share, last.memory.share))

    def test_a_look_of_the_past_does_no_harm(self):
        first = look(5, 100, 60)
        earlier = dataclasses.replace(first, seconds=4)
        *_, last = follow(first, earlier)
        self.assertEqual(0.0, last.disks[0].rate)


if __name__ == '__main__':
    unittest.main()
