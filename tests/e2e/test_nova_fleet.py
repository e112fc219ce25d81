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

"""Our driver at the source, nova's own at the destination."""

from tests.e2e import nova_base


class MixedFleetTestCase(nova_base.NovaTestCase):
    """What needs nothing of the destination works."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin_and_stock()

    def test_plain_disks(self) -> None:
        """Disks that QEMU copies alone."""
        server = self.server(volumes=(self.cloud.volumes.block(),))
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda'])
        self.assert_intact(server, self.b)

    def test_config_drive(self) -> None:
        """One that could not be received is refused."""
        server = self.server(config_drive=True)
        self.assert_refused(server, 'media-not-carried', 'disk.config')
