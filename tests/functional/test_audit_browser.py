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
"""The page of an audit in Debian's chromium."""

import unittest

from selenium.webdriver.common import by
from selenium.webdriver.common import keys
from selenium.webdriver.support import ui

from nova_selective_migrate.cli import audit_page
from nova_selective_migrate.core.plan import host_audit
from tests.functional import pages
from tests.unit.core import test_host_audit as audits

MANY = 12


def text():
    guests = [audits.REFUSED, audits.FAILED]
    for number in range(MANY):
        ready = audits.READY
        guests.append(
            host_audit.GuestAudit(
                f'guest {number}',
                f'uuid-{number}',
                ready.plan,
                memory_bytes=(MANY - number) << 20,
            )
        )
    return audit_page.page(audits.audit(*guests).tree())


class AuditBrowserTest(pages.PageTestCase):
    TEXT = text()

    def test_it_loads_without_an_error(self):
        self.assertEqual(MANY + 2, len(self.shown()))
        self.assertEqual([], self.browser.get_log('browser'))

    def test_a_reason_filters(self):
        chosen = ui.Select(self.browser.find_element(by.By.ID, 'chosen'))
        for value, names in (
            ('locality-unknown', ['refused']),
            ('no', ['refused', 'failed']),
        ):
            chosen.select_by_value(value)
            self.assertEqual(names, self.shown())
        self.assertEqual(f'2 of {MANY + 2} guests shown', self.status())
        self.assert_print_tells_what_is_left_out()

    def test_a_name_filters(self):
        field = self.browser.find_element(by.By.ID, 'name')
        field.send_keys('GUEST 1')
        self.assertEqual(['guest 1', 'guest 10', 'guest 11'], self.shown())
        field.send_keys(keys.Keys.ENTER)
        self.assertEqual(3, len(self.shown()))

    def test_numbers_sort_as_numbers_by_the_keyboard(self):
        for expected in (['failed', 'guest 11'], ['refused', 'guest 0']):
            self.sort('Memory')
            self.assertEqual(expected, self.shown()[:2])

    def test_every_control_is_reached_by_the_tab_key(self):
        expected = [*pages.FILTERS, *['button'] * 6]
        self.assertEqual(expected, self.reached(8))

    def test_a_wide_screen_needs_no_sideways_scrolling(self):
        self.assert_fits(1280)

    def test_a_narrow_screen_needs_no_sideways_scrolling(self):
        self.assert_sorted_by_hand_when_narrow()


if __name__ == '__main__':
    unittest.main()
