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

"""Installing the package moves none of nova's own packages."""

import ast
import pathlib
import unittest

import ddt
from packaging import requirements

from tools import toml_files

TOP = pathlib.Path(__file__).parents[2]
PACKAGE = TOP / 'nova_selective_migrate'
DATA = TOP / 'tests' / 'unit' / 'data' / 'upper_constraints.toml'
SERIES = toml_files.read(DATA)
# Not OpenStack's: releases that are older than each of the series (2022-12,
# 2022-04 and 2022-01; the last four those of Debian 12), so that none of them
# can have less.
OLD = {
    'lxml': '4.9.2',
    'Jinja2': '3.1.2',
    'libvirt-python': '8.0.0',
    'prettytable': '3.6.0',
    'PyYAML': '6.0',
    'rich': '13.3.1',
    'prometheus_client': '0.16.0',
}
MODULES = {'Jinja2': 'jinja2', 'libvirt-python': 'libvirt', 'PyYAML': 'yaml'}


# Of pyproject.toml; what is imported where an option of nova.conf asks for it.
EXTRA = 'metrics'
EXTRA_PACKAGE = 'prometheus_client'
#: Debian's names that are not python3-NAME.
DEBIAN = {'libvirt-python': 'python3-libvirt', 'PyYAML': 'python3-yaml'}


def required():
    """Read our requirements and those of the extra, by name."""
    lines = (TOP / 'requirements.txt').read_text().splitlines()
    project = toml_files.read(TOP / 'pyproject.toml')['project']
    lines += project['optional-dependencies'][EXTRA]
    parsed = (
        requirements.Requirement(text)
        for line in lines
        if (text := line.partition('#')[0].strip())
    )
    return {each.name: each for each in parsed}


def imported():
    """Name the modules that the package imports anywhere, and their tops."""
    found = set()
    for path in PACKAGE.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return {name.partition('.')[0] for name in found}


@ddt.ddt
class RequirementsTest(unittest.TestCase):
    @ddt.data(*SERIES)
    def test_what_a_series_has_will_do(self, series):
        pins = {**OLD, **SERIES[series]}
        for name, requirement in required().items():
            with self.subTest(name):
                self.assertTrue(
                    requirement.specifier.contains(pins[name]),
                    f'{requirement} moves {name} {pins[name]} of {series}',
                )

    def test_what_is_not_imported_is_not_required(self):
        modules = imported()
        for name in required():
            module = MODULES.get(name, name.replace('.', '_'))
            self.assertIn(module, modules, name)

    def test_no_release_is_ruled_out_from_above(self):
        for requirement in required().values():
            for bound in requirement.specifier:
                self.assertEqual('>=', bound.operator, requirement)

    def test_debian_builds_with_all_of_them(self):
        control = (TOP / 'debian' / 'control').read_text()
        builds = control.partition('\n\n')[0].splitlines()
        named = {line.split()[0].strip(',') for line in builds if line.strip()}
        for name in required().keys() - {EXTRA_PACKAGE}:
            package = DEBIAN.get(name, f'python3-{name.lower()}')
            self.assertIn(package, named)

    def test_every_series_of_nova_is_there(self):
        known = (TOP / 'tools' / 'nova_versions.txt').read_text().splitlines()
        novas = [line for line in known if line[:1].isdigit()]
        self.assertEqual(len(novas), len(SERIES), 'add the new series')

    def test_make_check_has_the_releases_of_tox(self):
        pinned = (TOP / 'tox.ini').read_text()
        pinned += (TOP / '.pre-commit-config.yaml').read_text()
        lines = (TOP / 'tools' / 'check_requirements.txt').read_text()
        for line in lines.splitlines():
            if text := line.partition('#')[0].strip():
                self.assertIn(text, pinned)
