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

"""A config drive that has come with the plan is not copied by ssh."""

from unittest import mock

from nova.virt.libvirt.volume import remotefs

from nova_selective_migrate.compute.destination import remote_filesystem
from tests.nova import destinations


class RemoteFilesystemTest(destinations.DestinationTest):
    def setUp(self):
        super().setUp()
        self.files = remote_filesystem.IncomingRemoteFilesystem(self.arrivals)
        self.stock = self.enterContext(
            mock.patch.object(remotefs.SshDriver, 'copy_file')
        )

    def copy(self):
        """Do what nova 29 does after it has made the images."""
        self.files.copy_file(f'source:{self.home}/disk.config', str(self.home))

    def test_what_is_there_is_not_copied(self):
        def stock():
            self.home.mkdir()
            (self.home / 'disk.config').write_bytes(b'came')
            self.copy()

        self.prepare(stock)
        self.stock.assert_not_called()

    def test_what_is_not_there_is_copied(self):
        def stock():
            self.home.mkdir()
            self.copy()

        self.prepare(stock)
        self.stock.assert_called_once()

    def test_outside_of_a_preparation_nova_copies(self):
        self.home.mkdir()
        (self.home / 'disk.config').write_bytes(b'old')
        self.copy()
        self.stock.assert_called_once()
