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

"""The audit that nova-compute makes of its own host."""

import json
import os
import unittest

import fixtures

from nova_selective_migrate.compute.source import periodic_audit
from tests.nova import base
from tests.nova import ours


class PeriodicAuditTest(ours.OursTest):
    OPTIONS = {'enabled': True, 'audit_interval': 3600}

    def setUp(self):
        self.useFixture(fixtures.MockPatchObject(periodic_audit, 'SHARE', 1.0))
        super().setUp()

    def audit(self, host='src'):
        self.flags(host=host)
        self.computes['src'].driver._components.audits.audit()
        path = os.path.join(
            base.CONF.state_path, 'selective-migrate', 'audit.json'
        )
        with open(path) as file:
            return json.load(file)

    def test_a_volume_is_known_by_nova_s_records(self):
        server = self.make_server()
        found = self.audit()
        [guest] = found['guests']
        self.assertEqual(server['id'], guest['uuid'])
        self.assertEqual([], guest['refusals'])
        self.assertEqual(base.LOCAL, guest['copied'])
        self.assertEqual(1, found['totals']['movable'])
        self.assertEqual(0, found['totals']['stock_differs'])
        self.assertEqual(base.LOCAL, guest['nova']['stock']['copied'])
        self.assertNotIn('auth_password', json.dumps(found))

    def test_a_server_of_another_host_is_not_planned(self):
        self.make_server()
        (guest,) = self.audit('dest')['guests']
        self.assertIn('nova has no server of this UUID', guest['problem'])

    def test_it_ends_with_the_service(self):
        audits = self.computes['src'].driver._components.audits
        self.computes['src'].driver.cleanup_host('src')
        self.assertTrue(audits._ended.is_set())


class NoAuditTest(ours.OursTest):
    def test_none_by_default(self):
        self.assertIsNone(self.computes['src'].driver._components.audits)


if __name__ == '__main__':
    unittest.main()
