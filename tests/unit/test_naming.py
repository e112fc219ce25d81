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

"""The walls of the house: names, and how arguments are passed."""

import ast
import collections
import collections.abc
import pathlib
import unittest

import nova_selective_migrate

PACKAGE = pathlib.Path(nova_selective_migrate.__file__).parent
TOP = PACKAGE.parent
FOLDERS = (PACKAGE.name, 'tests', 'lab', 'benchmarks', 'tools')


def files(*folders: str) -> list[pathlib.Path]:
    """List the Python files of folders of the repository."""
    return [
        path
        for folder in folders
        for path in sorted((TOP / folder).rglob('*.py'))
    ]


def nodes(
    path: pathlib.Path, kind: type | tuple[type, ...]
) -> collections.abc.Iterator[ast.AST]:
    """Yield the nodes of a kind that a file has."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, kind):
            yield node


def place(path: pathlib.Path, node: ast.AST) -> str:
    """Say where something is."""
    return f'{path.relative_to(TOP)}:{node.lineno}'


def twice(
    named: collections.abc.Iterable[tuple[str, str]],
) -> dict[str, list[str]]:
    """Return the names that more than one place has, with their places."""
    found = collections.defaultdict(list)
    for name, where in named:
        found[name].append(where)
    return {name: where for name, where in found.items() if len(where) > 1}


#: Of a module; a larger one is two things.
MOST_LINES = 350


class SizeTest(unittest.TestCase):
    def test_no_module_is_a_hall(self):
        larger = {
            str(path.relative_to(TOP))
            for path in files(PACKAGE.name)
            if len(path.read_text().splitlines()) > MOST_LINES
        }
        self.assertEqual(set(), larger)


class UniqueTest(unittest.TestCase):
    """A name says which one is meant, without its folder."""

    def test_no_two_modules_have_one_name(self):
        modules = (
            (path.name, str(path.relative_to(TOP)))
            for path in files(PACKAGE.name)
            if path.name != '__init__.py'
        )
        self.assertEqual({}, twice(modules))

    def test_no_two_public_classes_have_one_name(self):
        classes = (
            (node.name, place(path, node))
            for path in files(PACKAGE.name)
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ClassDef) and not node.name.startswith('_')
        )
        self.assertEqual({}, twice(classes))


class ImportTest(unittest.TestCase):
    """A module has one name wherever it is used."""

    def aliases(
        self, *folders: str
    ) -> collections.abc.Iterator[tuple[str, str, ast.alias]]:
        for path in files(*folders):
            for node in nodes(path, (ast.Import, ast.ImportFrom)):
                whence = getattr(node, 'module', None) or ''
                for alias in node.names:
                    if alias.asname is not None:
                        yield place(path, node), whence, alias

    def test_no_module_is_renamed_to_make_way_for_a_variable(self):
        self.assertEqual(
            [],
            [
                f'{where} imports {alias.name} as {alias.asname}'
                for where, _, alias in self.aliases(*FOLDERS)
                if alias.asname == f'{alias.name.rpartition(".")[2]}_'
            ],
        )

    def test_the_package_renames_none_of_its_modules(self):
        self.assertEqual(
            [],
            [
                f'{where} imports {alias.name} as {alias.asname}'
                for where, whence, alias in self.aliases(PACKAGE.name)
                if f'{whence}.{alias.name}'.lstrip('.').startswith(
                    PACKAGE.name
                )
            ],
        )


class CallTest(unittest.TestCase):
    """Who reads a call sees each argument, and how many there are."""

    def test_no_argument_is_in_a_starred_literal(self):
        literals = (ast.Dict, ast.List, ast.Set, ast.Tuple)
        self.assertEqual(
            [],
            [
                place(path, call)
                for path in files(PACKAGE.name)
                for call in nodes(path, ast.Call)
                if any(
                    isinstance(one, ast.Starred)
                    and isinstance(one.value, literals)
                    for one in call.args
                )
                or any(
                    named.arg is None and isinstance(named.value, literals)
                    for named in call.keywords
                )
            ],
        )
