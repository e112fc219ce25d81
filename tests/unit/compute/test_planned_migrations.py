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

"""Plans and running migrations are kept by instance."""

import threading
import unittest
from unittest import mock

from nova_selective_migrate.compute.source import planned_migrations


class RecordsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.records = planned_migrations.PlannedMigrations()

    def test_each_instance_has_its_own(self):
        one, other = mock.sentinel.one, mock.sentinel.other
        self.records.keep('a', one)
        self.records.keep('b', other)
        self.assertIs(one, self.records.planned('a'))
        self.assertIs(other, self.records.planned('b'))
        self.assertIsNone(self.records.planned('c'))

    def test_the_newest_counts(self):
        self.records.keep('a', mock.sentinel.old)
        self.records.keep('a', mock.sentinel.new)
        self.assertIs(mock.sentinel.new, self.records.planned('a'))

    def test_forgets_plan_and_migration(self):
        self.records.keep('a', mock.sentinel.plan)
        running = self.records.begin('a', 'data')
        self.assertIs(running, self.records.running('a'))
        self.assertEqual('data', running.calls.of)
        self.records.forget('a')
        self.assertIsNone(self.records.planned('a'))
        self.assertIsNone(self.records.running('a'))

    def test_each_migration_is_an_object_of_its_own(self):
        first = self.records.begin('a', 'one')
        self.assertIsNot(first, self.records.begin('a', 'other'))
        self.assertEqual('other', self.records.running('a').calls.of)

    def test_plans_that_never_ran_are_pushed_out(self):
        for number in range(1500):
            self.records.keep(str(number), number)
        self.assertIsNone(self.records.planned('0'))
        self.assertEqual(1499, self.records.planned('1499'))

    def test_pending_is_what_nova_has_in_its_queue(self):
        for name in ('queued', 'begun', 'never came'):
            self.records.keep(name, mock.sentinel.plan)
        self.records.begin('begun', 'data')
        waiting = ('queued', 'begun', 'not of ours')
        self.assertEqual(1, self.records.pending(waiting))

    def test_many_threads(self):
        def migrate(name):
            for number in range(200):
                self.records.keep(name, (name, number))
                self.assertEqual((name, number), self.records.planned(name))

        threads = [
            threading.Thread(target=migrate, args=(str(n),)) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(8):
            self.assertEqual(
                (str(number), 199), self.records.planned(str(number))
            )


class RunningMigrationTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.migration = planned_migrations.RunningMigration()
        self.second = self.migration.calls.second_copy

    def test_its_completion_is_asked_for_once(self):
        self.assertFalse(self.migration.forced.asked)
        self.assertTrue(self.migration.force())
        self.assertFalse(self.migration.force())
        self.assertTrue(self.migration.forced.asked)

    def test_a_pause_is_not_forgotten_when_it_is_asked_again(self):
        self.migration.force()
        self.assertFalse(self.migration.forced.paused)
        self.migration.forced.pause()
        self.assertFalse(self.migration.force())
        self.assertTrue(self.migration.forced.paused)

    def test_no_copy_begins_for_a_guest_that_is_paused(self):
        self.migration.force()
        self.assertFalse(self.second.want())

    def test_one_that_is_about_to_begin_does(self):
        self.second.want()
        self.migration.force()
        self.assertTrue(self.second.begin())


if __name__ == '__main__':
    unittest.main()
