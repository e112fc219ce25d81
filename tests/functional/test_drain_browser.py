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
"""The report of a drain in Debian's chromium."""

import dataclasses
import unittest

from selenium.webdriver.common import by
from selenium.webdriver.support import ui

from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_reports
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.osc import drain_page
from tests.functional import pages
from tests.unit.drain import fake_nova

State = server_moves.MoveState
GIB = fake_nova.GIB
UUID = '3359785e-3ce1-48ea-92d3-63742e51289'
UNKNOWN = drain_blockers.Blocked(
    'locality-unknown', f'vdb (/srv/{"x" * 60}): not known. Remedy: x.'
)
EVIL = '<img src=x onerror=document.title="ran">'


def move(number, name, state, size=None, **more):
    server = dataclasses.replace(
        fake_nova.server(name), uuid=f'{UUID}{number:x}'
    )
    return server_moves.ServerMove(
        server, size, state=state, destination='cmp2', **more
    )


def text():
    moves = (
        move(0, 'web1', State.MOVED, 3 * GIB, migration=9, attempts=1),
        move(1, 'web2', State.MOVED, 20 * GIB, migration=10, attempts=2),
        move(2, 'db1', State.NOT_MOVED, GIB, why='it failed', attempts=3),
        move(3, 'odd1', State.BLOCKED, blocked=(UNKNOWN,)),
        move(4, EVIL, State.UNKNOWN, why=EVIL),
    )
    report = drain_reports.DrainReport('d', 'cmp1', 0.0, 61.0, moves)
    return drain_page.page(report.tree())


class DrainBrowserTest(pages.PageTestCase):
    TEXT = text()

    def choose(self, value):
        chosen = self.browser.find_element(by.By.ID, 'chosen')
        ui.Select(chosen).select_by_value(value)

    def test_it_loads_without_an_error(self):
        self.assertEqual(['web1', 'web2', 'db1', 'odd1', EVIL], self.shown())
        self.assertEqual([], self.browser.get_log('browser'))

    def test_no_name_is_run(self):
        self.assertEqual('Drain of cmp1', self.browser.title)
        # Were one let through, the browser would not run it all the same.
        self.script(f"document.body.insertAdjacentHTML('beforeend', '{EVIL}')")
        self.assertEqual('Drain of cmp1', self.browser.title)
        (said,) = (
            line['message']
            for line in self.browser.get_log('browser')
            if 'inline event handler' in line['message']
        )
        self.assertIn('script-src', said)

    def test_a_status_or_a_reason_filters(self):
        for value, names in (
            ('moved', ['web1', 'web2']),
            ('not moved', ['db1']),
            ('locality-unknown', ['odd1']),
        ):
            self.choose(value)
            self.assertEqual(names, self.shown())
        self.assertEqual('1 of 5 servers shown', self.status())
        self.assert_print_tells_what_is_left_out()

    def test_numbers_sort_as_numbers_by_the_keyboard(self):
        self.choose('moved')
        for heading in ('Id', 'Bytes, at most', 'Attempts'):
            for expected in (['web1', 'web2'], ['web2', 'web1']):
                self.sort(heading)
                self.assertEqual(expected, self.shown())

    def test_every_control_is_reached_by_the_tab_key(self):
        expected = [*pages.FILTERS, *['button'] * 8]
        self.assertEqual(expected, self.reached(10))

    def test_a_wide_screen_needs_no_sideways_scrolling(self):
        self.assert_fits(1280)

    def test_a_narrow_screen_needs_no_sideways_scrolling(self):
        self.assert_sorted_by_hand_when_narrow()

    def test_paper_has_room_for_the_reasons(self):
        # A4 upright, less the margins.
        self.browser.set_window_size(718, 900)
        self.print_view()
        width = min(cell.size['width'] for cell in self.find('td.words'))
        self.assertGreaterEqual(width, 150)


if __name__ == '__main__':
    unittest.main()
