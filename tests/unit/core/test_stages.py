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

"""The stages of the planner add values; none changes one of another's."""

import ast
import pathlib
import unittest

from nova_selective_migrate.core.plan import planner

CORE = pathlib.Path(planner.__file__).parent.parent
#: What may be copied with a change: a case, a call, its options, a plan, and a
#: look at a job. No verdict, strategy, refusal or extent is among them.
CHANGED = {
    ('followed_migration.py', 'self'),
    ('migration_case.py', 'self'),
    ('migration_case.py', 'self.domain_state'),
    ('migration_case.py', 'self.readiness'),
    ('migrate_call.py', 'self'),
    ('migration_plan.py', 'self'),
    ('planned_call.py', 'call'),
    ('planned_call.py', 'options'),
    ('redaction.py', 'options'),
    ('redaction.py', 'recorded'),
    ('second_call.py', 'call'),
    ('watchdog_limits.py', 'self'),
}
VALUES = (
    *('Evidence', 'Verdict', 'Strategy', 'Refusal', 'StatedRefusal'),
    *('Extents', 'PlannedDisk'),
)


def changes():
    """Yield file and first argument of each copy of a dataclass."""
    for path in sorted(CORE.rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = ast.unparse(node.func)
            if name in ('dataclasses.replace', 'copy.replace', 'replace'):
                yield path.name, ast.unparse(node.args[0])
            if name.endswith('__setattr__'):
                yield path.name, name


def classes():
    for path in sorted(CORE.rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name in VALUES:
                yield path, node


class StagesTest(unittest.TestCase):
    def test_no_verdict_strategy_or_refusal_is_replaced(self):
        self.assertEqual(set(), {*changes()} - CHANGED)

    def test_nothing_is_allowed_that_nobody_does(self):
        self.assertEqual(set(), CHANGED - {*changes()})

    def test_nobody_imports_replace_by_another_name(self):
        for path in sorted(CORE.rglob('*.py')):
            self.assertNotIn('import replace', path.read_text(), path)

    def test_they_are_frozen(self):
        found = {
            node.name: [ast.unparse(each) for each in node.decorator_list]
            for _, node in classes()
        }
        self.assertEqual({*VALUES}, {*found})
        for name, decorators in found.items():
            self.assertEqual(
                ['dataclasses.dataclass(frozen=True)'], decorators, name
            )


if __name__ == '__main__':
    unittest.main()
