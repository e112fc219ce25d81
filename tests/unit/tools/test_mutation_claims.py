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

"""The tables of the mutation tests name lines that core has."""

import ast
import pathlib
import unittest

from nova_selective_migrate import core
from tools import toml_files

CORE = pathlib.Path(core.__file__).parent
TABLES = CORE.parent.parent / 'tools' / 'mutation'


def rows(table, kind):
    return toml_files.read(TABLES / f'{table}.toml')[kind]


def squeezed(text):
    """Leave out white space, so that no new line break matters."""
    return ''.join(text.split())


class ClaimsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.texts = {
            path.name: squeezed(path.read_text())
            for path in CORE.rglob('*.py')
        }

    def stale(self, names):
        return [
            f'{file}: {text}'
            for file, _, text in (row.partition(': ') for row in names)
            if squeezed(text) not in self.texts.get(file, '')
        ]

    def test_every_guard_is_found_in_its_file(self):
        for rule in rows('rules', 'rule'):
            with self.subTest(rule=rule['says']):
                self.assertTrue(rule['guards'])
                self.assertEqual([], self.stale(rule['guards']))

    def test_every_harmless_mutant_is_of_a_line_that_is_there(self):
        for row in rows('harmless', 'class'):
            with self.subTest(row['title']):
                before = [name.partition(' => ')[0] for name in row['mutants']]
                self.assertTrue(before)
                self.assertEqual([], self.stale(before))

    def test_a_line_that_is_gone_is_found(self):
        self.assertEqual(
            ['planner.py: gone'], self.stale(['planner.py: gone'])
        )

    def test_the_tests_that_are_left_out_are_there(self):
        # Read and not imported: libcst is there where mutants are made.
        tree = ast.parse((TABLES / 'trial.py').read_text())
        (named,) = (
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == '_SLOW'
        )
        folder = pathlib.Path(__file__).parent.parent / 'core'
        for name in named:
            self.assertTrue((folder / f'{name}.py').is_file(), name)
