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

"""Plans are kept by instance, and a call ends once."""

import threading
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
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

    def test_forgets_plan_and_call(self):
        self.records.keep('a', mock.sentinel.plan)
        call = self.records.begin('a', 'data')
        self.assertIs(call, self.records.call('a'))
        self.assertEqual('data', call.of)
        self.records.forget('a')
        self.assertIsNone(self.records.planned('a'))
        self.assertIsNone(self.records.call('a'))

    def test_each_migration_has_a_call_of_its_own(self):
        first = self.records.begin('a', 'one')
        self.assertIsNot(first, self.records.begin('a', 'other'))
        self.assertEqual('other', self.records.call('a').of)

    def test_plans_that_never_ran_are_pushed_out(self):
        for number in range(1500):
            self.records.keep(str(number), number)
        self.assertIsNone(self.records.planned('0'))
        self.assertEqual(1499, self.records.planned('1499'))

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


class CallTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.call = planned_migrations.MigrationCall()

    def test_returned(self):
        self.call.start()
        self.call.end()
        self.assertTrue(self.call.wait(0))
        self.assertTrue(self.call.returned)

    def test_failed(self):
        self.call.start()
        self.call.end(ValueError('x'))
        self.assertTrue(self.call.wait(0))
        self.assertFalse(self.call.returned)
        self.assertEqual('x', str(self.call.error))

    def test_still_running(self):
        self.call.start()
        self.assertFalse(self.call.wait(0.01))

    def test_given_up_before_it_was_made(self):
        self.assertTrue(self.call.wait(0))
        with self.assertRaisesRegex(exceptions.PreparationFailed, 'given up'):
            self.call.start()
