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
"""A destination that is another since the check is not taken at its word."""

from tests.e2e import nova_base
from tests.e2e import nova_computes

PREPARING = 'before pre_live_migration'


class PluginTestCase(nova_base.NovaTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.plugin()

    def disable_at_the_destination(self) -> None:
        """Start the nova-compute of host b again, without the plugin."""
        compute = self.cloud.compute(self.b)
        self.addCleanup(nova_computes.forget_running)
        written = compute.directory / f'{self.b.name}.conf'
        text = written.read_text()
        self.assertIn('enabled = true', text)
        written.write_text(text.replace('enabled = true', 'enabled = false'))
        compute.kill()
        compute.restart()

    def test_a_config_drive_is_not_lost(self) -> None:
        """The server stays, where the migration reported success."""
        server = self.server(config_drive=True)
        before = self.content(server, self.a, 'disk.config')
        moved = self.meddle(server, PREPARING, self.disable_at_the_destination)
        self.assertEqual([], moved.mirrored)
        self.assertEqual('failed', moved.status)
        # Before 30.1 nova's own driver copies it by ssh, and has no keys here.
        copied = nova_computes.version() < (30, 1)
        cause = 'ProcessExecutionError' if copied else 'does not acknowledge'
        self.assert_stays(server, cause, status='failed')
        self.assertEqual(before, self.content(server, self.a, 'disk.config'))

    def test_volumes_alone_move_all_the_same(self) -> None:
        """nova alone prepares for those as we do."""
        server = self.server(volume=self.cloud.volumes.block())
        moved = self.meddle(server, PREPARING, self.disable_at_the_destination)
        self.assert_moved(server, moved, mirrored=[])
        self.assert_intact(server, self.b)
