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

"""Every command that a page shows is run by a test, or says why it is not.

A comment ``.. example: WHY`` above a block gives a test that runs what is in
it, or says that it needs a cloud. Calls of our command without such a mark
are run by ``tests.unit.test_examples`` and ``tests.e2e.test_examples``, calls
of the laboratory by ``tests.e2e.test_quick_start``.
"""

import configparser
import pathlib
import re
import unittest

from tests import page_commands

TOP = pathlib.Path(__file__).parents[2]
_TEST = re.compile(r'tests/[\w/]+\.py')
_TARGET = re.compile(r'^([a-z][a-z -]*):', re.MULTILINE)


def _targets() -> set[str]:
    text = (TOP / 'Makefile').read_text()
    return {name for line in _TARGET.findall(text) for name in line.split()}


def _environments() -> set[str]:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(TOP / 'tox.ini')
    return {name.partition(':')[2] for name in tox.sections()}


class PageCommandsTest(unittest.TestCase):
    def test_commands_are_found(self):
        self.assertGreater(len(page_commands.commands()), 60)

    def test_each_has_a_test_or_says_why_not(self):
        targets, environments = _targets(), _environments()
        for one in page_commands.commands():
            with self.subTest(one.place, text=one.text):
                if one.mark is not None:
                    if one.mark != 'needs a cloud':
                        self.assertRegex(one.mark, _TEST)
                elif one.is_ours or one.of_laboratory:
                    # Run by tests/e2e and tests/unit/test_examples.py.
                    pass
                elif one.text.startswith('make '):
                    self.assertIn(one.text.split()[1], targets)
                else:
                    self.assertTrue(one.text.startswith('tox -e '))
                    self.assertIn(one.text.split()[2], environments)

    def test_tests_that_marks_name_exist(self):
        for one in page_commands.commands():
            for path in _TEST.findall(one.mark or ''):
                with self.subTest(one.place):
                    self.assertTrue((TOP / path).is_file(), path)


if __name__ == '__main__':
    unittest.main()
