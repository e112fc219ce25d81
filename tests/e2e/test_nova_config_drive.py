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

"""Config drives and other media arrive byte for byte."""

from tests.e2e import nova_base

NAME = 'disk.config'
VFAT = {'DEFAULT': {'config_drive_format': 'vfat'}}
RAW = {'libvirt': {'images_type': 'raw'}}
_MIB = 2**20


class _Media(nova_base.NovaTestCase):
    def arrival(self, name, mirrored, block_migration=None, **description):
        """Move a server; return a file of its as it was and as it is."""
        server = self.server(**description)
        before = self.content(server, self.a, name)
        self.assertTrue(any(before))
        moved = self.migrate(server, block_migration=block_migration)
        self.assert_moved(server, moved, mirrored=mirrored)
        return before, self.content(server, self.b, name)

    def assert_zeroes(self, before: bytes, after: bytes) -> None:
        """Check that all content is gone, and only the size is left."""
        self.assertEqual(len(before), len(after))
        self.assertFalse(any(after))


class StockTestCase(_Media):
    """Nova's own driver reports success over files of zeroes."""

    def setUp(self) -> None:
        super().setUp()
        self.stock()

    def test_iso9660(self) -> None:
        """The default kind of config drive."""
        self.assert_zeroes(*self.arrival(NAME, ['vda'], config_drive=True))

    def test_booted_from_volume(self) -> None:
        """A volume, and a config drive as the only local disk."""
        volume = self.cloud.volumes.block()
        self.assert_zeroes(
            *self.arrival(NAME, [], volume=volume, config_drive=True)
        )

    def test_booted_from_volume_without_block_migration(self) -> None:
        """It refuses for the config drive, which it would not copy."""
        volume = self.cloud.volumes.block()
        server = self.server(volume=volume, config_drive=True)
        told = self.assert_refused(server, block_migration=False)
        self.assertIn('shared storage', told)


class PluginTestCase(_Media):
    """Our driver carries them."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin()

    def test_iso9660(self) -> None:
        """The default kind of config drive."""
        self.assertEqual(*self.arrival(NAME, ['vda'], config_drive=True))

    def test_booted_from_volume(self) -> None:
        """The only local disk, whatever the user says about copying."""
        for block_migration in (None, False):
            with self.subTest(block_migration=block_migration):
                self.assertEqual(
                    *self.arrival(
                        NAME,
                        [],
                        block_migration,
                        volume=self.cloud.volumes.block(),
                        config_drive=True,
                    )
                )


class VfatTestCase(_Media):
    """A vfat config drive is a disk that can be written to."""

    def assert_arrives(self) -> None:
        """Check that it is copied like any other disk."""
        before, after = self.arrival(NAME, ['vda', 'vdb'], config_drive=True)
        # Behind that the guest writes its records.
        self.assertEqual(before[:_MIB], after[:_MIB])

    def test_stock(self) -> None:
        """Nova's own driver copies it."""
        self.stock(**VFAT)
        self.assert_arrives()

    def test_plugin(self) -> None:
        """So does ours."""
        self.plugin(**VFAT)
        self.assert_arrives()


class InstallerTestCase(_Media):
    """A server booted from an ISO image, of which it has a raw copy."""

    INSTALLER = {'image': 'iso', 'swap_mib': 16}

    def test_stock(self) -> None:
        """Nova's own driver leaves zeroes in the drive."""
        self.stock(**RAW)
        self.assert_zeroes(*self.arrival('disk', ['vda'], **self.INSTALLER))

    def test_plugin(self) -> None:
        """Ours carries the image."""
        self.plugin(**RAW)
        self.assertEqual(*self.arrival('disk', ['vda'], **self.INSTALLER))
