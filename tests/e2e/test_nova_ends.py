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

"""A migration that does not succeed ends as nova's records say."""

from lab.guests import written_records
from lab.processes import waiting
from tests.e2e import nova_base

# Twenty seconds, were it to go on to its end.
LOOKS = 'before _live_migration_monitor'
SLOW = {'libvirt': {'live_migration_bandwidth': 1}}
MUCH = {'root_mib': 40, 'workload': written_records.Workload(cold_mib=24)}


class _Ends(nova_base.NovaTestCase):
    def slow(self):
        """Start a server with a disk that takes long to copy."""
        volume = self.cloud.volumes.block(40)
        return self.server(**MUCH, volumes=(volume,))

    def abort(self):
        """Abort in the middle of the copy."""
        server = self.slow()
        with self.moving(server) as ended:
            self.await_copy(server)
            server.abort(self.a)
        return server, ended[0]

    def lose(self, host):
        """Lose the emulator of one host in the middle of the copy."""
        server = self.slow()
        with self.moving(server) as ended:
            self.await_copy(server)
            self.kill_emulator(host)
        return server, ended[0]


class StockTestCase(_Ends):
    """Nova's own driver."""

    def setUp(self) -> None:
        super().setUp()
        self.stock(**SLOW)

    def assert_error(self, server, *statuses: str) -> None:
        """Check for an error over a server that runs as it did."""
        state = 'active'
        if nova_base.ENDS_IN_ERROR:
            state, statuses = 'error', ('error',)
        self.assertEqual((state, None, 'a'), server.state)
        self.assertIn(server.migrations[-1]['status'], statuses)
        self.assertEqual('running', server.power(self.a))
        self.assert_nothing_at(server, self.b)

    def test_abort(self) -> None:
        """A server that its user did not want to move is in ERROR.

        Before 32.2 it is ACTIVE. The record is as nova happens to look
        before libvirt has forgotten the job, or after.
        """
        server, _ = self.abort()
        self.assert_error(server, 'cancelled', 'failed')

    def test_destination_lost(self) -> None:
        """So is one that could not move."""
        server, _ = self.lose(self.b)
        self.assert_error(server, 'failed')

    def test_source_lost(self) -> None:
        """Its disks are deleted: what died has moved, it thinks.

        Where nova happens to look while libvirt notices the death, libvirt
        answers with an error, and nova lets the disks be.
        """
        compute = self.cloud.compute(self.a)
        server = self.slow()
        compute.command('close', place=LOOKS)
        with self.moving(server) as ended:
            self.assertTrue(compute.command('await_arrival', place=LOOKS))
            self.await_copy(server)
            self.kill_emulator(self.a)
            waiting.until(
                lambda: server.power(self.a) != 'running', 'the death'
            )
            compute.command('open', place=LOOKS)
        self.assertEqual('error', ended[0].status)
        self.assertEqual(('error', None, 'b'), server.state)
        for host in self.lab.hosts:
            self.assertEqual('', server.power(host))
        self.assertEqual({}, server.files(self.a))


class PluginTestCase(_Ends):
    """Our driver."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin(**SLOW)

    def test_abort(self) -> None:
        """The server is as it was, the migration cancelled."""
        server, _ = self.abort()
        self.assert_stays(server, status='cancelled')
        self.assert_intact(server, self.a)

    def test_destination_lost(self) -> None:
        """The server is as it was, the migration failed."""
        server, _ = self.lose(self.b)
        self.assert_stays(server, status='failed')
        self.assert_intact(server, self.a)

    def test_source_lost(self) -> None:
        """Nothing is deleted."""
        server, ended = self.lose(self.a)
        self.assertIn(ended.status, ('failed', 'error'))
        self.assertEqual('a', server.record['host'])
        self.assertIn('disk', server.files(self.a))
        self.assertTrue(server.faults)
