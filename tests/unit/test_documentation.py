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

"""What the documentation and comments name is there."""

import collections.abc
import configparser
import pathlib
import re
import unittest

TOP = pathlib.Path(__file__).parents[2]
PACKAGE = TOP / 'nova_selective_migrate'
FOLDERS = ('benchmarks', 'doc', 'lab', 'nova_selective_migrate', 'tests')
PAGES = sorted(
    [
        *TOP.glob('*.rst'),
        *TOP.glob('*.md'),
        *(TOP / 'contrib').rglob('*.rst'),
        *(TOP / 'doc' / 'source').rglob('*.rst'),
    ]
)
CODE = sorted(
    path
    for folder in (*FOLDERS, 'tools')
    for suffix in ('py', 'toml')
    for path in (TOP / folder).rglob(f'*.{suffix}')
)

# What a command makes, and git does not keep.
BUILT = ('doc/build/html',)

LITERAL = re.compile(r'``([^`]+)``')
# A path of two parts or more, without a place-holder.
PATH = re.compile(r'[\w.-]+(/[\w.-]+)+/?')
# Those below docs/ are QEMU's.
DOCUMENT = re.compile(r'(?<![\w./-])(?!docs/)[\w./-]*\w\.(?:rst|md)\b')


def literals(page: pathlib.Path) -> collections.abc.Iterator[str]:
    """Yield the literals of a page, those that a line's end breaks too."""
    for text in LITERAL.findall(page.read_text()):
        yield re.sub(r'\s*\n\s*', '', text)


def named(
    pattern: str, paths: collections.abc.Iterable[pathlib.Path] = PAGES
) -> list[tuple[str, str]]:
    """Find all that a pattern matches, with the name of its file."""
    return [
        (path.name, found)
        for path in paths
        for found in re.findall(pattern, path.read_text(), re.MULTILINE)
    ]


class DocumentationTest(unittest.TestCase):
    maxDiff = None

    def test_paths_below_the_package_exist(self):
        tops = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
        missing = [
            (page.name, text)
            for page in PAGES
            for text in literals(page)
            if PATH.fullmatch(text) and text.partition('/')[0] in tops
            if not (PACKAGE / text).exists()
        ]
        self.assertEqual([], missing)

    def test_paths_exist(self):
        tops = '|'.join((*FOLDERS, 'tools', 'releasenotes'))
        found = named(rf'(?<![\w/.-])((?:{tops})/[\w/.-]*\w)')
        missing = [
            each
            for each in found
            if not (TOP / each[1]).exists() and each[1] not in BUILT
        ]
        self.assertEqual([], missing)

    def test_modules_exist(self):
        tops = '|'.join((*FOLDERS, 'tools'))
        found = named(rf'(?<![\w/.-])((?:{tops})(?:\.\w+)+)')
        self.assertEqual([], [each for each in found if not _is_code(each[1])])

    def test_documents_that_code_cites_exist(self):
        missing = [
            f'{path.relative_to(TOP)}: {text}'
            for path in CODE
            for text in DOCUMENT.findall(path.read_text())
            if not any(
                (folder / text).exists()
                for folder in (TOP, TOP / 'doc' / 'source', path.parent)
            )
        ]
        self.assertEqual([], missing)

    def test_targets_of_make_exist(self):
        text = (TOP / 'Makefile').read_text()
        targets = set(re.findall(r'^([a-z][a-z -]*):', text, re.MULTILINE))
        targets = {name for line in targets for name in line.split()}
        found = named(r'(?:``|^ *(?:\$ )?)make ([a-z][a-z-]*)')
        self.assertEqual(
            [], [each for each in found if each[1] not in targets]
        )

    def test_environments_of_tox_exist(self):
        tox = configparser.ConfigParser(interpolation=None)
        tox.read(TOP / 'tox.ini')
        found = named(r'\btox -e ([a-z]\w*)\b')
        self.assertEqual(
            [],
            [
                each
                for each in found
                if f'testenv:{each[1]}' not in tox.sections()
            ],
        )

    def test_the_readme_is_short(self):
        text = (TOP / 'README.rst').read_text()
        self.assertLess(len(text.splitlines()), 150)


def _is_code(name: str) -> bool:
    """Tell whether a dotted name is a module, or what one may define."""
    path = TOP
    for part in name.split('.'):
        if path.with_suffix('.py').is_file():
            return True
        path /= part
    return path.is_dir() or path.with_suffix('.py').is_file()
