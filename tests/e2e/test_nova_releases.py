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

"""A fleet in the midst of an upgrade: hosts with two releases of nova."""

from tests.e2e import nova_base


class ReleasesTestCase(nova_base.NovaTestCase):
    """A server moves to the newer nova and back to the older one."""

    def there_and_back(self, *releases: str) -> None:
        self.releases(*releases)
        server = self.server(
            ephemeral='',
            config_drive=True,
            volumes=(self.cloud.volumes.block(),),
        )
        drive = self.content(server, self.a, 'disk.config')
        for source, destination in ((self.a, self.b), (self.b, self.a)):
            moved = self.migrate(server, source=source)
            self.assert_moved(
                server, moved, host=destination, mirrored=['vda', 'vdb']
            )
            self.assertEqual(
                drive, self.content(server, destination, 'disk.config')
            )
        self.assert_intact(server, self.a)

    def test_29_and_31(self) -> None:
        """From one release that is upgraded to the next, each way."""
        self.there_and_back('29.4.0', '31.3.1', '6.3')

    def test_31_and_34(self) -> None:
        """Across more releases than nova itself takes into one fleet."""
        self.there_and_back('31.3.1', '34.0.0', '6.4')
