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

"""What is taken down for metrics, and that it ends with a migration."""

import threading
import unittest

from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import migration_progress

Ending = guest_location.Ending
PROGRESS = migration_progress.MigrationProgress(
    1.0,
    migration_progress.Phase.DISKS,
    (migration_progress.Amount('vda', 100, 40),),
    migration_progress.Amount('memory', 0, 0),
)


class ActivityTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.activity = migration_activity.MigrationActivity()

    def following(self):
        return self.activity.snapshot().following

    def test_from_beginning_to_end(self):
        self.activity.begin('uuid', 'instance-1')
        self.activity.look('uuid', PROGRESS)
        (seen,) = self.following()
        self.assertEqual(PROGRESS, seen.progress)
        self.activity.end('uuid', Ending.MOVED, 'completed')
        self.assertEqual((), self.following())
        self.assertEqual(
            {(Ending.MOVED, 'completed'): 1}, self.activity.snapshot().endings
        )

    def test_a_late_look_begins_nothing(self):
        """The thread that follows may look once more after the end."""
        self.activity.begin('uuid', 'instance-1')
        self.activity.end('uuid', Ending.NOT_MOVED, 'failed')
        self.activity.look('uuid', PROGRESS)
        self.assertEqual((), self.following())

    def test_an_end_that_nobody_found_out(self):
        self.activity.end('uuid', None, 'completed')
        self.assertEqual(
            {(Ending.UNKNOWN, 'completed'): 1},
            self.activity.snapshot().endings,
        )

    def test_a_status_that_is_not_final_becomes_an_error(self):
        """nova sets it when its driver has raised."""
        for status in ('running', '', 'None', 'made up'):
            self.activity.end('uuid', Ending.UNKNOWN, status)
        self.assertEqual(
            {(Ending.UNKNOWN, 'error'): 4}, self.activity.snapshot().endings
        )

    def test_a_code_counts_once_a_plan(self):
        self.activity.refuse(['a', 'b', 'a'])
        self.activity.refuse(['a'])
        self.assertEqual({'a': 2, 'b': 1}, self.activity.snapshot().refusals)

    def test_what_was_taken_stays_as_it_is(self):
        taken = self.activity.snapshot()
        self.activity.begin('uuid', 'instance-1')
        self.activity.refuse(['a'])
        self.assertEqual(((), {}, {}), (*vars(taken).values(),))

    def test_each_change_is_announced(self):
        for change in (
            lambda: self.activity.begin('uuid', 'instance-1'),
            lambda: self.activity.look('uuid', PROGRESS),
            lambda: self.activity.end('uuid', Ending.MOVED, 'completed'),
            lambda: self.activity.refuse(['a']),
        ):
            self.activity.changed.clear()
            change()
            self.assertTrue(self.activity.changed.is_set())

    def test_many_threads(self):
        def migrate(name):
            for _ in range(50):
                self.activity.begin(name, name)
                self.activity.look(name, PROGRESS)
                self.activity.snapshot()
                self.activity.refuse(['a'])
                self.activity.end(name, Ending.MOVED, 'completed')

        threads = [
            threading.Thread(target=migrate, args=(str(n),)) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = self.activity.snapshot()
        self.assertEqual((), found.following)
        self.assertEqual({(Ending.MOVED, 'completed'): 400}, found.endings)
        self.assertEqual({'a': 400}, found.refusals)


if __name__ == '__main__':
    unittest.main()
