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

"""An sdist and a wheel of this tree install in a clean place."""

import configparser
import pathlib
import shutil
import sys
import tempfile
import unittest

from tests import layouts
from tools import toml_files

TOP = layouts.TOP
COMMANDS = ('nova-selective-migrate', 'nova-selective-migrate-status')
GIT = ('git', '-c', 'user.name=A', '-c', 'user.email=a@example.org')
#: What an installation says of itself, as packaging tools read it.
TOLD = """
import importlib.metadata, pathlib, sys
ours = importlib.metadata.distribution('nova-selective-migrate')
assert pathlib.Path(sys.argv[1]) in ours.locate_file('').parents
print(ours.version)
for point in ours.entry_points:
    point.value.startswith('nova_selective_migrate.osc') or point.load()
"""


def version() -> str:
    """Return the version that setup.cfg has."""
    read = configparser.ConfigParser()
    read.read(TOP / 'setup.cfg')
    return read['metadata']['version']


def copy_tree(into: pathlib.Path) -> None:
    """Copy what git has, and what is new and not ignored."""
    named = layouts.run(
        *('git', '-C', TOP, 'ls-files', '-z'),
        *('--cached', '--others', '--exclude-standard'),
    )
    for name in named.rstrip('\0').split('\0'):
        if (TOP / name).is_file() and not (TOP / name).is_symlink():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, into / name)


def build(*arguments: object) -> None:
    """Run python -m build with what is installed here."""
    layouts.run(*(sys.executable, '-m', 'build', '--no-isolation', *arguments))


class PackagesTest(unittest.TestCase):
    folder: pathlib.Path
    export: pathlib.Path
    clone: pathlib.Path
    packages: tuple[pathlib.Path, ...]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.export = cls.folder / 'export'
        copy_tree(cls.export)
        cls.clone = clone = cls.folder / 'clone'
        shutil.copytree(cls.export, clone)
        layouts.run(*GIT, 'init', '-q', clone)
        layouts.run(*GIT, '-C', clone, 'add', '--all')
        layouts.run(*GIT, '-C', clone, 'commit', '-q', '-m', 'All')
        # The wheel is built from the sdist, which has to have all it needs.
        build('--outdir', cls.folder / 'dist', clone)
        cls.packages = tuple(sorted((cls.folder / 'dist').iterdir()))

    def test_there_is_one_of_each_with_the_version_of_setup_cfg(self):
        self.assertEqual(
            [
                f'nova_selective_migrate-{version()}-py3-none-any.whl',
                f'nova_selective_migrate-{version()}.tar.gz',
            ],
            [path.name for path in self.packages],
        )

    def test_an_export_without_git_has_that_version(self):
        self.assertEqual(version(), self.version_of(self.export))

    def test_git_names_it_where_there_is_a_tag(self):
        tagged = self.folder / 'tagged'
        layouts.run('git', 'clone', '-q', self.clone, tagged)
        layouts.run(*GIT, '-C', tagged, 'tag', '-a', '-m', 'X', version())
        self.assertEqual(version(), self.version_of(tagged))
        layouts.run(
            *(*GIT, '-C', tagged, 'commit', '-q', '--allow-empty', '-m', 'X')
        )
        setup = (tagged / 'setup.cfg').read_text()
        (tagged / 'setup.cfg').write_text(setup.replace(version(), '7.0.0'))
        self.assertEqual('7.0.0.dev1', self.version_of(tagged))

    def version_of(self, tree):
        """Ask a tree for its version, as a build does."""
        return layouts.run(
            *('env', '-C', tree, sys.executable, 'setup.py', '--version')
        ).split()[-1]

    def test_twine_takes_both(self):
        layouts.run(
            *(sys.executable, '-m', 'twine', '--no-color'),
            *('check', '--strict', *self.packages),
        )

    def test_each_installs_in_a_clean_place(self):
        found = []
        for package in self.packages:
            with self.subTest(package.name):
                found.append(self.install(package))
        self.assertEqual(found[0], found[1])

    def install(self, package):
        """Install one, try it, and return the names of what it brought."""
        path = self.folder / package.name.replace('.', '-')
        made = layouts.Environment(path)
        elsewhere = path / 'requirements'
        layouts.link_installed(elsewhere)
        (made.site / 'elsewhere.pth').write_text(f'{elsewhere}\n')
        before = set(path.rglob('*'))
        made.install(package)
        told = layouts.run(made.python, '-P', '-c', TOLD, path)
        self.assertEqual([version()], told.split())
        self.assertIn(
            version(), layouts.run(path / 'bin' / COMMANDS[0], '--version')
        )
        for command in COMMANDS:
            layouts.run(path / 'bin' / command, '--help')
        brought = {
            str(new.relative_to(path))
            for new in set(path.rglob('*')) - before
            # pbr writes into its pbr.json which commit git has.
            if '__pycache__' not in new.parts and new.name != 'pbr.json'
        }
        self.assert_whole(made, brought)
        return brought

    def assert_whole(self, made, brought):
        """All that pyproject.toml names is there, and nothing of tests."""
        tree = toml_files.read(TOP / 'pyproject.toml')
        for folder, names in tree['tool']['setuptools']['data-files'].items():
            for name in names:
                self.assertIn(f'{folder}/{name.rpartition("/")[2]}', brought)
        site = made.site.relative_to(made.path)
        tops = {
            name.removeprefix(f'{site}/').partition('/')[0]
            for name in brought
            if name.startswith(f'{site}/')
        }
        self.assertIn('nova_selective_migrate', tops)
        self.assertEqual(
            {'nova_selective_migrate'},
            {name for name in tops if not name.endswith('.dist-info')},
        )


if __name__ == '__main__':
    unittest.main()
