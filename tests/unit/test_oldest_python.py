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

"""The package has no word that the oldest Python does not know."""

import ast
import pathlib
import re
import unittest

from tools import toml_files

TOP = pathlib.Path(__file__).parents[2]
PACKAGE = TOP / 'nova_selective_migrate'
#: What Python 3.11 and 3.12 brought, as far as somebody may reach for it.
TOO_NEW = {
    'datetime.UTC',
    'enum.StrEnum',
    'hashlib.file_digest',
    'contextlib.chdir',
    'itertools.batched',
    'typing.Self',
    'typing.assert_never',
    'typing.override',
}
TYPES_ALONE = 'typing.TYPE_CHECKING'
#: Classes of the standard library that 3.11 to 3.14 let one subscript. A type
#: checker lets everybody: for it they have always been generic.
NOT_GENERIC = {
    'array.array',
    'csv.DictReader',
    'csv.DictWriter',
    'ctypes.py_object',
    'graphlib.TopologicalSorter',
    'logging.FileHandler',
    'logging.LoggerAdapter',
    'logging.StreamHandler',
    'types.CoroutineType',
    'types.GeneratorType',
}


def words(tree: ast.AST) -> set[str]:
    """Return what a module names in another, and what it imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(
            node.value, ast.Name
        ):
            found.add(f'{node.value.id}.{node.attr}')
        elif isinstance(node, ast.ImportFrom):
            found |= {f'{node.module}.{each.name}' for each in node.names}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


def subscripted(tree: ast.AST) -> set[str]:
    """Return what of other modules a module subscripts when it is run."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and TYPES_ALONE in words(node.test):
            for other in node.orelse:
                found |= subscripted(other)
            continue
        if isinstance(node, ast.Subscript):
            found |= words(node.value)
        found |= subscripted(node)
    return found


def modules() -> list[pathlib.Path]:
    """Return the modules of the package and of the laboratory."""
    return [*PACKAGE.rglob('*.py'), *(TOP / 'lab').rglob('*.py')]


class OldestPythonTest(unittest.TestCase):
    def setUp(self):
        self.metadata = toml_files.read(TOP / 'pyproject.toml')

    def pythons(self):
        """Return the releases that the classifiers name, oldest first."""
        name = 'Programming Language :: Python :: '
        listed = self.metadata['project']['classifiers']
        return [
            each.removeprefix(name)
            for each in listed
            if re.fullmatch(rf'{name}3\.\d+', each)
        ]

    def test_the_package_asks_for_it(self):
        project = self.metadata['project']
        self.assertEqual('>=3.10', project['requires-python'])
        script = (TOP / 'tools' / 'install_venv.sh').read_text()
        self.assertTrue(re.search(r'version_info < \(3, 10\)', script))

    def test_checkers_take_it_for_the_installed_one(self):
        tool = self.metadata['tool']
        self.assertEqual('3.10', self.pythons()[0])
        self.assertEqual('3.10', tool['mypy']['python_version'])
        self.assertEqual('py310', tool['ruff']['target-version'])

    def test_no_module_has_what_is_newer(self):
        for path in modules():
            with self.subTest(path.relative_to(TOP)):
                tree = ast.parse(path.read_text(), feature_version=(3, 10))
                self.assertEqual(set(), words(tree) & (TOO_NEW | {'tomllib'}))

    def test_no_module_subscripts_what_was_not_generic(self):
        for path in modules():
            with self.subTest(path.relative_to(TOP)):
                found = subscripted(ast.parse(path.read_text()))
                self.assertEqual(set(), found & NOT_GENERIC)


if __name__ == '__main__':
    unittest.main()
