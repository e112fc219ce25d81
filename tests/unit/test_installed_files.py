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

"""What the package installs beside Python says what the parsers say.

Where this is red after a change of arguments: make installed-files.
"""

import pathlib
import re
import unittest

from nova_selective_migrate.cli import command_line
from nova_selective_migrate.cli import complete
from tools import toml_files

TOP = pathlib.Path(__file__).parents[2]
MANUALS = TOP / 'share' / 'man' / 'man1'
MANUAL = MANUALS / 'nova-selective-migrate.1'
AGAIN = 'make installed-files writes it anew'
_OPTION = re.compile(r'(?<![\w-])--[a-z][a-z-]*[a-z]')


def parsers():
    """Return the parser of the application as that of no command."""
    return {
        '': command_line.global_parser(),
        **command_line.command_parsers(),
    }


def options(parser):
    """Return the options of a parser, without --help."""
    return set(parser._option_string_actions) - {'-h', '--help'}


def plain(text):
    """Return the words of roff without its marks, in one line."""
    text = re.sub(r'\\f[A-Z]', '', text)
    text = text.replace('\\(aq', "'").replace('\\(dq', '"')
    text = text.replace('\\(ti', '~').replace('\\(ha', '^')
    text = text.replace('\\-', '-').replace('\\&', '').replace('\\e', '\\')
    text = re.sub(r'^\.[A-Za-z]+ ?', '', text, flags=re.MULTILINE)
    return ' '.join(text.split())


class ManualTest(unittest.TestCase):
    def setUp(self):
        self.text = plain(MANUAL.read_text())

    def test_it_has_each_argument_with_its_help(self):
        for name, parser in parsers().items():
            formatter = parser._get_formatter()
            for action in parser._actions:
                if '--help' in action.option_strings:
                    continue
                words = ' '.join(formatter._expand_help(action).split())
                with self.subTest(name, argument=action.dest):
                    self.assertIn(words, self.text, f'{words}: {AGAIN}')
                    for option in action.option_strings:
                        self.assertIn(option, self.text, AGAIN)

    def test_it_has_each_description(self):
        for name, parser in parsers().items():
            words = ' '.join(
                (parser.description or '').split('\n\n')[0].split()
            )
            if name:
                with self.subTest(name):
                    self.assertIn(words, self.text, f'{words}: {AGAIN}')

    def test_it_lists_no_option_that_is_none(self):
        known = {name for each in parsers().values() for name in options(each)}
        listed = re.findall(r'^\.B (.*)$', MANUAL.read_text(), re.MULTILINE)
        for line in listed:
            for option in _OPTION.findall(plain(line)):
                self.assertIn(option, known, AGAIN)


class CompletionTest(unittest.TestCase):
    def read(self, shell):
        return (complete.FOLDER / complete.FILES[shell]).read_text()

    def test_bash_has_the_options_of_each_command_and_no_other(self):
        text = self.read('bash')
        listed = dict(
            re.findall(
                r'^_shtab_nova_selective_migrate_?(\w*)_option_strings=\((.*)\)$',
                text,
                re.MULTILINE,
            )
        )
        for name, parser in parsers().items():
            if not name:
                continue
            found = set(listed[re.sub('[ -]', '_', name)].split())
            with self.subTest(name):
                self.assertEqual(
                    options(parser), found - {'-h', '--help'}, AGAIN
                )

    def test_all_shells_have_each_option(self):
        for shell in complete.FILES:
            text = self.read(shell)
            for name, parser in parsers().items():
                for option in options(parser):
                    # fish names them without hyphens.
                    word = option.lstrip('-')
                    with self.subTest(shell, command=name, option=option):
                        self.assertIn(word, text, AGAIN)


class PackageTest(unittest.TestCase):
    def test_what_is_to_be_installed_is_there(self):
        tree = toml_files.read(TOP / 'pyproject.toml')
        installed = tree['tool']['setuptools']['data-files']
        files = [name for names in installed.values() for name in names]
        self.assertEqual(5, len(files))
        for name in files:
            self.assertTrue((TOP / name).is_file(), name)
        folder = complete.FOLDER.relative_to(TOP)
        for name in complete.FILES.values():
            self.assertIn(f'{folder}/{name}', files)

    def test_each_command_has_a_manual_page(self):
        tree = toml_files.read(TOP / 'pyproject.toml')
        self.assertEqual(
            {f'{name}.1' for name in tree['project']['scripts']},
            {path.name for path in MANUALS.iterdir()},
        )


if __name__ == '__main__':
    unittest.main()
