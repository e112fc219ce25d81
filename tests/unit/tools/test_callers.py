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

"""Which tests a mutant needs."""

import pathlib
import tempfile
import unittest

from tools.mutation import callers

_TEXT = '''\
import functools

TABLE = (1, 2)


def made(of=1):
    """Return it."""
    return [each + of for each in TABLE]


class Shape:
    size = 3

    @property
    def area(self):
        return self.size * 2

    @functools.cached_property
    def kept(self):
        return self.size * 4


MADE = made()
'''


class CallersTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, 'shapes.py').resolve()
        self.path.write_text(_TEXT)

    def of(self, text, tests):
        lines = _TEXT.splitlines()
        known = callers.Callers(
            {
                (str(self.path), lines.index(first) + 1): frozenset(names)
                for first, names in tests.items()
            },
            {},
        )
        (line,) = (n for n, each in enumerate(lines, 1) if text in each)
        return known.of(self.path, line)

    def test_a_function_needs_the_tests_that_run_any_part_of_it(self):
        """A code object begins where a decorator of it does."""
        tests = {'    @property': ['a'], '        return self.size * 2': ['b']}
        self.assertEqual({'a', 'b'}, self.of('self.size * 2', tests))

    def test_what_nobody_runs_needs_none(self):
        self.assertEqual(set(), self.of('self.size * 2', {}))

    def test_what_is_no_function_needs_all(self):
        for text in ('TABLE = (1, 2)', 'size = 3', 'def made'):
            self.assertIsNone(self.of(text, {'def made(of=1):': ['a']}), text)

    def test_what_is_run_on_import_needs_all(self):
        tests = {'def made(of=1):': ['a', '']}
        self.assertIsNone(self.of('return [each', tests))

    def test_a_result_that_is_kept_needs_all(self):
        tests = {'    @functools.cached_property': ['a']}
        self.assertIsNone(self.of('self.size * 4', tests))
