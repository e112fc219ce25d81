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

"""``plan``: its formats and exit codes, from recorded cases."""

import json

import ddt
import yaml

from tests.unit.cli import cases
from tests.unit.cli import command


@ddt.ddt
class ReplayTest(command.CommandCase):
    def replay(self, tree, *arguments):
        path = self.file('case.json', tree)
        return command.run('plan', '--replay', path, *arguments)

    def test_a_ready_plan_for_people(self):
        found = self.replay(cases.ready())
        self.assertEqual((0, ''), (found.status, found.err))
        for words in (
            'Domain guest (',
            cases.LOCAL,
            'rbd://ceph-mon/vms/image',
            'COPY',
            'KEEP',
            'SKIP',
            'local-filesystem',
            'network-disk',
            '1 MiB of 1 GiB',
            'READY: copies vda (1 MiB).',
            'Flags: VIR_MIGRATE_LIVE VIR_MIGRATE_PEER2PEER '
            'VIR_MIGRATE_NON_SHARED_DISK',
            'Parameter: migrate_disks = vda',
        ):
            self.assertIn(words, found.out)

    def test_a_refused_plan_for_people(self):
        found = self.replay(cases.refused())
        self.assertEqual((3, ''), (found.status, found.err))
        for words in (
            'Refused [locality-unknown]: vdb',
            cases.SHARED,
            'Remedy: ',
            'REFUSED: nothing is copied, nothing is changed.\n'
            'Explained by: nova-selective-migrate help locality-unknown\n',
        ):
            self.assertIn(words, found.out)
        self.assertNotIn('READY', found.out)
        self.assertNotIn('VIR_MIGRATE', found.out)

    def test_nothing_to_copy(self):
        tree = cases.ready(shared=['/srv/local'])
        tree['storage']['source'] = {}
        found = self.replay(tree)
        self.assertEqual(0, found.status)
        self.assertIn('READY: no disk needs to be copied.', found.out)
        self.assertNotIn('NON_SHARED', found.out)

    def test_json_is_the_contract(self):
        found = self.replay(cases.ready(), '-f', 'json')
        tree = found.json
        self.assertEqual(
            ['vda'], tree['migrate_disks'], 'a list, not its text'
        )
        self.assertIs(True, tree['ready'])
        self.assertEqual(1 << 20, tree['copy_bytes'])
        self.assertEqual({'migrate_disks': ['vda']}, tree['parameters'])
        self.assertEqual([], tree['refusals'])
        self.assertEqual(
            ['copy', 'keep', 'skip'], [d['action'] for d in tree['disks']]
        )
        self.assertLessEqual(
            {
                *('domain', 'ready', 'migrate_disks', 'copy_bytes'),
                *('flags', 'parameters', 'disks', 'duties', 'refusals'),
            },
            {*tree},
        )

    def test_json_of_a_refused_plan(self):
        found = self.replay(cases.refused(), '-f', 'json')
        self.assertEqual((3, ''), (found.status, found.err))
        tree = found.json
        self.assertEqual(
            (False, [], [], {}, 0),
            tuple(
                tree[key]
                for key in (
                    *('ready', 'migrate_disks', 'flags', 'parameters'),
                    'copy_bytes',
                )
            ),
        )
        self.assertEqual(['vdb'], [r['target'] for r in tree['refusals']])

    def test_yaml_says_the_same(self):
        self.assertEqual(
            self.replay(cases.ready(), '-f', 'json').json,
            yaml.safe_load(self.replay(cases.ready(), '-f', 'yaml').out),
        )

    def test_one_value(self):
        found = self.replay(cases.ready(), '-f', 'value', '-c', 'copy_bytes')
        self.assertEqual('1048576\n', found.out)

    def test_chosen_columns_for_people_and_programs(self):
        found = self.replay(cases.ready(), '-f', 'json', '-c', 'ready')
        self.assertEqual({'ready': True}, found.json)
        for column in (
            *('domain', 'ready', 'migrate_disks', 'copy_bytes', 'flags'),
            *('parameters', 'disks', 'images', 'duties', 'refusals'),
            'notes',
        ):
            with self.subTest(column=column):
                found = self.replay(cases.ready(), '-c', column)
                self.assertEqual((0, ''), (found.status, found.err))

    def test_the_same_case_gives_the_same_bytes(self):
        self.assertEqual(
            self.replay(cases.ready(), '-f', 'json'),
            self.replay(cases.ready(), '-f', 'json'),
        )

    def test_a_replay_can_be_recorded_and_replayed(self):
        path = self.file('case.json', cases.ready())
        copy = str(self.top / 'copy.json')
        plan = ('-f', 'json', '--replay')
        first = command.run('plan', *plan, path, '--record', copy)
        self.assertEqual(first, command.run('plan', *plan, copy))

    def test_a_refused_plan_is_recorded_too(self):
        copy = self.top / 'copy.json'
        self.replay(cases.refused(), '--record', str(copy))
        self.assertEqual(1, json.loads(copy.read_text())['version'])

    @ddt.data('libvirt', 'libvirtmod')
    def test_no_libvirt_is_needed(self, module):
        path = self.file('case.json', cases.ready())
        found = command.spawn(
            *('plan', '--replay', path, '-f', 'json'),
            before=f'sys.modules[{module!r}] = None',
        )
        self.assertEqual((0, ''), (found.status, found.err))
        self.assertEqual(['vda'], found.json['migrate_disks'])

    def test_a_reader_that_goes_early_sees_no_traceback(self):
        path = self.file('case.json', cases.ready())
        closed = (
            'import os\nread, write = os.pipe()\nos.close(read)\n'
            'os.dup2(write, 1)'
        )
        found = command.spawn('plan', '--replay', path, before=closed)
        self.assertEqual('', found.err)


