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
"""A page in Debian's chromium."""

import pathlib
import shutil
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.common import by
from selenium.webdriver.common import keys

BROWSER, DRIVER = shutil.which('chromium'), shutil.which('chromedriver')
#: The field and the list that filter.
FILTERS = ['input', 'select']


@unittest.skipUnless(
    BROWSER and DRIVER,
    'no chromium, pages are NOT TESTED in a browser: '
    'apt-get install chromium chromium-driver',
)
class PageTestCase(unittest.TestCase):
    """One page; a class of tests says which.

    :cvar TEXT: of the page
    """

    TEXT = ''

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(
            cls.enterClassContext(tempfile.TemporaryDirectory())
        )
        page = folder / 'page.html'
        page.write_text(cls.TEXT)
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
        self.browser.set_window_size(1280, 900)
        self.browser.get(self.url)

    def find(self, selector):
        return self.browser.find_elements(by.By.CSS_SELECTOR, selector)

    def script(self, text):
        return self.browser.execute_script(f'return {text}')

    def shown(self):
        """Return the names of the rows that can be seen, in their order."""
        return [
            row.find_element(by.By.CSS_SELECTOR, '[data-name]').text.split(
                '\n'
            )[0]
            for row in self.find('tbody tr')
            if row.is_displayed()
        ]

    def status(self):
        return self.browser.find_element(by.By.ID, 'shown').text

    def heading(self, text):
        (found,) = (
            button for button in self.find('th button') if button.text == text
        )
        return found

    def sort(self, text):
        """Sort by a column, with the keyboard."""
        self.heading(text).send_keys(keys.Keys.ENTER)

    def reached(self, count):
        """Return the tags that so many presses of the tab key reach."""
        at = self.browser.find_element(by.By.TAG_NAME, 'body')
        found = []
        for _ in range(count):
            at.send_keys(keys.Keys.TAB)
            at = self.browser.switch_to.active_element
            found.append(at.tag_name)
        return found

    def narrow(self):
        """Show it as a telephone does."""
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

    def print_view(self):
        """Show it as it is printed."""
        self.browser.execute_cdp_cmd(
            'Emulation.setEmulatedMedia', {'media': 'print'}
        )
        self.addCleanup(
            self.browser.execute_cdp_cmd,
            'Emulation.setEmulatedMedia',
            {'media': ''},
        )

    def assert_fits(self, width):
        self.assertLessEqual(
            self.script('document.documentElement.scrollWidth'), width
        )

    def assert_sorted_by_hand_when_narrow(self):
        """The columns can be sorted by where a column is no column."""
        self.narrow()
        self.assert_fits(360)
        for button in self.find('th button'):
            self.assertTrue(button.is_displayed())
            place = button.rect
            self.assertGreaterEqual(place['x'], 0)
            self.assertLessEqual(place['x'] + place['width'], 360)

    def assert_print_tells_what_is_left_out(self):
        self.print_view()
        self.assertFalse(self.find('form')[0].is_displayed())
        self.assertIn(' shown', self.status())
