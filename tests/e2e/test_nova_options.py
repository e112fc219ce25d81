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

"""Options of nova's that say one thing for all disks."""

from tests.e2e import nova_base

TUNNELLED = {'libvirt': {'live_migration_tunnelled': 'true'}}
RAW = {'libvirt': {'images_type': 'raw'}}


class ImagesTypeTestCase(nova_base.NovaTestCase):
    """The destination has been changed to images_type=raw."""

    def test_stock(self) -> None:
        """A raw image is made for a qcow2 disk, and that is found out late."""
        self.stock(there=RAW)
        moved = self.migrate(self.server())
        self.assertNotEqual('completed', moved.status)

    def test_plugin(self) -> None:
        """The image that is made has the disk's own format."""
        self.plugin(there=RAW)
        server = self.server(ephemeral='')
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda', 'vdb'])
        self.assertEqual('qcow2', server.disks(self.b)['vda'][0])
        self.assert_intact(server, self.b)


class TunnelledTestCase(nova_base.NovaTestCase):
    """libvirt copies no disk through a tunnel."""

    def test_stock(self) -> None:
        """It prepares the destination, and then libvirt refuses."""
        self.stock(**TUNNELLED)
        moved = self.migrate(self.server())
        status = 'error' if nova_base.ENDS_IN_ERROR else 'failed'
        self.assertEqual(status, moved.status)

    def test_plugin(self) -> None:
        """It is refused before anything is touched."""
        self.plugin(**TUNNELLED)
        self.assert_refused(self.server(), 'tunnelled')
