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

"""Help that teaches, and completion."""

import importlib.metadata

import ddt

from tests.unit.cli import command


@ddt.ddt
class HelpTest(command.CommandCase):
    @ddt.data((), ('--help',), ('help',))
    def test_the_application_teaches_its_exit_codes(self, arguments):
        found = command.run(*arguments)
        self.assertEqual((0, ''), (found.status, found.err))
        for line in (
            '0 done',
            '2 bad input',
            '3 refused',
            '4 not moved',
            '5 unknown',
            'plan --replay',
            '--connect URI',
            'LIBVIRT_DEFAULT_URI',
        ):
            self.assertIn(line, found.out)

    def test_of_what_is_nothing(self):
        found = command.run('help', 'no-such-code')
        self.assert_usage_error(found, "'no-such-code' is no command")

    @ddt.data(
        (
            ('plan', '--help'),
            ('exit code is 0', '3 if', '--record', '--replay'),
        ),
        (('migrate', '--help'), ('Ctrl-C', '--direct', '--bandwidth')),
        (('disk', 'list', '--help'), ('--shared-path', '--config-file')),
    )
    @ddt.unpack
    def test_each_command_teaches(self, arguments, words):
        found = command.run(*arguments)
        self.assertEqual((0, ''), (found.status, found.err))
        for word in words:
            self.assertIn(word, found.out)

    def test_a_reason_code_is_explained(self):
        found = command.run('help', 'lun-disk', 'active-job')
        self.assertEqual((0, ''), (found.status, found.err))
        for words in (
            'lun-disk\n  QEMU',
            '\n  Why: The guest sends SCSI commands',
            "\n  What to do: Attach it as device='disk', or",
            '\n\nactive-job\n',
        ):
            self.assertIn(words, found.out)

    @ddt.data(('--help',), ('plan', '--help'), ('complete',))
    def test_help_and_completion_need_no_libvirt(self, arguments):
        found = command.spawn(*arguments, before="sys.modules['libvirt']=None")
        self.assertEqual((0, ''), (found.status, found.err))

    def test_completion_knows_every_command(self):
        found = command.run('complete')
        self.assertEqual(0, found.status)
        for name in ('disk', 'plan', 'migrate', '--replay', '--direct'):
            self.assertIn(name, found.out)

    def test_the_version_is_ours(self):
        found = command.run('--version')
        self.assertIn(importlib.metadata.version(command.NAME), found.out)

    def test_the_hosts_default_is_the_environments(self):
        found = command.spawn(
            'disk', 'list', 'nope', LIBVIRT_DEFAULT_URI='test:///default'
        )
        self.assert_usage_error(found, 'test:///default', 'nope')
