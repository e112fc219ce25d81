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

"""Every line of a migration names its plan: the modules that log."""

import ast
import pathlib
import re
import unittest

import nova_selective_migrate
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.job import log_lines

PACKAGE = pathlib.Path(nova_selective_migrate.__file__).parent
LOG_METHODS = {
    *('critical', 'debug', 'error', 'exception', 'info', 'log', 'warning')
}
#: What these log is of no migration.
OF_NO_MIGRATION = {
    'compute/driver.py',  # options and nova's release, at the start
    'compute/metrics/host_metrics.py',
    'compute/metrics/host_state.py',
    'compute/metrics/metrics_endpoint.py',
    'compute/source/periodic_audit.py',
}
#: Before a plan is made, or of many guests.
BEFORE_A_PLAN = {
    'host/facts/case_gathering.py',
    'host/facts/guest_audits.py',
    'host/hypervisor/connection.py',
}
#: Lines without an instance: of a journal that cannot be listed, and one
#: whose instance is the one that the thread works on.
OF_NO_INSTANCE = {
    'compute/destination/incoming_recovery.py': ["error('%s', err)"],
    'compute/destination/remote_filesystem.py': [
        "debug('%s has come to %s with the plan', src, dst)"
    ],
    'compute/source/outgoing_recovery.py': ["error('%s', err)"],
}


def logging_modules(folder):
    """Yield path below the package, and tree, of each module that logs."""
    for path in sorted((PACKAGE / folder).rglob('*.py')):
        tree = ast.parse(path.read_text())
        made = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and [ast.unparse(name) for name in node.targets] == ['LOG']
        ]
        if made:
            yield str(path.relative_to(PACKAGE)), tree, ast.unparse(made[0])


def calls(tree):
    """Yield the calls that log: of LOG, and of a method taken of it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        of = node.func
        if (
            isinstance(of, ast.Attribute)
            and isinstance(of.value, ast.Name)
            and of.value.id == 'LOG'
            and of.attr in LOG_METHODS
        ) or (isinstance(of, ast.Name) and of.id == 'log'):
            yield node


def targets(tree):
    """Yield what the threads run that a module starts."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == 'threading.Thread'
        ):
            yield from (
                ast.unparse(named.value)
                for named in node.keywords
                if named.arg == 'target'
            )


class LoggerOfPlansTest(unittest.TestCase):
    """A module that logs of a migration does so with the plan id."""

    def assert_made(self, folder, expected, exempt):
        found = {
            path: made
            for path, _, made in logging_modules(folder)
            if made != expected
        }
        self.assertEqual(
            {path for path in exempt if path.startswith(folder)}, set(found)
        )

    def test_of_nova_compute(self):
        self.assert_made(
            'compute', 'migration_log.logger(__name__)', OF_NO_MIGRATION
        )

    def test_of_hosts(self):
        self.assert_made('host', 'plan_log.logger(__name__)', BEFORE_A_PLAN)

    def test_no_module_logs_by_another_name(self):
        others = re.compile(r'(?<!plan_log)\.getLogger\(')
        found = [
            str(path.relative_to(PACKAGE))
            for path in sorted((PACKAGE / 'compute').rglob('*.py'))
            if others.search(path.read_text())
        ]
        made = {*OF_NO_MIGRATION, 'compute/common/migration_log.py'}
        self.assertEqual(made, set(found))

    def test_each_line_names_its_instance(self):
        without = {}
        for path, tree, _ in logging_modules('compute'):
            if path in OF_NO_MIGRATION:
                continue
            for call in calls(tree):
                named = {keyword.arg for keyword in call.keywords}
                if not named & {'instance', 'instance_uuid'}:
                    line = ast.unparse(call).removeprefix('LOG.')
                    without.setdefault(path, []).append(line)
        self.assertEqual(OF_NO_INSTANCE, without)

    def test_threads_go_on_with_the_plan(self):
        """A thread has none by itself: what it runs is told."""
        bare = []
        for folder in ('compute/source', 'compute/destination'):
            for path in sorted((PACKAGE / folder).rglob('*.py')):
                if str(path.relative_to(PACKAGE)) in OF_NO_MIGRATION:
                    continue
                bare += [
                    f'{path.name}: {run}'
                    for run in targets(ast.parse(path.read_text()))
                    if not run.startswith('plan_log.in_thread(')
                ]
        self.assertEqual([], bare)


class PlanLogTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.log = plan_log.logger('of.a.test')

    def logged(self, *arguments, **named):
        with self.assertLogs('of.a.test', 'INFO') as lines:
            self.log.info(*arguments, **named)
        return lines.records[0].getMessage()

    def test_a_line_without_a_plan_stays(self):
        self.assertEqual('it is so', self.logged('it is %s', 'so'))

    def test_a_line_names_the_plan_that_the_thread_works_on(self):
        with plan_log.working_on('a-plan'):
            self.assertEqual('[plan: a-plan] x', self.logged('x'))
            with plan_log.working_on(''):
                self.assertEqual('[plan: a-plan] x', self.logged('x'))
        self.assertEqual('x', self.logged('x'))

    def test_a_line_names_the_plan_that_it_is_given(self):
        with plan_log.working_on('a-plan'):
            line = self.logged('x', plan_id='another')
        self.assertEqual('[plan: another] x', line)

    def test_a_thread_takes_it_along(self):
        seen = []
        with plan_log.working_on('a-plan'):
            run = plan_log.in_thread(
                lambda more: seen.append((plan_log.current(), more))
            )
        run('argument')
        self.assertEqual([('a-plan', 'argument')], seen)

    def test_ids_are_read_from_a_line(self):
        named = '8b1d4f6a-92c7-5035-8d0e-3f3a6a5c7d11'
        line = (
            '2026-11-29 10:00:00.104 4711 INFO x [-] [instance: y] '
            f'{plan_log.prefix(named)}it has moved'
        )
        found = log_lines.LogLine.parse(line)
        self.assertEqual([named], [*found.named])
