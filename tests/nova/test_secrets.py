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

"""No secret of a volume gets into what we log or what users read."""

import json
import logging

from nova import context
from nova import objects

from tests.nova import base
from tests.nova import ours
from tests.nova import test_refusal

SECRET = 'Sesame-3f1c'
# Every name that a driver of Cinder's puts a secret under, and one of
# tomorrow's.
NAMES = (
    *('auth_password', 'auth_username', 'discovery_auth_password'),
    *('secret_uuid', 'keyring', 'access_key', 'secret_key', 'token'),
    *('password', 'encryption_key', 'san_password', 'tomorrow'),
)


class SecretsTest(ours.OursTest):
    def setUp(self):
        super().setUp()
        self.logged: list[str] = []
        handler = logging.Handler()
        format_ = logging.Formatter('%(message)s')
        handler.emit = lambda r: self.logged.append(format_.format(r))
        logger = logging.getLogger('nova_selective_migrate')
        level = logger.level
        logger.setLevel(logging.DEBUG)
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        self.addCleanup(logger.setLevel, level)
        self.server = self.make_server()
        self.plant()

    def plant(self) -> None:
        """Put secrets into the row of the volume, wherever one may be."""
        with context.target_cell(
            context.get_admin_context(), self.cell_mappings['cell1']
        ) as cell:
            (row,) = [
                bdm
                for bdm in objects.BlockDeviceMappingList.get_by_instance_uuid(
                    cell, self.server['id']
                )
                if bdm.is_volume
            ]
            info = json.loads(row.connection_info)
            secrets = dict.fromkeys(NAMES, SECRET)
            info['data'] |= {**secrets, 'nested': [secrets]}
            info |= secrets
            row.connection_info = json.dumps(info)
            row.save()

    def assert_untold(self) -> None:
        told = [
            *self.logged,
            *(str(event) for event in self.events(self.server)),
            *(fault.details for fault in self.faults(self.server)),
            *(fault.message for fault in self.faults(self.server)),
        ]
        self.assertTrue(self.logged)
        for text in told:
            self.assertNotIn(SECRET, text)

    def test_a_migration(self):
        self.live_migrate(self.server)
        self.assertEqual('dest', self.outcome(self.server)['host'])
        self.assert_untold()

    def test_a_refusal(self):
        self.add_disks(self.server, test_refusal.STRANGE.format(target='vdx'))
        self.refuse(self.server)
        self.assertEqual('src', self.outcome(self.server)['host'])
        self.assert_untold()

    def test_a_volume_that_the_guest_has_not(self):
        domain = self.domain(self.server)
        domain.defined = domain.defined.replace(base.VOLUME, 'other')
        self.refuse(self.server)
        self.assert_untold()
