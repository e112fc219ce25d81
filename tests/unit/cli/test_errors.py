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

"""Bad input: one line that names thing and reason, and exit code 2."""

import json
import os

import ddt

from tests.unit.cli import cases
from tests.unit.cli import command
from tests.unit.core import builders

HOST = ('--connect', command.TEST_DRIVER)
NOWHERE = 'qemu+tcp://127.0.0.1:1/system'
OTHER = 'qemu+tcp://127.0.0.1:2/system'


@ddt.ddt
class ReplayFileTest(command.CommandCase):
    def refuse(self, path, *words):
        found = command.run('plan', '--replay', path)
        self.assert_usage_error(found, path, *words)

    def test_a_missing_file(self):
        self.refuse(str(self.top / 'no.json'), 'No such file')

    def test_a_directory(self):
        self.refuse(str(self.top), 'directory')

    def test_a_file_that_is_no_text(self):
        self.refuse(self.file('x', b'\xff\xfe\x00'), 'decode')

    @ddt.data('', 'words', '{', '[' * 100000, '{"version": 1')
    def test_a_file_that_is_not_json(self, text):
        self.refuse(self.file('x', text), 'JSON')

    @ddt.data('[]', '"text"', '7', 'true')
    def test_json_that_is_no_object(self, text):
        self.refuse(self.file('x', text), 'object')

    @ddt.data(0, 2, 99)
    def test_a_version_that_we_do_not_know(self, version):
        tree = {**cases.ready(), 'version': version}
        self.refuse(self.file('x', tree), f'version {version}')

    @ddt.data(None, 'one', 1.5, True)
    def test_a_version_that_is_none(self, version):
        tree = {**cases.ready(), 'version': version}
        self.refuse(self.file('x', tree), 'version')

    def test_no_domain(self):
        self.refuse(self.file('x', {'version': 1}), 'domain_xml')


@ddt.ddt
class ReplayDomainTest(command.CommandCase):
    @ddt.data('', '<domain', '<network/>', '<domain/>\n<domain/>', '\u0000')
    def test_xml_that_is_no_domain(self, text):
        tree = {**cases.ready(), 'domain_xml': text}
        path = self.file('x', tree)
        self.assert_usage_error(command.run('plan', '--replay', path))

    def test_two_disks_with_one_target(self):
        twice = builders.disk('vda', builders.rbd())
        path = self.file('x', builders.case(twice, twice))
        self.assert_usage_error(command.run('plan', '--replay', path), 'vda')

    def test_declared_both_ways(self):
        tree = cases.ready(shared=['/srv'], local=['/srv/'])
        path = self.file('x', tree)
        found = command.run('plan', '--replay', path)
        self.assert_usage_error(found, '/srv', 'shared_paths', 'local_paths')


@ddt.ddt
class ArgumentsTest(command.CommandCase):
    def plan(self, *arguments):
        return command.run(*HOST, 'plan', 'test', OTHER, *arguments)

    def test_a_replay_takes_no_domain(self):
        path = self.file('case.json', cases.ready())
        for more in (('guest',), ('guest', OTHER)):
            found = command.run('plan', *more, '--replay', path)
            self.assert_usage_error(found, '--replay', 'DOMAIN')

    @ddt.data((), ('guest',))
    def test_a_plan_needs_both(self, arguments):
        found = command.run('plan', *arguments)
        self.assert_usage_error(found, 'DOMAIN', 'DEST_URI')

    @ddt.data(
        ('migrate',),
        ('migrate', 'guest'),
        ('disk', 'list'),
        ('plan', '--no-such-option'),
        ('plan', '-f', 'none'),
        ('no-such-command',),
    )
    def test_argparse_says_what_is_missing(self, arguments):
        found = command.run(*arguments)
        self.assert_usage_error(found, command.NAME)

    def test_a_command_that_is_nearly_one_is_named(self):
        found = command.run('migrat', 'guest')
        self.assert_usage_error(found, "'migrat'", "'migrate'")

    def test_a_log_that_cannot_be_written(self):
        found = command.run('--log-file', str(self.top), 'plan')
        self.assert_usage_error(found, str(self.top))

    @ddt.data('fast', '-1', '1.5', '', '10M', '9' * 30)
    def test_bad_bandwidth(self, text):
        found = self.plan(f'--bandwidth={text}')
        self.assertEqual(2, found.status)
        self.assertIn('--bandwidth', found.err)
        self.assertNotIn('Traceback', found.err)

    @ddt.data(
        ('bandwidth', 8796093022207, 'whole number of MiB/s up to {}', 0),
        ('progress-timeout', 2**31, 'whole number up to {}', 0),
        ('disks-port', 65535, 'port from 1 to {}', 1),
        ('parallel-mirrors', 64, 'whole number up to {}', 0),
        ('timeout', 2**31 - 1, 'whole number up to {}', 0),
        ('trim-timeout', 3600, 'whole number of seconds from 1 to {}', 1),
        ('copy-media-limit', 2**40, 'whole number of MiB from 1 to {}', 1),
    )
    @ddt.unpack
    def test_numbers(self, option, largest, noun, smallest):
        unit = noun.format(largest)
        for text in ('9' * 5000, largest + 1, smallest - 1):
            found = command.run('migrate', 'guest', f'--{option}={text}')
            wanted = f"argument --{option}: '{text}' is no {unit}; --help"
            self.assert_usage_error(found, wanted)
        # Taken: the destination is what is missed.
        found = command.run('migrate', 'guest', f'--{option}={largest}')
        self.assert_usage_error(found, 'DEST_URI')

    def test_a_column_that_there_is_not(self):
        path = self.file('case.json', cases.ready())
        found = command.run('plan', '--replay', path, '-c', 'nope')
        self.assert_usage_error(found, 'nope')