class LocaleTest(command.CommandCase):
    def test_odd_names_are_printed_in_any_locale(self):
        tree = cases.ready()
        tree['domain_xml'] = tree['domain_xml'].replace(
            cases.LOCAL, '/srv/d\u00efsk\u2603'
        )
        path = self.file('case.json', tree)
        found = command.spawn(
            'plan', '--replay', path, LC_ALL='C', PYTHONIOENCODING='ascii'
        )
        self.assertNotIn('Traceback', found.err)
        self.assertEqual(3, found.status, found.err)


class SeveralTest(command.CommandCase):
    """An audit: many recorded cases, one process."""

    def setUp(self):
        super().setUp()
        self.ready = self.file('ready.json', cases.ready())
        self.refused = self.file('refused.json', cases.refused())

    def replay(self, *arguments):
        return command.run('plan', '--replay', *arguments)

    def alone(self, path, form):
        return self.replay(path, '-f', form)

    def test_json_is_a_list_in_the_order_of_the_files(self):
        found = self.replay(self.refused, self.ready, '-f', 'json')
        self.assertEqual((3, ''), (found.status, found.err))
        self.assertEqual(
            [
                self.alone(path, 'json').json
                for path in (self.refused, self.ready)
            ],
            found.json,
        )

    def test_yaml_is_the_same_list(self):
        found = self.replay(self.ready, self.refused, '-f', 'yaml')
        plans = self.replay(self.ready, self.refused, '-f', 'json').json
        self.assertEqual(plans, yaml.safe_load(found.out))

    def test_the_option_can_be_repeated(self):
        found = self.replay(self.ready, '--replay', self.refused, '-f', 'json')
        self.assertEqual([True, False], [plan['ready'] for plan in found.json])

    def test_tables_one_after_the_other(self):
        found = self.replay(self.ready, self.refused)
        parts = [
            f'Case {path}\n{self.alone(path, "table").out}'
            for path in (self.ready, self.refused)
        ]
        self.assertEqual((3, ''.join(parts)), (found.status, found.out))

    def test_values_one_after_the_other(self):
        found = self.replay(
            *(self.ready, self.refused, '-f', 'value', '-c', 'ready')
        )
        self.assertEqual('true\nfalse\n', found.out)

    def test_columns_of_each(self):
        found = self.replay(
            self.ready, self.refused, '-f', 'json', '-c', 'ready'
        )
        self.assertEqual([{'ready': True}, {'ready': False}], found.json)

    def test_all_ready(self):
        found = self.replay(self.ready, self.ready, '-f', 'json')
        self.assertEqual((0, 2), (found.status, len(found.json)))

    def test_a_bad_one_is_named_and_nothing_is_printed(self):
        bad = self.file('bad.json', {'version': 99})
        missing = str(self.top / 'missing.json')
        for path in (bad, missing):
            with self.subTest(path=path):
                found = self.replay(self.ready, path, '-f', 'json')
                self.assertEqual((2, ''), (found.status, found.out))
                self.assertIn(path, found.err)
                self.assertEqual(1, found.err.count('\n'))

    def test_one_record_is_one_case(self):
        record = self.top / 'record.json'
        found = self.replay(self.ready, self.refused, '--record', str(record))
        self.assertEqual((2, ''), (found.status, found.out))
        self.assertIn('--record', found.err)
        self.assertFalse(record.exists())
