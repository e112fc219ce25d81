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
"""What tests need is installed for them."""

import pathlib
import re
import unittest

TOP = pathlib.Path(__file__).parents[2]
#: The words of a skip, which may end a line and go on in the next one.
_ASKED = re.compile(r"apt-get install ([a-z0-9+. -]+)'")
_PACKAGE = re.compile(r'^([a-z0-9+.-]+) \[platform:dpkg (lab|test)\]$', re.M)


class BindepTest(unittest.TestCase):
    def test_what_a_skip_asks_for_is_installed(self):
        """Otherwise the test never runs where nobody installs it by hand."""
        wanted = {
            package
            for file in (TOP / 'tests').rglob('*.py')
            for packages in _ASKED.findall(file.read_text())
            for package in packages.split()
        }
        self.assertLessEqual({'chromium', 'prometheus'}, wanted)
        installed = {
            name
            for name, _ in _PACKAGE.findall((TOP / 'bindep.txt').read_text())
        }
        self.assertEqual(set(), wanted - installed)

    def test_both_profiles_are_installed_for_tests(self):
        script = (TOP / 'tools' / 'install_lab_packages.sh').read_text()
        self.assertIn('bindep -b lab "$@"', script)


if __name__ == '__main__':
    unittest.main()
