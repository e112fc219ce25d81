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

"""Every example of README and documentation is what our command takes."""

import glob
import os
import re
import shutil
import unittest

from nova_selective_migrate.cli import command_line
from nova_selective_migrate.cli import command_table
from tests import examples
from tests.unit.cli import cases
from tests.unit.cli import command

_OPTION = re.compile(r'``(--[a-z][a-z-]+)[`` =]')


def options():
    """Return every option that a command of ours takes."""
    parsers = [command_line.global_parser()]
    parsers += command_line.command_parsers().values()
    return {
        name for parser in parsers for name in parser._option_string_actions
    }


class ReadTest(unittest.TestCase):
    def test_examples_are_found(self):
        self.assertGreater(len(examples.examples()), 20)

    def test_each_is_taken_by_its_parser(self):
        for one in examples.examples():
            with self.subTest(one.place, words=one.words):
                parser = command_line.global_parser()
                _, words = parser.parse_known_args(list(one.words))
                if one.words in (('--help',), ('--version',)):
                    continue
                found = command_table.find(words)
                self.assertIsNotNone(found, 'there is no such command')
                entry, rest = found
                command_line.command_parsers()[entry.name].parse_args(rest)

    def test_each_option_that_the_page_of_commands_names_exists(self):
        text = (examples.TOP / 'doc/source/cli/commands.rst').read_text()
        self.assertLessEqual(set(_OPTION.findall(text)), options())

    def test_the_help_has_examples_that_are_taken(self):
        text = command_line.global_parser().format_help()
        _, _, listed = text.partition('examples:')
        lines = [line.split() for line in listed.strip().splitlines()]
        self.assertGreater(len(lines), 4)
        for _, *words in lines:
            with self.subTest(words):
                entry, rest = command_table.find(words)
                command_line.command_parsers()[entry.name].parse_args(rest)


class RunTest(command.CommandCase):
    def setUp(self):
        super().setUp()
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.top)

    def test_what_needs_no_host_runs(self):
        self.file('case.json', cases.ready())
        (self.top / 'cases').mkdir()
        for number in range(2):
            shutil.copy('case.json', f'cases/{number}.json')
        # The quick start's case, by its path in a clone.
        (self.top / 'doc').symlink_to(examples.TOP / 'doc')
        ran = 0
        for one in examples.examples():
            if one.mark or one.needs_hosts:
                continue
            refused = any('example-case' in word for word in one.words)
            words = [
                name
                for word in one.words
                for name in (glob.glob(word) if '*' in word else [word])
            ]
            with self.subTest(one.place, words=words):
                found = command.run(*words)
                self.assertEqual(
                    (3 if refused else 0, ''), (found.status, found.err)
                )
                self.assertNotEqual('', found.out)
            ran += 1
        self.assertGreater(ran, 3)


if __name__ == '__main__':
    unittest.main()
