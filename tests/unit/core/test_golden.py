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

"""Recorded cases give their recorded plans, on any machine."""

import json
import unittest

import ddt

from nova_selective_migrate.core.case import migration_case
from tests.unit.core import golden
from tests.unit.core import invariants
from tests.unit.core import planned

# Sentences may be said better; what decides may not change.
_SENTENCES = ('evidence', 'message', 'notes')


def _codes(tree):
    if isinstance(tree, dict):
        return {
            key: _codes(value)
            for key, value in tree.items()
            if key not in _SENTENCES
        }
    if isinstance(tree, list):
        return [_codes(item) for item in tree]
    return tree


@ddt.ddt
class GoldenTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*golden.CASES)
    def test_case(self, name):
        recorded, expected = golden.paths(name)
        case = migration_case.loads(recorded.read_text())
        plan = planned.printed(case)
        self.assertEqual(
            _codes(json.loads(expected.read_text())), _codes(plan)
        )
        invariants.check(self, plan)
        self.assertEqual(
            plan,
            planned.printed(migration_case.loads(migration_case.dumps(case))),
        )

    def test_every_file_belongs_to_a_case(self):
        known = {path for name in golden.CASES for path in golden.paths(name)}
        self.assertEqual(known, set(golden.FOLDER.glob('*')))

    def test_fields_are_those_of_the_contract(self):
        for name in golden.CASES:
            with self.subTest(case=name):
                _, expected = golden.paths(name)
                plan = json.loads(expected.read_text())
                self.assertLessEqual(
                    {
                        *('domain', 'ready', 'migrate_disks', 'copy_bytes'),
                        *('flags', 'parameters', 'disks', 'duties'),
                        'refusals',
                    },
                    plan.keys(),
                )
                for disk in plan['disks']:
                    self.assertLessEqual(
                        {
                            *('target', 'device', 'source', 'locality'),
                            *('action', 'reason', 'evidence'),
                            *('virtual_bytes', 'allocated_bytes'),
                        },
                        disk.keys(),
                    )
                for refusal in plan['refusals']:
                    self.assertEqual(
                        {'target', 'reason', 'message'}, refusal.keys()
                    )
