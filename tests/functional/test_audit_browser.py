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

import pathlib
import shutil
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.common import by
from selenium.webdriver.common import keys
from selenium.webdriver.support import ui

from nova_selective_migrate.cli import audit_page
from nova_selective_migrate.core.plan import host_audit
from tests.unit.core import test_host_audit as audits

BROWSER, DRIVER = shutil.which('chromium'), shutil.which('chromedriver')
MANY = 12


@unittest.skipUnless(
    BROWSER and DRIVER, 'needs chromium and chromium-driver of Debian'
)
class AuditBrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(
            cls.enterClassContext(tempfile.TemporaryDirectory())
        )
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
        page = folder / 'audit.html'
        page.write_text(audit_page.page(audits.audit(*guests).tree()))
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for word in ('headless=new', 'no-sandbox', 'disable-gpu'):
            options.add_argument(f'--{word}')
        options.add_argument(f'--user-data-dir={folder}/profile')
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        cls.browser = webdriver.Chrome(
            options=options, service=webdriver.ChromeService(DRIVER)
        )
        cls.addClassCleanup(cls.browser.quit)
        cls.url = page.as_uri()

    def setUp(self):
        self.browser.set_window_size(1200, 900)
        self.browser.get(self.url)

    def shown(self):
        """Return the names of the rows that can be seen, in their order."""
        rows = self.browser.find_elements(by.By.CSS_SELECTOR, 'tbody tr')
        return [
            row.find_element(by.By.CSS_SELECTOR, 'td').text.split('\n')[0]
            for row in rows
            if row.is_displayed()
        ]

    def heading(self, text):
        (found,) = (
            button
            for button in self.browser.find_elements(
                by.By.CSS_SELECTOR, 'th button'
            )
            if button.text == text
        )
        return found

    def test_it_loads_without_an_error(self):
        self.assertEqual(MANY + 2, len(self.shown()))
        self.assertEqual([], self.browser.get_log('browser'))

    def test_a_reason_filters(self):
        chosen = ui.Select(self.browser.find_element(by.By.ID, 'reason'))
        for value, names in (
            ('locality-unknown', ['refused']),
            ('no', ['refused', 'failed']),
        ):
            chosen.select_by_value(value)
            self.assertEqual(names, self.shown())
        status = self.browser.find_element(by.By.ID, 'shown').text
        self.assertEqual(f'2 of {MANY + 2} guests shown', status)

    def test_a_name_filters(self):
        field = self.browser.find_element(by.By.ID, 'name')
        field.send_keys('GUEST 1')
        self.assertEqual(['guest 1', 'guest 10', 'guest 11'], self.shown())
        field.send_keys(keys.Keys.ENTER)
        self.assertEqual(3, len(self.shown()))

    def test_numbers_sort_as_numbers_by_the_keyboard(self):
        memory = self.heading('Memory')
        for expected in (['failed', 'guest 11'], ['refused', 'guest 0']):
            memory.send_keys(keys.Keys.ENTER)
            self.assertEqual(expected, self.shown()[:2])

    def test_every_control_is_reached_by_the_tab_key(self):
        body = self.browser.find_element(by.By.TAG_NAME, 'body')
        reached = []
        for _ in range(8):
            body.send_keys(keys.Keys.TAB)
            reached.append(self.browser.switch_to.active_element.tag_name)
            body = self.browser.switch_to.active_element
        self.assertEqual(['input', 'select', *['button'] * 6], reached)

    def test_a_narrow_screen_needs_no_sideways_scrolling(self):
        # Chromium's own window is never below 500: the view is told.
        self.browser.execute_cdp_cmd(
            'Emulation.setDeviceMetricsOverride',
            {
                'width': 360,
                'height': 800,
                'deviceScaleFactor': 1,
                'mobile': True,
            },
        )
        self.addCleanup(
            self.browser.execute_cdp_cmd,
            'Emulation.clearDeviceMetricsOverride',
            {},
        )
        width = self.browser.execute_script(
            'return document.documentElement.scrollWidth'
        )
        self.assertLessEqual(width, 360)


if __name__ == '__main__':
    unittest.main()
