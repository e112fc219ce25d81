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

"""The alert rules ask for metrics that there are; promtool tests the rest."""

import pathlib
import re
import unittest

import yaml

TOP = pathlib.Path(__file__).parents[2]
RULES = TOP / 'contrib' / 'prometheus' / 'selective-migrate.rules.yaml'
TESTS = RULES.with_name('selective-migrate.test.yaml')
PAGE = (TOP / 'doc/source/admin/metrics.rst').read_text()


class AlertRulesTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        (group,) = yaml.safe_load(RULES.read_text())['groups']
        self.rules = group['rules']

    def test_they_ask_for_what_there_is(self):
        """The page has exactly the metrics that are made."""
        for rule in self.rules:
            for name in re.findall(r'selective_migrate_\w+', rule['expr']):
                self.assertIn(f'\n``{name}`` (', PAGE, rule['alert'])

    def test_the_page_tells_of_each(self):
        told = re.findall(r'^``(SelectiveMigrate\w+)``', PAGE, re.MULTILINE)
        self.assertEqual([rule['alert'] for rule in self.rules], told)

    def test_each_says_what_and_what_to_do(self):
        for rule in self.rules:
            self.assertTrue(rule['annotations']['summary'])
            self.assertTrue(rule['annotations']['description'])
            self.assertIn(
                rule['labels']['severity'], ('info', 'warning', 'critical')
            )

    def test_each_has_a_test(self):
        text = TESTS.read_text()
        for rule in self.rules:
            # That it is silent where all is well, and that it fires.
            self.assertGreaterEqual(text.count(rule['alert']), 2, rule)


if __name__ == '__main__':
    unittest.main()
