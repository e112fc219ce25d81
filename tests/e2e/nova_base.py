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

"""What every test of the driver needs: migrations and proofs.

Scenarios run with nova's own driver, to show what it does, and with ours.
"""

import collections.abc
import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import typing

from lab.guests import monitor_log
from lab.hosts import host_snapshot
from lab.hosts import lab_host
from lab.nova import nova_server
from lab.processes import waiting
from tests.e2e import nova_computes

BEFORE = nova_computes.BEFORE
# Records that every disk must get after the server has moved.
AFTER = 20
# Since 32.2 nova takes the end of a migration that it has rolled back for
# an error of its own.
ENDS_IN_ERROR = nova_computes.version() >= (32, 2)


@dataclasses.dataclass(frozen=True)
class Moved:
    """What became of a migration."""

    #: The row in `migrations`.
    migration: collections.abc.Mapping[str, typing.Any]
    #: The targets that QEMU was told to copy, in the order of the names.
    mirrored: list[str]
    #: How they were copied: 'full' or 'top'.
    sync: dict[str, str]

    @property
    def status(self) -> str:
        """Return the migration's status."""
        return self.migration['status']


class NovaTestCase(nova_computes.ComputesTestCase):
    """A test that migrates servers of nova's."""

    @contextlib.contextmanager
    def moving(
        self,
        server: nova_server.Server,
        *,
        source: lab_host.Host | None = None,
        block_migration: bool | None = None,
    ) -> collections.abc.Iterator[list[Moved]]:
        """Migrate while the body does something; then tell what became.

        The list gets its only element when the body is done.
        """
        source = source or self.a
        (destination,) = (h for h in self.lab.hosts if h is not source)
        self._mark = monitor_log.mark(source)
        name = server.name
        # The directory goes when the server has moved, not an open file.
        console = server.directory(source) / 'console.log'
        outcome: list[Moved] = []
        with console.open('rb') as said:
            started = server.migrate(source, destination, block_migration)
            yield outcome
            if started:
                server.await_end(source)
            row = server.migrations[-1]
            self.acknowledged = nova_server.acknowledged_in(
                said.read().decode('latin-1')
            )
        mirrors = monitor_log.mirrors(source, _Named(name), self._mark)
        outcome.append(
            Moved(
                row,
                sorted(mirror.target for mirror in mirrors),
                {mirror.target: mirror.sync for mirror in mirrors},
            )
        )

    def await_copy(self, server: nova_server.Server) -> None:
        """Wait until QEMU on host a copies all that it will."""

        name = _Named(server.name)

        def copies() -> bool:
            mirrors = monitor_log.mirrors(self.a, name, self._mark)
            return bool(mirrors)

        waiting.until(copies, f'the copy of {server.id}')

    def kill_emulator(self, host: lab_host.Host) -> None:
        """Kill the only emulator of a host."""
        (emulator,) = host_snapshot.snapshot(host, self.lab.home).emulators
        os.kill(emulator.pid, signal.SIGKILL)

    def meddle(
        self,
        server: nova_server.Server,
        place: str,
        action: collections.abc.Callable[[], object],
    ) -> Moved:
        """Migrate, and do something while a call waits at a place.

        :param place: 'before METHOD' or 'after METHOD', of nova's RPC
        """
        compute = self.cloud.compute(self.a)
        compute.command('close', place=place)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            moving = pool.submit(self.migrate, server)
            try:
                self.assertTrue(compute.command('await_arrival', place=place))
                action()
            finally:
                compute.command('open', place=place)
            return moving.result()

    def migrate(
        self,
        server: nova_server.Server,
        *,
        source: lab_host.Host | None = None,
        block_migration: bool | None = None,
    ) -> Moved:
        """Migrate and wait for the end, whatever that is."""
        with self.moving(
            server, source=source, block_migration=block_migration
        ) as outcome:
            pass
        return outcome[0]

    def assert_moved(
        self,
        server: nova_server.Server,
        moved: Moved,
        *,
        host: lab_host.Host | None = None,
        mirrored: list[str],
    ) -> None:
        """Check that a server runs there, and exactly its disks moved."""
        host = host or self.b
        (other,) = (h for h in self.lab.hosts if h is not host)
        self.assertEqual('completed', moved.status, server.faults)
        self.assertEqual(mirrored, moved.mirrored)
        self.assertEqual(('active', None, host.name), server.state)
        self.assertEqual('running', server.power(host))
        self.assertEqual('', server.power(other))
        self.assertEqual({}, server.files(other))
        self.assertNotIn('.selective-migrate', server.files(host))
        self.assert_attached(server, host)
        disks = self.writable(server, host)
        # The guest goes on, and its newest record is one that it had not
        # written where it came from.
        server.wait_for_records(
            host,
            {d: self.acknowledged.get(d, 0) + AFTER for d in disks},
        )

    def assert_intact(
        self, server: nova_server.Server, host: lab_host.Host
    ) -> None:
        """Stop the guest and check every record of every disk at a host."""
        disks = self.writable(server, host)
        server.stop(host)
        acknowledged = server.acknowledged(host)
        for target, report in server.verify(host, disks, acknowledged).items():
            self.assertEqual((), report.defects, target)
            self.assertGreaterEqual(report.newest, BEFORE, target)

    def assert_stays(
        self, server: nova_server.Server, *causes: str, status: str
    ) -> str:
        """Check that a server runs on host a as if nothing had been.

        Nothing is left of the try but the records that tell about it.

        :param causes: parts of the text that the user reads.
        :returns: that text.
        """
        self.assertEqual(('active', None, 'a'), server.state, server.faults)
        self.assertEqual(status, server.migrations[-1]['status'])
        self.assertEqual('running', server.power(self.a))
        self.assert_nothing_at(server, self.b)
        self.assert_attached(server, self.a)
        self.assertTrue(server.faults, 'no fault tells why')
        told = '\n'.join(server.faults)
        for cause in causes:
            self.assertIn(cause, told)
        newest = server.acknowledged(self.a)
        server.wait_for_records(
            self.a,
            {
                disk: newest.get(disk, 0) + AFTER
                for disk in self.writable(server, self.a)
            },
        )
        return told

    def assert_nothing_at(
        self, server: nova_server.Server, host: lab_host.Host
    ) -> None:
        """Check that a host has no domain, file or emulator of a server."""
        self.assertEqual('', server.power(host))
        self.assertEqual({}, server.files(host))
        self.assertFalse(server.directory(host).exists())
        state = host_snapshot.snapshot(host, self.lab.home)
        self.assertEqual((), state.emulators)

    def assert_attached(
        self, server: nova_server.Server, host: lab_host.Host
    ) -> None:
        """Check that Cinder knows the volumes as attached to a host only."""
        attached = self.cloud.volumes.attachments(server.id)
        for volume, hosts in attached.items():
            self.assertEqual([host.name], hosts, volume)

    def assert_refused(
        self,
        server: nova_server.Server,
        *causes: str,
        block_migration: bool | None = None,
    ) -> str:
        """Check that a migration is refused before anything is touched."""
        with self.unchanged():
            moved = self.migrate(server, block_migration=block_migration)
        self.assertEqual([], moved.mirrored)
        return self.assert_stays(server, *causes, status='error')


@dataclasses.dataclass(frozen=True)
class _Named:
    name: str
