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

"""Phases have the time at which they began, and so has the last progress."""

import unittest

from nova_selective_migrate.core.job import followed_migration
from nova_selective_migrate.core.job import migration_progress

Phase = migration_progress.Phase


def progress(phase, disk, memory=0):
    return migration_progress.MigrationProgress(
        1.0,
        phase,
        (migration_progress.Amount('vda', 100, disk),),
        migration_progress.Amount('memory', 50, memory),
    )


class FollowedMigrationTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.begun = followed_migration.FollowedMigration.begin(
            'uuid', 'instance-1', 10.0
        )

    def test_it_begins(self):
        self.assertEqual(((Phase.PREPARING, 10.0),), self.begun.phases)
        self.assertEqual(10.0, self.begun.moved_at)
        self.assertIsNone(self.begun.progress)

    def test_a_phase_begins_once(self):
        seen = self.begun
        for now, phase in ((11, Phase.DISKS), (12, Phase.DISKS)):
            seen = seen.look(now, progress(phase, now))
        seen = seen.look(13, progress(Phase.MEMORY, 100))
        self.assertEqual(
            (
                (Phase.PREPARING, 10.0),
                (Phase.DISKS, 11),
                (Phase.MEMORY, 13),
            ),
            seen.phases,
        )

    def test_nothing_moves(self):
        seen = self.begun.look(11, progress(Phase.DISKS, 5))
        seen = seen.look(99, progress(Phase.DISKS, 5))
        self.assertEqual(11, seen.moved_at)
        self.assertEqual(
            100, seen.look(100, progress(Phase.DISKS, 6)).moved_at
        )

    def test_memory_moves(self):
        seen = self.begun.look(11, progress(Phase.MEMORY, 100, 1))
        self.assertEqual(
            12, seen.look(12, progress(Phase.MEMORY, 100, 2)).moved_at
        )

    def test_a_second_copy_moves(self):
        seen = self.begun.look(11, progress(Phase.DISKS, 90))
        self.assertEqual(12, seen.look(12, progress(Phase.DISKS, 1)).moved_at)

    def test_nothing_has_moved_yet(self):
        seen = self.begun.look(40, progress(Phase.PREPARING, 0))
        self.assertEqual(10.0, seen.moved_at)


if __name__ == '__main__':
    unittest.main()
