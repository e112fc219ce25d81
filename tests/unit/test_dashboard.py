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


import json
import pathlib
import re
import sys
import unittest

TOP = pathlib.Path(__file__).parents[2]
FILE = TOP / 'contrib' / 'grafana' / 'selective-migrate.json'
PAGE = (TOP / 'doc/source/admin/metrics.rst').read_text()


class DashboardTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.text = FILE.read_text()
        self.panels = json.loads(self.text)['panels']

    @unittest.skipIf(
        sys.version_info < (3, 11),
        'grafana-foundation-sdk needs Python 3.11: it is NOT TESTED that the '
        'dashboard is what tools/render_dashboard.py makes',
    )
    def test_it_is_what_its_program_makes(self):
        from tools import render_dashboard

        self.assertEqual(
            render_dashboard.render(), self.text, 'make dashboard'
        )

    def test_it_asks_for_what_there_is(self):
        asked = set(re.findall(r'selective_migrate_[a-z_]+', self.text))
        told = set(re.findall(r'^``(selective_migrate_\w+)`` \(', PAGE, re.M))
        self.assertEqual(set(), asked - told)

    def test_each_panel_asks_for_the_hosts_that_are_chosen(self):
        queries = [
            target['expr']
            for panel in self.panels
            for target in panel.get('targets', ())
        ]
        self.assertGreater(len(queries), 10)
        for query in queries:
            self.assertIn('instance=~"$instance"', query)

    def test_panels_have_places_and_names_of_their_own(self):
        squares = [
            (panel['gridPos']['x'] + x, panel['gridPos']['y'] + y)
            for panel in self.panels
            for x in range(panel['gridPos']['w'])
            for y in range(panel['gridPos']['h'])
        ]
        self.assertEqual(len(set(squares)), len(squares))
        self.assertLess(max(x for x, _ in squares), 24)
        for field in ('id', 'title'):
            seen = [panel[field] for panel in self.panels]
            self.assertEqual(len(set(seen)), len(seen), field)


if __name__ == '__main__':
    unittest.main()
