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

"""A command imports what it needs and no more."""

import inspect

import ddt

from nova_selective_migrate.cli import command_line
from nova_selective_migrate.cli import command_table
from tests.unit.cli import cases
from tests.unit.cli import command

# Each takes more of a command's start than a tenth of what that may take.
HEAVY = ('email', 'importlib.metadata', 'oslo_config', 'oslo_log')
HEAVY += ('prettytable', 'rich', 'yaml', 'libvirt', 'socket', 'hashlib')
SAY = f"""
import atexit
atexit.register(lambda: print(sorted(
    set({HEAVY!r}) & set(sys.modules)), file=sys.stderr))
"""


@ddt.ddt
class StartTest(command.CommandCase):
    @ddt.data(('--version',), ('--help',), ('plan', '--help'))
    def test_help_imports_nothing_that_is_heavy(self, arguments):
        found = command.spawn(*arguments, before=SAY)
        self.assertEqual((0, '[]\n'), (found.status, found.err))

    @ddt.data('json', 'value')
    def test_a_replay_imports_nothing_that_is_heavy(self, form):
        path = self.file('case.json', cases.ready())
        arguments = ('plan', '--replay', path, '-f', form)
        found = command.spawn(*arguments, before=SAY)
        self.assertEqual((0, '[]\n'), (found.status, found.err))

    def test_help_imports_no_command(self):
        say = SAY.replace(
            repr(HEAVY), repr(('nova_selective_migrate.core', 'lxml'))
        )
        found = command.spawn('--help', before=say)
        self.assertEqual((0, '[]\n'), (found.status, found.err))

    @ddt.data('plan', 'migrate', 'watch')
    def test_help_imports_no_planner(self, name):
        """Of a start it is the greater half."""
        planner = tuple(
            f'nova_selective_migrate.core.{part}'
            for part in ('case', 'evidence', 'decision', 'plan')
        )
        say = SAY.replace(repr(HEAVY), repr(planner))
        found = command.spawn(name, '--help', before=say)
        self.assertEqual((0, '[]\n'), (found.status, found.err))


class TableTest(command.CommandCase):
    def test_the_table_says_what_the_commands_say(self):
        for entry in command_table.COMMANDS:
            with self.subTest(entry.name):
                first = inspect.cleandoc(entry.load().__doc__).splitlines()[0]
                self.assertEqual(first, f'{entry.summary}.')

    def test_help_fits_into_a_terminal(self):
        texts = {'': command_line.global_parser().format_help()}
        for name, parser in command_line.command_parsers().items():
            texts[name] = parser.format_help()
        for name, text in texts.items():
            for line in text.splitlines():
                with self.subTest(name, line=line):
                    self.assertLessEqual(len(line), 80)

    def test_each_option_is_in_a_group_and_is_explained(self):
        for name, parser in command_line.command_parsers().items():
            for action in parser._actions:
                with self.subTest(name, action=action.dest):
                    self.assertTrue(action.help)
