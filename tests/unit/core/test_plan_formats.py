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

"""What operators and users read."""

import unittest

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b

LOCAL = b.disk('vda', b.file('/a'))
UNKNOWN = b.disk('vdb', b.file('/b'))
LUN = b.disk('vdc', b.block('/c'), device='lun')


def plan(*disks):
    tree = b.case(
        *disks,
        source={
            '/a': b.local(),
            '/b': b.on('fuse.own'),
            '/c': b.device('sata'),
        },
    )
    return planner.plan(migration_case.loads(b.text(tree)))


class WordingTest(unittest.TestCase):
    def test_codes_of_all_disks_come_first(self):
        text = plan_formats.refusal_text(plan(LOCAL, UNKNOWN, LUN))
        self.assertTrue(
            text.startswith(
                'selective migration refused (vdb: locality-unknown, vdc: '
                'lun-disk). vdb (/b): '
            ),
            text,
        )
        self.assertEqual(2, text.count('Remedy: '))
        self.assertTrue(text.endswith(' help locality-unknown lun-disk'), text)

    def test_a_line_for_each_disk(self):
        lines = list(plan_formats.log_lines(plan(LOCAL, UNKNOWN)))
        self.assertEqual(
            3, len([ln for ln in lines if not ln.startswith('note: ')])
        )
        self.assertIn('vda /a: copy (local, local-filesystem: ', lines[0])
        self.assertIn('vdb /b: refuse (unknown, locality-unknown', lines[1])
        self.assertIn('refused (locality-unknown): vdb (/b): ', lines[2])

    def test_the_difference_to_nova(self):
        same = plan_formats.difference(plan(LOCAL), ['vda'])
        self.assertEqual(
            'the plan copies vda; nova copies vda: the same', same
        )
        self.assertIn(
            'NOT', plan_formats.difference(plan(LOCAL), ['vda', 'vdb'])
        )
        self.assertIn(
            'NOT', plan_formats.difference(plan(LOCAL), 'nova fails')
        )
        self.assertIn(
            '; nova x: ', plan_formats.difference(plan(LOCAL), 'nova x')
        )
        refused = plan_formats.difference(plan(UNKNOWN), [])
        self.assertIn('the plan is none: selective migration refused', refused)
        self.assertIn('NOT the same', refused)
