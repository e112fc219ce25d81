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

"""What changes after the pre-check is not copied on a guess."""

from tests.e2e import nova_base

PLACES = ('before live_migration', 'after pre_live_migration')


class _Change(nova_base.NovaTestCase):
    def change_at(self, place):
        """Plug a disk into a server while its migration waits."""
        server = self.server(hotplug=True)
        volume = self.cloud.volumes.block()
        self.cloud.volumes.impostor(volume, self.b, b'\xbb' * 4096)
        return server, self.meddle(
            server, place, lambda: server.plug(self.a, volume.path, 'vdb')
        )


class StockTestCase(_Change):
    """Nova's own driver copies what it finds."""

    def test_new_disk(self) -> None:
        """It asks nobody whose disk that is."""
        self.stock()
        for place in PLACES:
            with self.subTest(place):
                _, moved = self.change_at(place)
                self.assertEqual('completed', moved.status)
                self.assertEqual(['vda', 'vdb'], moved.mirrored)


class PluginTestCase(_Change):
    """Our driver runs the plan that was made, or none."""

    def test_new_disk(self) -> None:
        """It stops, and rolls back if the destination is prepared."""
        self.plugin()
        for place in PLACES:
            with self.subTest(place):
                server, moved = self.change_at(place)
                self.assertEqual([], moved.mirrored)
                self.assertIn(moved.status, ('failed', 'error'))
                self.assert_stays(server, status=moved.status)
