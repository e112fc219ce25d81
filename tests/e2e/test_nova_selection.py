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

"""Records and domain disagree about volumes: decided or refused."""

from tests.e2e import nova_base

MARK = b'\xbb' * 4096


class _Selection(nova_base.NovaTestCase):
    def with_volume(self, columns=None, **description):
        """Start a server with a volume, and change the volume's row."""
        self.volume = self.cloud.volumes.block()
        server = self.server(volumes=(self.volume,), **description)
        if columns:
            server.change_mapping(self.row_of(server), **columns)
        return server

    def row_of(self, server):
        """Return the row of a server's volume."""
        (row,) = (row for row in server.mappings if row['volume_id'])
        return row['id']

    def without_row(self):
        """Start a server whose volume nova knows nothing of.

        At host b another disk has the name of the volume's device.
        """
        server = self.with_volume()
        server.delete_mapping(self.row_of(server))
        file = self.cloud.volumes.impostor(self.volume, self.b, MARK)
        return server, file

    def without_disk(self, **columns):
        """Start a server with a row for a volume that it has not got."""
        server = self.with_volume(columns, hotplug=True)
        server.unplug(self.a, 'vdb')
        return server

    def dangling(self):
        """Start a server with a row that says nothing of its volume."""
        return self.without_disk(
            connection_info=None, device_name=None, attachment_id=None
        )


class StockTestCase(_Selection):
    """Nova's own driver goes by device names alone."""

    def setUp(self) -> None:
        super().setUp()
        self.stock()

    def assert_error(self, server) -> None:
        """Check for an error that tells its user no reason."""
        state, migration = 'active', 'failed'
        if nova_base.ENDS_IN_ERROR:
            state = migration = 'error'
        self.assertEqual((state, None, 'a'), server.state)
        self.assertEqual(migration, server.migrations[-1]['status'])
        self.assertEqual([], server.faults)
        self.assertEqual('running', server.power(self.a))

    def test_volume_without_row(self) -> None:
        """It is copied over what has its device's name elsewhere."""
        server, file = self.without_row()
        moved = self.migrate(server)
        self.assertEqual('completed', moved.status)
        self.assertEqual(['vda', 'vdb'], moved.mirrored)
        self.assertNotEqual(MARK, file.read_bytes()[: len(MARK)])

    def test_row_without_name(self) -> None:
        """It fails, and tells its user no reason."""
        server = self.with_volume({'device_name': None})
        self.assertEqual('failed', self.migrate(server).status)
        self.assertEqual([], server.faults)

    def test_stale_name(self) -> None:
        """It tries to copy the volume, which QEMU's lock prevents here."""
        server = self.with_volume({'device_name': '/dev/vdq'})
        self.migrate(server)
        self.assert_error(server)

    def test_swapped_names(self) -> None:
        """It tries to copy the volume, and not the disk of that name."""
        server = self.with_volume({'device_name': '/dev/vdb'}, swap_mib=16)
        self.migrate(server)
        self.assert_error(server)

    def test_dangling_row(self) -> None:
        """It stumbles while it prepares the destination."""
        server = self.dangling()
        self.assertEqual('failed', self.migrate(server).status)
        told = '\n'.join(server.faults)
        self.assertIn("'NoneType' object has no attribute", told)
        self.assertNotIn(self.volume.id, server.faults[-1].split('\n')[0])


class PluginTestCase(_Selection):
    """Our driver joins volume, source and name, or refuses."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin()

    def test_volume_without_row(self) -> None:
        """It is refused before anything is touched."""
        server, file = self.without_row()
        self.assert_refused(server, 'vdb: volume-not-in-mapping')
        self.assertEqual(MARK, file.read_bytes()[: len(MARK)])

    def assert_kept(self, server, mirrored) -> None:
        """Check that the volume is kept by its id, and the rest copied."""
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=mirrored)
        self.assert_intact(server, self.b)

    def test_row_without_name(self) -> None:
        """The row's volume id and connection name the disk."""
        server = self.with_volume({'device_name': None})
        self.assert_kept(server, ['vda'])

    def test_stale_name(self) -> None:
        """A name that no disk has contradicts nothing."""
        server = self.with_volume({'device_name': '/dev/vdq'})
        self.assert_kept(server, ['vda'])

    def test_swapped_names(self) -> None:
        """A name that another disk has contradicts the volume id."""
        server = self.with_volume({'device_name': '/dev/vdb'}, swap_mib=16)
        self.assert_refused(
            server,
            'vdb: attachment-conflict',
            'vdc: attachment-conflict',
            self.volume.id,
        )

    def test_row_without_disk(self) -> None:
        """The row's volume is not in the domain."""
        self.assert_refused(
            self.without_disk(), 'volume-without-disk', self.volume.id
        )

    def test_dangling_row(self) -> None:
        """The row says nothing but the volume's id."""
        self.assert_refused(
            self.dangling(), 'volume-without-disk', self.volume.id
        )
