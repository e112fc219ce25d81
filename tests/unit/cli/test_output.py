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

"""What a command prints can be read, and never be run."""

import io
import unittest

from nova_selective_migrate.cli import outcome_table
from nova_selective_migrate.cli import plan_table
from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.job import migration_progress
from tests.unit.cli import cases
from tests.unit.cli import command
from tests.unit.core import builders


class FormatTest(command.CommandCase):
    def test_nothing_prints_code(self):
        path = self.file('case.json', cases.ready())
        for form in ('shell', 'csv'):
            with self.subTest(form=form):
                found = command.run('plan', '--replay', path, '-f', form)
                self.assert_usage_error(found, 'invalid choice', form)

    def test_values_are_json_and_no_python(self):
        path = self.file('case.json', cases.refused())
        for column, said in (
            ('ready', 'false'),
            ('migrate_disks', '[]'),
            ('domain', '{"name": "guest"'),
        ):
            with self.subTest(column=column):
                found = command.run(
                    *('plan', '--replay', path, '-f', 'value', '-c', column)
                )
                self.assertTrue(found.out.startswith(said), found.out)

    def test_a_path_with_a_line_break_is_one_line(self):
        disk = builders.disk('vda', builders.file('/a\nb'))
        tree = builders.case(disk)
        path = self.file('case.json', tree)
        found = command.run('plan', '--replay', path, '-f', 'value')
        self.assertEqual(12, len(found.out.splitlines()), found.out)


class WholeNameTest(command.CommandCase):
    def test_an_abbreviation_runs_nothing(self):
        for words in (('m', 'guest', 'qemu+tcp://b/system'), ('pl', 'guest')):
            with self.subTest(words=words):
                found = command.run(*words)
                self.assertEqual(2, found.status)
                self.assertNotIn('Traceback', found.err)

    def test_a_mistake_is_one_line(self):
        found = command.run('plan', 'g', 'd', '--bandwidth', 'abc')
        self.assert_usage_error(found, '--bandwidth', "'abc'", '--help')

    def test_the_name_of_a_host_is_no_uri(self):
        found = command.run(
            *('--connect', command.TEST_DRIVER),
            *('--journal', str(self.top), 'plan', 'test', 'b'),
        )
        self.assert_usage_error(found, 'qemu+tls://b/system')


class TableTest(unittest.TestCase):
    def test_a_refused_plan_is_said_once(self):
        tree = {'outcome': 'refused', 'explanation': 'no', 'plan': {}}
        found = [*outcome_table.lines(tree)]
        self.assertEqual([], found)

    def test_what_a_moved_guest_has_left_can_be_removed(self):
        left = [
            {'host': 'source', 'path': "/a b/it's", 'why': 'left'},
            {'host': 'source', 'path': '/dev/vg/disk', 'why': 'left'},
            {'host': 'source', 'path': '/dev/sdb', 'why': 'left'},
            {'host': 'source', 'path': '/dev/mapper/mpatha', 'why': 'left'},
            {'host': 'source', 'path': '/dev/vg/no', 'why': 'not deleted: x'},
        ]
        tree = {'outcome': 'moved', 'explanation': 'it has', 'left': left}
        *_, first, last = outcome_table.lines(tree)
        self.assertEqual("""  rm -- '/a b/it'"'"'s'""", first)
        self.assertEqual('  lvremove -- /dev/vg/disk', last)
        tree = {**tree, 'outcome': 'unknown'}
        for removal in ('rm --', 'lvremove'):
            said = '\n'.join(outcome_table.lines(tree))
            self.assertNotIn(removal, said)

    def test_where_a_copy_is_elsewhere_there(self):
        disk = {
            'target': 'vda',
            'device': 'disk',
            'source': '/a/x',
            'locality': 'local',
            'action': 'copy',
            'reason': 'local-filesystem',
            'evidence': [],
            'virtual_bytes': 2**30,
            'allocated_bytes': 2**20,
            'format': 'qcow2',
            'destination': '/dev/vg/x',
            'destination_format': 'raw',
            'copy_bytes': 2**20,
        }
        line = 'Copy vda: /a/x as qcow2 to /dev/vg/x as raw, 1 MiB'
        self.assertIn(line, [*plan_table.lines({'disks': [disk]})])
        disk |= {'destination': '/a/x', 'destination_format': 'qcow2'}
        lines = [*plan_table.lines({'disks': [disk]})]
        self.assertFalse([each for each in lines if each.startswith('Copy ')])

    def test_a_row_says_what_its_refusal_says(self):
        disk = {
            **dict.fromkeys(
                ('source', 'virtual_bytes', 'allocated_bytes'), None
            ),
            'target': 'hda',
            'device': 'cdrom',
            'locality': 'local',
            'action': 'skip',
            'reason': 'read-only',
        }
        refusal = {'target': 'hda', 'reason': 'content-missing'}
        table = plan_table.disk_table([disk], [refusal])
        self.assertIn('REFUSE', table)
        self.assertIn('content-missing', table)
        self.assertNotIn('SKIP', table)


class ProgressTest(unittest.TestCase):
    def sample(self, seconds, processed, phase=migration_progress.Phase.DISKS):
        disk = migration_progress.Amount('vda', 64 << 20, processed)
        memory = migration_progress.Amount('memory', 0, 0)
        return migration_progress.MigrationProgress(
            seconds, phase, (disk,), memory
        )

    def test_a_limited_copy_shows_its_rate(self):
        out = io.StringIO()
        lines = terminal.Lines(out)
        lines.show(self.sample(0.0, 0))
        lines.show(self.sample(8.0, 16 << 20))
        self.assertIn('2 MiB/s, 24 s', out.getvalue())

    def test_the_end_is_shown(self):
        out = io.StringIO()
        lines = terminal.Lines(out)
        finishing = migration_progress.Phase.FINISHING
        last = self.sample(1.0, 0, finishing)
        lines.show(last)
        lines.show(migration_progress.complete(last))
        self.assertIn('(100%)', out.getvalue().splitlines()[-1])


if __name__ == '__main__':
    unittest.main()