@ddt.ddt
class HostsTest(command.CommandCase):
    """In processes of their own: libvirt prints behind Python's back."""

    def test_no_such_domain(self):
        for arguments in (
            ('disk', 'list', 'nope'),
            ('plan', 'nope', OTHER),
            ('migrate', 'nope', OTHER),
        ):
            with self.subTest(arguments=arguments):
                found = command.spawn(*HOST, *arguments)
                self.assert_usage_error(
                    found, 'nope', command.TEST_DRIVER, 'virsh list'
                )

    def test_a_number_that_no_domain_has(self):
        for number in ('77', '9' * 20):
            with self.subTest(number=number):
                found = command.spawn(*HOST, 'disk', 'list', number)
                self.assert_usage_error(found, number)

    def test_an_unreachable_source(self):
        found = command.spawn('--connect', NOWHERE, 'disk', 'list', 'x')
        self.assert_usage_error(found, NOWHERE, 'Connection refused')

    def test_an_unreachable_destination(self):
        for name in ('plan', 'migrate'):
            with self.subTest(name=name):
                found = command.spawn(*HOST, name, 'test', NOWHERE)
                self.assert_usage_error(found, NOWHERE, 'Connection refused')

    @ddt.data('nonsense', '', 'qemu+tcp://[::1')
    def test_a_uri_that_is_none(self, uri):
        for arguments in (
            ('--connect', uri, 'disk', 'list', 'test'),
            (*HOST, 'plan', 'test', uri),
        ):
            with self.subTest(arguments=arguments):
                self.assert_usage_error(command.spawn(*arguments))

    def test_the_same_host(self):
        for name in ('plan', 'migrate'):
            with self.subTest(name=name):
                found = command.spawn(*HOST, name, 'test', command.TEST_DRIVER)
                self.assert_usage_error(
                    found, command.TEST_DRIVER, 'test', 'already'
                )


@ddt.ddt
class EvidenceTest(command.CommandCase):
    def list(self, *arguments):
        return command.run(*HOST, 'disk', 'list', 'test', *arguments)

    def test_one_path_declared_both_ways(self):
        found = self.list('--shared-path', '/a/', '--local-path', '/a')
        self.assert_usage_error(found, '/a', 'shared_paths', 'local_paths')

    def test_a_path_that_is_none(self):
        found = self.list('--shared-path', 'a/b')
        self.assert_usage_error(found, 'a/b', 'absolute')

    def test_file_and_command_line_contradict_each_other(self):
        path = self.file('x', '[selective_migrate]\nlocal_paths = /a\n')
        found = self.list('--config-file', path, '--shared-path', '/a')
        self.assert_usage_error(found, '/a')

    @ddt.data('words\n', '[section', '= x', b'[a]\nb = \xff\n')
    def test_a_config_file_that_cannot_be_read(self, text):
        path = self.file('x.conf', text)
        self.assert_usage_error(self.list('--config-file', path), path)

    def test_a_config_file_that_is_not_there_or_a_directory(self):
        for path in (str(self.top / 'no.conf'), str(self.top)):
            with self.subTest(path=path):
                found = self.list('--config-file', path)
                self.assert_usage_error(found, path)

    @ddt.data('{', '[' * 100000, b'\xff')
    def test_a_block_device_info_that_is_not_json(self, text):
        path = self.file('bdi.json', text)
        found = self.list('--block-device-info', path)
        self.assert_usage_error(found, path)

    @ddt.data(
        [],
        'x',
        7,
        {'block_device_mapping': 'x'},
        {'block_device_mapping': [7]},
    )
    def test_a_block_device_info_that_is_not_novas(self, tree):
        path = self.file('bdi.json', json.dumps(tree))
        found = self.list('--block-device-info', path)
        self.assert_usage_error(found)

    def test_a_missing_block_device_info(self):
        path = str(self.top / 'no.json')
        found = self.list('--block-device-info', path)
        self.assert_usage_error(found, path, 'No such file')


class RecordTest(command.CommandCase):
    def test_a_record_that_cannot_be_written(self):
        path = self.file('case.json', cases.ready())
        for record in (str(self.top), str(self.top / 'no/case.json')):
            with self.subTest(record=record):
                found = command.run(
                    'plan', '--replay', path, '--record', record
                )
                self.assert_usage_error(found, record)

    def test_a_full_disk_is_one_line(self):
        if not os.path.exists('/dev/full'):
            self.skipTest('this system has no /dev/full')
        path = self.file('case.json', cases.ready())
        found = command.run('plan', '--replay', path, '--record', '/dev/full')
        self.assert_usage_error(found, '/dev/full')
