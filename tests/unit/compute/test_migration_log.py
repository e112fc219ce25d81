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

import types
import unittest

from oslo_context import context as oslo_context

from nova_selective_migrate import plan_log
from nova_selective_migrate.compute.common import migration_log

REQUEST = 'req-6f2d8a60-8e0a-4b6f-9a8c-0a3f1f1f4c11'
SERVER = '5c2e8d1b-0f3a-4a5e-9d7c-1b2a3c4d5e6f'
#: What tests.unit.core.test_plan_ids has of these two.
PLAN = 'a68fb36a-dbbe-5c4a-a2e3-d5126b060923'


class MigrationLogTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.log = migration_log.logger('of.a.test')
        self.instance = types.SimpleNamespace(uuid=SERVER)
        before = oslo_context.get_current()
        oslo_context.RequestContext(request_id=REQUEST)
        self.addCleanup(self.restore, before)

    def restore(self, before):
        if before is not None:
            before.update_store()
        else:
            vars(oslo_context._request_store).pop('context', None)

    def logged(self, *arguments, **named):
        with self.assertLogs('of.a.test', 'INFO') as lines:
            self.log.info(*arguments, **named)
        return lines.records[0]

    def test_a_line_of_an_instance_names_the_plan_of_the_request(self):
        for named in ({'instance': self.instance}, {'instance_uuid': SERVER}):
            with self.subTest(named):
                found = self.logged('it is %s', 'so', **named)
                self.assertEqual(
                    f'[plan: {PLAN}] it is so', found.getMessage()
                )

    def test_nova_still_sees_the_instance(self):
        found = self.logged('x', instance=self.instance)
        self.assertIs(self.instance, found.instance)

    def test_a_line_without_an_instance_stays(self):
        self.assertEqual('x', self.logged('x').getMessage())

    def test_the_plan_that_is_worked_on_comes_first(self):
        """The request of an abort is another one."""
        with plan_log.working_on('a-plan'):
            found = self.logged('x', instance=self.instance)
        self.assertEqual('[plan: a-plan] x', found.getMessage())
        found = self.logged('x', instance=self.instance, plan_id='its-own')
        self.assertEqual('[plan: its-own] x', found.getMessage())

    def test_an_override_names_it_for_all_that_it_does(self):
        @migration_log.of_request
        def override(driver, context, instance, more, *, named):
            return driver, plan_log.current(), more, named

        context = types.SimpleNamespace(request_id=REQUEST)
        found = override('driver', context, self.instance, 1, named=2)
        self.assertEqual(('driver', PLAN, 1, 2), found)
        self.assertEqual('', plan_log.current())


class KeptTextTest(unittest.TestCase):
    """nova keeps 255 bytes of some texts; the plan id is among them."""

    def setUp(self):
        super().setUp()
        self.context = types.SimpleNamespace(request_id=REQUEST)
        self.instance = types.SimpleNamespace(uuid=SERVER)

    def named(self, text):
        return migration_log.with_plan(text, self.context, self.instance)

    def test_a_short_text_stays_whole(self):
        found = self.named('it is full')
        self.assertEqual(f'it is full [plan: {PLAN}]', found)
        self.assertEqual(found, migration_log.shortened(found))
        self.assertEqual('it is full', migration_log.without_plan(found))

    def test_the_plan_is_added_once(self):
        once = self.named('it is full')
        self.assertEqual(once, self.named(once))

    def test_a_long_text_keeps_the_plan(self):
        for text in ('x' * 300, 'ü' * 200, 'x' * 212 + 'ü'):
            found = migration_log.shortened(self.named(text))
            self.assertLessEqual(len(found.encode()), 255)
            self.assertTrue(found.endswith(f'... [plan: {PLAN}]'), found)

    def test_without_a_request_a_text_stays(self):
        context = types.SimpleNamespace(request_id=None)
        found = migration_log.with_plan('x', context, self.instance)
        self.assertEqual('x', found)
        self.assertEqual('x' * 300, migration_log.shortened('x' * 300))
