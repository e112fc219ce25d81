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

"""Where the destination listens while nova migrates a server."""

from lab.guests import written_records
from lab.hosts import listeners
from tests.e2e import nova_base

SLOW = {'live_migration_bandwidth': 2}
MUCH = {'root_mib': 56, 'workload': written_records.Workload(cold_mib=40)}


class ListenersTestCase(nova_base.NovaTestCase):
    """The lab's hosts have live_migration_inbound_addr, each its own."""

    def listening(self) -> list[str]:
        """Return the addresses that are listened on; then abort."""
        server = self.server(**MUCH)
        with self.moving(server):
            self.await_copy(server)
            found = listeners.of_emulators(self.b)
            server.abort(self.a)
        return found

    def test_stock(self) -> None:
        """Nova names an address to connect to, and none to listen on."""
        self.stock(libvirt=SLOW)
        self.assertEqual(['*'] * 2, self.listening())

    def test_plugin(self) -> None:
        """It is listened on for memory and for disks."""
        self.plugin(libvirt=SLOW)
        self.assertEqual([self.b.address] * 2, self.listening())

    def test_plugin_on_the_source_alone(self) -> None:
        """The destination need not have it."""
        self.plugin_and_stock()
        server = self.server()
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda'])
        self.assertIn(
            f"'listen_address': '{self.b.address}'",
            self.cloud.compute(self.a).log,
        )

    def test_a_name(self) -> None:
        """Where the host's own name is the address it is a number there."""
        named = {**SLOW, 'live_migration_inbound_addr': 'b'}
        self.plugin(libvirt=SLOW, there={'libvirt': named})
        self.assertEqual([self.b.address] * 2, self.listening())
