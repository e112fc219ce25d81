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

"""A nova-compute that is killed in a live migration and started again."""

from lab.guests import monitor_log
from lab.guests import written_records
from lab.processes import waiting
from tests.e2e import nova_base

SLOW = {'libvirt': {'live_migration_bandwidth': 4}}
MUCH = {'root_mib': 40, 'workload': written_records.Workload(cold_mib=24)}
MOVING = 'before _live_migration_monitor'
PREPARING = 'after _create_images_and_backing'
ROLLING_BACK = 'before rollback_live_migration_at_destination'
POST = 'before post_live_migration_at_destination'


class _Restarts(nova_base.NovaTestCase):
    def slow(self):
        """Start a server with disks that take a while to copy."""
        return self.server(**MUCH, volumes=(self.cloud.volumes.block(40),))

    def start(self, server):
        """Ask for its migration."""
        self._mark = monitor_log.mark(self.a)
        self.assertTrue(server.migrate(self.a, self.b), server.faults)

    def compute(self, host):
        """Return the nova-compute of a host, which is to run afterwards."""
        compute = self.cloud.compute(host)

        def revive():
            if not compute.process.alive:
                compute.restart()

        self.addCleanup(revive)
        self.addCleanup(setattr, compute, 'settle_seconds', None)
        return compute

    def copying(self):
        """Return a server whose disks are being copied."""
        server = self.slow()
        self.start(server)
        self.await_copy(server)
        return server

    def killed_in_the_copy(self):
        """Kill and start the source's while libvirt copies."""
        compute = self.compute(self.a)
        server = self.copying()
        compute.kill()
        self.assertEqual('running', server.power(self.a))
        compute.restart()
        return server

    def killed_after_the_move(self, meanwhile=lambda _: None):
        """Let the guest move while nova looks away; kill and start it."""
        compute = self.compute(self.a)
        server = self.server(volumes=(self.cloud.volumes.block(),))
        compute.command('close', place=MOVING)
        self.start(server)
        self.assertTrue(compute.command('await_arrival', place=MOVING))

        def there():
            moved = server.power(self.b) == 'running'
            return moved and server.power(self.a) == ''

        waiting.until(there, f'{server.id} on b')
        meanwhile(server)
        compute.kill()
        compute.restart()
        return server

    def killed_preparing(self):
        """Kill the destination's while it makes images; the source goes on."""
        compute = self.compute(self.b)
        server = self.slow()
        compute.command('close', place=PREPARING)
        self.start(server)
        self.assertTrue(compute.command('await_arrival', place=PREPARING))
        compute.kill()
        server.await_end(self.a)
        self.assertIn('disk', server.files(self.b))
        compute.restart()
        return server

    def killed_before_its_rollback(self):
        """Kill the destination's when it is about to clean up."""
        source, compute = self.compute(self.a), self.compute(self.b)
        server = self.copying()
        source.command('close', place=ROLLING_BACK)
        server.abort(self.a)
        self.assertTrue(source.command('await_arrival', place=ROLLING_BACK))
        compute.kill()
        source.command('open', place=ROLLING_BACK)
        server.await_end(self.a)
        self.assertIn('disk', server.files(self.b))
        return server, compute

    def await_nothing_at(self, server, host):
        """Wait until a host has removed what it had of a server."""
        directory = server.directory(host)
        waiting.until(lambda: not directory.exists(), f'{directory} to go')
        self.assert_nothing_at(server, host)

    def assert_on_b(self, server):
        """Check that it has moved in every record, and nothing is left."""
        self.assertEqual(('active', None, 'b'), server.state, server.faults)
        self.assertEqual('completed', server.migrations[-1]['status'])
        self.assertEqual('running', server.power(self.b))
        self.assert_nothing_at_source(server)
        self.assert_attached(server, self.b)
        newest = server.acknowledged(self.b)
        server.wait_for_records(
            self.b,
            {
                disk: newest.get(disk, 0) + nova_base.AFTER
                for disk in self.writable(server, self.b)
            },
        )
        self.assert_intact(server, self.b)

    def assert_nothing_at_source(self, server):
        """Check that the source has no domain and no file of it."""
        self.assertEqual('', server.power(self.a))
        self.assertEqual({}, server.files(self.a))

    def assert_journals_empty(self):
        """Check that nothing is noted for the next start."""
        for host in self.lab.hosts:
            journal = host.path('/var/lib/libvirt/nova/selective-migrate')
            self.assertEqual([], list(journal.glob('*/*')))


