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


class OldestPythonTest(unittest.TestCase):
    def test_the_package_asks_for_it(self):
        project = toml_files.read(TOP / 'pyproject.toml')['project']
        self.assertEqual('>=3.10', project['requires-python'])
        script = (TOP / 'tools' / 'install_venv.sh').read_text()
        self.assertTrue(re.search(r'version_info < \(3, 10\)', script))

    def test_no_module_has_what_is_newer(self):
        for path in PACKAGE.rglob('*.py'):
            with self.subTest(path.relative_to(TOP)):
                tree = ast.parse(path.read_text(), feature_version=(3, 10))
                self.assertEqual(set(), words(tree) & (TOO_NEW | {'tomllib'}))


if __name__ == '__main__':
    unittest.main()
