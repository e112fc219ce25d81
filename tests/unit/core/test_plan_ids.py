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

import unittest
import uuid

from nova_selective_migrate.core.model import plan_ids

REQUEST = 'req-6f2d8a60-8e0a-4b6f-9a8c-0a3f1f1f4c11'
SERVER = '5c2e8d1b-0f3a-4a5e-9d7c-1b2a3c4d5e6f'
#: A contract: all releases make the same of these two.
PLAN = 'a68fb36a-dbbe-5c4a-a2e3-d5126b060923'


class PlanIdTest(unittest.TestCase):
    def test_both_hosts_make_the_same(self):
        found = plan_ids.of_request(REQUEST, SERVER)
        self.assertEqual(PLAN, found)
        self.assertEqual(5, uuid.UUID(found).version)

    def test_another_request_or_server_is_another_plan(self):
        other = 'req-00000000-0000-0000-0000-000000000000'
        self.assertNotEqual(PLAN, plan_ids.of_request(other, SERVER))
        self.assertNotEqual(PLAN, plan_ids.of_request(REQUEST, other))

    def test_without_a_request_there_is_none(self):
        self.assertEqual('', plan_ids.of_request(None, SERVER))
        self.assertEqual('', plan_ids.of_request('', SERVER))
