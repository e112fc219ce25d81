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

"""What an audit reads of nova's records, over nova's own conductor."""

import subprocess
import sys
import tempfile
import threading
import unittest

import ddt
import fixtures
from nova import context
from nova import objects
from nova.conductor import manager
from nova.conductor import rpcapi

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import conductor_access
from nova_selective_migrate.compute.source import server_records
from nova_selective_migrate.core.case import nova_records
from tests.nova import ours

IN_CONDUCTOR = threading.local()


class NotInConductor(conductor_access.ReadOnlyConductor):
    """Of no effect in the conductor, which is in the process of a test."""

    def __bool__(self):
        return not getattr(IN_CONDUCTOR, 'is_so', False)


class ConductorAccessTest(ours.OursTest):
    OPTIONS = {'enabled': True, 'shared_paths': ['/nfs']}

    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MockPatchObject(
                conductor_access, 'ReadOnlyConductor', NotInConductor
            )
        )
        answer = manager.ConductorManager.object_class_action_versions

        def answered(*args, **kwargs):
            IN_CONDUCTOR.is_so = True
            try:
                return answer(*args, **kwargs)
            finally:
                IN_CONDUCTOR.is_so = False

        self.useFixture(
            fixtures.MockPatchObject(
                manager.ConductorManager,
                'object_class_action_versions',
                answered,
            )
        )
        #: What was asked of the conductor by messages.
        self.asked = []
        real = rpcapi.ConductorAPI.object_class_action_versions

        def ask(api, context, objname, objmethod, *args, **kwargs):
            self.asked.append((objname, objmethod))
            return real(api, context, objname, objmethod, *args, **kwargs)

        self.useFixture(
            fixtures.MockPatchObject(
                rpcapi.ConductorAPI, 'object_class_action_versions', ask
            )
        )

    def read(self, host='src'):
        self.flags(host=host)
        return conductor_access.read()

    def test_a_server_and_its_volume(self):
        server = self.make_server()
        found = self.read()
        self.assertEqual(('src', 'enforce'), (found.host, found.mode))
        self.assertEqual(('/nfs',), found.options.policy.shared_paths)
        self.assertTrue(found.options.images_by_nova)
        known = found.find(server['id'])
        self.assertEqual(
            ('active', None, server['name'], 'qcow2', False),
            (
                known.vm_state,
                known.task_state,
                known.name,
                known.images_type,
                known.volume_backed,
            ),
        )
        (row,) = known.block_device_info['block_device_mapping']
        self.assertEqual('/dev/vdd', row['mount_device'])
        self.assertEqual('iscsi', row['connection_info']['driver_volume_type'])
        text = nova_records.dumps(found)
        self.assertNotIn('auth_password', text)
        self.assertEqual(found, nova_records.loads(text))
        self.assertEqual(known, server_records.find(server['id']))

    def test_it_asks_the_conductor_for_reading_alone(self):
        self.make_server()
        self.asked.clear()
        self.read()
        self.assertEqual(
            [
                ('InstanceList', 'get_by_host'),
                ('BlockDeviceMappingList', 'get_by_instance_uuids'),
            ],
            self.asked,
        )

    def test_nothing_else_is_passed_on(self):
        server = self.make_server()
        found = context.get_admin_context()
        with context.target_cell(found, self.cell_mappings['cell1']) as cell:
            instance = objects.Instance.get_by_uuid(cell, server['id'])
        self.asked.clear()
        with conductor_access.conductor():
            instance.display_name = 'changed'
            with self.assertRaisesRegex(
                exceptions.SelectiveMigrateError, 'Instance.save is not asked'
            ):
                instance.save()
            with self.assertRaisesRegex(
                exceptions.SelectiveMigrateError,
                'Instance.get_by_uuid is not asked',
            ):
                objects.Instance.get_by_uuid(found, server['id'])
        self.assertEqual([], self.asked)

    def test_a_server_that_boots_from_its_volume(self):
        server = self.make_volume_backed(config_drive=False)
        self.assertTrue(self.read().find(server['id']).volume_backed)

    def test_a_host_without_servers_is_known(self):
        found = self.read('dest')
        self.assertEqual(('dest', ()), (found.host, found.servers))
        self.assertIn(('Service', 'get_by_host_and_binary'), self.asked)

    def test_a_host_that_nova_does_not_know(self):
        with self.assertRaisesRegex(
            exceptions.InvalidInput, "no nova-compute on a host 'wrong'"
        ):
            self.read('wrong')

    def test_where_it_is_not_enabled(self):
        self.flags(enabled=False, group='selective_migrate')
        self.assertEqual('disabled', self.read().mode)


CONFIGURE = """
import sys
from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import conductor_access
try:
    print(conductor_access.configure(sys.argv[1:]))
except exceptions.InvalidInput as err:
    print(err)
"""


@ddt.ddt
class ConfigureTest(unittest.TestCase):
    """nova.conf, read by a process of its own as an audit does it."""

    def configure(self, text):
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write(text)
            file.flush()
            done = subprocess.run(
                [sys.executable, '-c', CONFIGURE, file.name],
                capture_output=True,
                text=True,
                check=True,
            )
        return done.stdout.strip()

    def test_the_message_bus(self):
        url = 'rabbit://nova:hunter2@mq1:5671,nova:hunter2@mq2/'
        self.assertEqual(
            'mq1:5671, mq2:5672',
            self.configure(f'[DEFAULT]\ntransport_url = {url}\n'),
        )

    @ddt.data(
        ('[DEFAULT]\nhost = src\n', 'no [DEFAULT] transport_url'),
        ('[DEFAULT]\ntransport_url = mq\n', 'cannot be read'),
        ('[DEFAULT\n', 'cannot be read'),
    )
    @ddt.unpack
    def test_what_cannot_be_used(self, text, words):
        self.assertIn(words, self.configure(text))


if __name__ == '__main__':
    unittest.main()
