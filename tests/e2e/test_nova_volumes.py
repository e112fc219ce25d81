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

"""Volumes whose device has another name on the other host.

A swapped volume keeps the serial of the one before it. A LUN that is passed
through has none; its alias names the volume. Loop devices pass no SCSI
commands, so that an ordinary disk without a serial stands for the LUN.
"""

import json

from tests.e2e import nova_base

MARK = b'\xbb' * 4096


class _Volumes(nova_base.NovaTestCase):
    def dealt(self, **description):
        """Start a server with a volume that each host names by itself.

        At host b another device has the name that it has at host a.
        """
        self.volume = self.cloud.volumes.dealt()
        self.there = self.cloud.volumes.path_at(self.volume, self.b)
        server = self.server(volumes=(self.volume,), **description)
        self.impostor = self.cloud.volumes.impostor(self.volume, self.b, MARK)
        return server

    def swapped(self):
        """Give the volume another id, of which the guest knows nothing."""
        server = self.dealt()
        (row,) = (row for row in server.mappings if row['volume_id'])
        new = self.cloud.volumes.swapped(self.volume).id
        connection = json.loads(row['connection_info'])
        connection['serial'] = new
        server.change_mapping(
            row['id'], volume_id=new, connection_info=json.dumps(connection)
        )
        return server

    def aliased(self):
        """Take the serial from the volume's disk, as a LUN has none."""
        server = self.dealt(hotplug=True)
        server.unplug(self.a, 'vdb')
        server.plug(
            *(self.a, self.volume.path, 'vdb'), alias=f'ua-{self.volume.id}'
        )
        return server

    def opened(self, server):
        """Return the device that the guest has open at host b."""
        return server.disks(self.b)['vdb'][1]

    def assert_untouched(self) -> None:
        """Check that nobody wrote to what has the name of host a."""
        content = self.impostor.read_bytes()
        self.assertEqual({MARK[0]}, set(content))


class StockTestCase(_Volumes):
    """Nova's own driver sets a path by serial alone."""

    def test_swapped(self) -> None:
        """The guest opens, and writes to, what has the old name there."""
        self.stock()
        server = self.swapped()
        moved = self.migrate(server)
        self.assertEqual('completed', moved.status, server.faults)
        self.assertEqual(self.volume.path, self.opened(server))
        newest = self.acknowledged['vdb']
        server.wait_for_records(self.b, {'vdb': newest + nova_base.AFTER})
        self.assertNotEqual({MARK[0]}, set(self.impostor.read_bytes()))


class PluginTestCase(_Volumes):
    """Ours sets the path that the destination has connected."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin()

    def test_swapped(self) -> None:
        """By the source, which is that of the row."""
        server = self.swapped()
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda'])
        self.assertEqual(self.there, self.opened(server))
        self.assert_untouched()
        self.assert_intact(server, self.b)

    def test_aliased(self) -> None:
        """By the alias."""
        server = self.aliased()
        moved = self.migrate(server)
        self.assertEqual('completed', moved.status, server.faults)
        self.assertEqual(['vda'], moved.mirrored)
        self.assertEqual(self.there, self.opened(server))
        self.assert_untouched()
