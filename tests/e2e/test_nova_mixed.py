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

"""Servers with local disks and volumes: exactly the local disks move."""

from tests.e2e import nova_base

LOCAL = ['vda', 'vdb', 'vdc']


class _Mixed(nova_base.NovaTestCase):
    def mixed(self):
        """Start a server with all kinds of ordinary disks."""
        volumes = (self.cloud.volumes.block(), self.cloud.volumes.nfs())
        return self.server(ephemeral='', swap_mib=16, volumes=volumes)


class StockTestCase(_Mixed):
    """Nova's own driver decides by names, which fit here."""

    def setUp(self) -> None:
        super().setUp()
        self.stock()

    def test_auto(self) -> None:
        """It copies the local disks."""
        server = self.mixed()
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=LOCAL)
        self.assert_intact(server, self.b)

    def test_without_block_migration(self) -> None:
        """It refuses, but says nothing about disks."""
        server = self.server(ephemeral='')
        told = self.assert_refused(server, block_migration=False)
        self.assertIn('shared storage', told)
        self.assertNotIn('vda', told)


class PluginTestCase(_Mixed):
    """Our driver proves each disk's place."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin()

    def test_there_and_back(self) -> None:
        """By itself on the way there, with --block-migration back."""
        server = self.mixed()
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=LOCAL)
        moved = self.migrate(server, source=self.b, block_migration=True)
        self.assert_moved(server, moved, host=self.a, mirrored=LOCAL)
        self.assert_intact(server, self.a)

    def test_without_block_migration(self) -> None:
        """It names the disks that would have to be copied."""
        server = self.server(ephemeral='')
        self.assert_refused(
            server,
            'vda: block-migration-forbidden',
            'vdb: block-migration-forbidden',
            block_migration=False,
        )


class VolumesOnlyTestCase(nova_base.NovaTestCase):
    """A server that is all volumes moves without a copy."""

    def booted_from_volume(self):
        """Start a server without any local disk."""
        return self.server(volume=self.cloud.volumes.block())

    def test_stock_with_block_migration(self) -> None:
        """Nova's own driver refuses --block-migration as a whole."""
        self.stock()
        server = self.booted_from_volume()
        told = self.assert_refused(server, block_migration=True)
        self.assertIn('shared storage', told)

    def test_plugin(self) -> None:
        """Ours copies nothing, with --block-migration and without."""
        self.plugin()
        server = self.booted_from_volume()
        for source, destination, wanted in (
            (self.a, self.b, None),
            (self.b, self.a, True),
        ):
            moved = self.migrate(server, source=source, block_migration=wanted)
            self.assert_moved(server, moved, host=destination, mirrored=[])
        self.assert_intact(server, self.a)