class StockTestCase(_Restarts):
    """Nova's own driver."""

    def setUp(self) -> None:
        super().setUp()
        self.stock(**SLOW)

    def test_source_in_the_copy(self) -> None:
        """The destination keeps the copy, and the volume as attached."""
        server = self.killed_in_the_copy()
        self.assertEqual(('active', None, 'a'), server.state)
        self.assertEqual('error', server.migrations[-1]['status'])
        self.assertEqual([], server.faults)
        self.assertIn('disk', server.files(self.b))
        (hosts,) = self.cloud.volumes.attachments(server.id).values()
        self.assertEqual({'a', 'b'}, set(hosts) | {'a'})
        self.assertIn('b', hosts)

    def test_source_after_the_move(self) -> None:
        """Nova has it at a, where it will be started from old disks."""
        self.stock()
        server = self.killed_after_the_move()
        self.assertEqual(('active', None, 'a'), server.state)
        self.assertEqual('running', server.power(self.b))
        self.assertIn('disk', server.files(self.a))

    def test_destination_preparing(self) -> None:
        """Nobody removes what it had made."""
        server = self.killed_preparing()
        self.assertIn('disk', server.files(self.b))


class PluginTestCase(_Restarts):
    """Our driver."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin(**SLOW)

    def test_source_in_the_copy(self) -> None:
        """The server is as it was, the migration failed."""
        server = self.killed_in_the_copy()
        self.await_nothing_at(server, self.b)
        self.assert_stays(server, 'in the middle of it', status='failed')
        self.assert_journals_empty()
        self.assert_intact(server, self.a)

    def test_source_after_the_move(self) -> None:
        """The server has moved, in every record."""
        self.plugin()
        server = self.killed_after_the_move()
        self.assertEqual([], server.faults)
        self.assert_on_b(server)
        self.assert_journals_empty()

    def test_source_in_the_midst_of_its_work_after_the_move(self) -> None:
        """What nova did already may be done again."""
        self.plugin()
        compute = self.compute(self.a)
        server = self.server(volumes=(self.cloud.volumes.block(),))
        compute.command('close', place=POST)
        self.start(server)
        self.assertTrue(compute.command('await_arrival', place=POST))
        compute.kill()
        compute.restart()
        self.assert_on_b(server)
        self.assert_journals_empty()

    def test_guest_lost_after_the_move(self) -> None:
        """Nobody knows: nothing is touched, and nova does not start it."""
        self.plugin()
        self.compute(self.a).settle_seconds = 5
        server = self.killed_after_the_move(
            lambda moved: (
                moved.stop(self.b),
                self.b.virsh('undefine', moved.name),
            )
        )
        self.assertEqual(('error', None, 'a'), server.state)
        self.assertEqual('error', server.migrations[-1]['status'])
        self.assertIn('look at both hosts', server.faults[-1])
        for host in self.lab.hosts:
            self.assertEqual('', server.power(host))
            self.assertIn('disk', server.files(host))

    def test_destination_preparing(self) -> None:
        """It removes what it had made when it starts."""
        server = self.killed_preparing()
        self.assert_nothing_at(server, self.b)
        self.assertIn('Removed what a live', self.cloud.compute(self.b).log)
        self.assert_attached(server, self.a)
        self.assertEqual('running', server.power(self.a))
        self.assert_journals_empty()

    def test_destination_before_its_rollback(self) -> None:
        """Likewise."""
        server, compute = self.killed_before_its_rollback()
        compute.restart()
        self.assert_stays(server, status='cancelled')
        self.assert_journals_empty()

    def test_what_somebody_put_there_meanwhile(self) -> None:
        """It is named, and all is left."""
        server, compute = self.killed_before_its_rollback()
        (server.directory(self.b) / 'notes').write_text('do not lose')
        compute.restart()
        self.assertIn('was not made for it: notes', compute.log)
        self.assertIn('notes', server.files(self.b))
        self.assertIn('disk', server.files(self.b))
