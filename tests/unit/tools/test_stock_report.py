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

"""Each test of stock nova is a row of the table, and each row is true."""

import re
import unittest

from tests.unit.tools import programs
from tools.test_run import chosen_tests

report = programs.load('stock_report')


class RowsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.names = [
            name
            for folder in ('e2e', 'nova')
            for name in programs.tests_of(folder)
            if re.search(chosen_tests.STOCK, name)
        ]

    def test_each_test_is_in_one(self):
        for name in self.names:
            found = [r for r in report.rows() if report.tests_of(r, [name])]
            self.assertEqual(1, len(found), name)

    def test_each_expression_is_of_a_test(self):
        for row in report.rows():
            for part in row['tests']:
                self.assertTrue(
                    [name for name in self.names if re.search(part, name)],
                    part,
                )


class TableTest(unittest.TestCase):
    def test_a_row_has_the_novas_that_all_of_its_tests_passed_with(self):
        row = {'tests': ['StockTest.test_x']}
        seen = {
            '1.0': {'StockTest.test_x1': True, 'StockTest.test_x2': True},
            '2.0': {'StockTest.test_x1': True, 'StockTest.test_x2': False},
            '3.0': {'StockTest.test_y': True},
        }
        self.assertEqual(['1.0'], report.shown_with(row, seen))

    def test_the_page_has_the_rows(self):
        written = report.TABLE.read_text()
        for row in report.rows():
            for name in ('what', 'nova', 'driver'):
                for line in row[name].strip().splitlines():
                    self.assertIn(line, written)
