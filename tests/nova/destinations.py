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

"""A destination of live migrations, without nova's other services."""

import pathlib
import tempfile
import types
import unittest
from unittest import mock

from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import remote_libvirt
from nova_selective_migrate.compute.destination import incoming_images
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_recovery
from nova_selective_migrate.compute.destination import pre_live_migration
from nova_selective_migrate.compute.destination import rollback
from nova_selective_migrate.core.job import guest_presence

P = guest_presence.Presence
UUID = '3a0c4a5e-0000-4000-8000-000000000001'


class DestinationTest(unittest.TestCase):
    """Has directories on the disk, and a libvirt of mocks."""

    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        instances = pathlib.Path(folder, 'instances')
        instances.mkdir()
        self.home = instances / UUID
        self.journal = pathlib.Path(folder, 'arrivals')
        self.context = types.SimpleNamespace(request_id='req-1')
        self.instance = types.SimpleNamespace(
            uuid=UUID,
            image_ref='',
            trusted_certs=None,
            host='source',
            vm_state='active',
            save=mock.Mock(),
        )
        self.data = types.SimpleNamespace(
            is_shared_instance_path=False,
            is_shared_block_storage=False,
            instance_relative_path=UUID,
            filename='tmpx',
        )
        for module in (incoming_images, rollback, incoming_recovery):
            conf = self.enterContext(mock.patch.object(module, 'CONF'))
            conf.instances_path, conf.host = str(instances), 'here'
            conf.workarounds.ensure_libvirt_rbd_instance_dir_cleanup = False
        self.enterContext(
            mock.patch.object(
                pre_live_migration.libvirt_utils,
                'get_instance_path_at_destination',
                lambda *_: str(self.home),
            )
        )
        for module in (rollback, incoming_recovery):
            made = self.enterContext(
                mock.patch.object(module.connection, 'Connection')
            )
            made.return_value = self.host = mock.Mock()
        self.here(P.ABSENT)
        self.events = self.enterContext(
            mock.patch.object(fault_reports, 'record_event')
        )
        self.source_has(P.RUNNING)
        self.host.virt.listAllDomains.return_value = []
        self.driver = mock.Mock()
        self.rooms = mock.Mock()
        self.claims = incoming_journal.IncomingJournal(
            str(self.journal), str(instances)
        )
        self.arrivals = pre_live_migration.DestinationPreparation(
            self.driver, self.claims, self.rooms
        )

    def here(self, presence):
        """Say what this host has of the guest."""
        self.host.look.return_value = guest_presence.GuestSide(presence)

    def source_has(self, presence):
        """Say what the source has of the guest."""
        side = guest_presence.GuestSide(presence)
        self.enterContext(
            mock.patch.object(remote_libvirt, 'look', lambda *_: side)
        )

    def use(self, name='another', uuid='other'):
        """Have a domain that uses the directory."""
        domain = mock.Mock()
        domain.name.return_value = name
        domain.UUIDString.return_value = uuid
        domain.XMLDesc.return_value = f"<a b='{self.home}/disk'/>"
        self.host.virt.listAllDomains.return_value = [domain]
        self.host.virt.lookupByUUIDString.return_value = domain

    def claim(self):
        """Return what is in the journal."""
        return self.claims.entry(UUID)

    def prepare(self, stock=None, disk_info=None):
        """Prepare; nova's own part is to make the directory."""
        make = stock or self.home.mkdir

        def prepared(disk_info=None):
            make()
            return self.data

        return self.arrivals.prepare(
            prepared, self.context, self.instance, disk_info, self.data
        )
