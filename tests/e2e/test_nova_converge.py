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

"""Servers that write hard, and a destination that becomes full."""

import uuid

from lab.guests import monitor_log
from lab.guests import written_records
from lab.hosts import lab_host
from lab.nova import nova_settings
from lab.processes import waiting
from lab.storage import loop_devices
from tests.e2e import nova_base

# More than the mirror is let through, which is 2 MiB/s.
HARD = {
    'root_mib': 32,
    'workload': written_records.Workload(slots=4096, stride=17, interval_us=0),
}
MUCH = {'root_mib': 64, 'workload': written_records.Workload(cold_mib=40)}
IMPATIENT_SECONDS = 5


class ConvergeTestCase(nova_base.NovaTestCase):
    """The copy of a server that out-writes it begins again."""

    def converge(self, **images):
        """Start a server that writes hard, on hosts with little patience."""
        self.plugin(
            selective_migrate={
                'enabled': 'true',
                # Only since QEMU 8.0 are these known to be safe.
                'accept_known_bad': 'qemu-synchronous-writes',
            },
            libvirt={
                'live_migration_bandwidth': 2,
                'live_migration_permit_auto_converge': 'true',
                # Little is sent at once: the last of it takes its time.
                'live_migration_downtime': 5000,
                'live_migration_downtime_steps': 3,
                'live_migration_downtime_delay': 3,
                **images,
            },
        )
        self.cloud.compute(self.a).command(
            'be_impatient', seconds=IMPATIENT_SECONDS
        )
        return self.server(**HARD)

    def mirrors(self, server):
        """Return how QEMU was told to copy, and how that ended."""
        named = nova_base._Named(server.name)
        found = monitor_log.mirrors(self.a, named, self._mark)
        return [(mirror.sync, mirror.mode, mirror.end) for mirror in found]

    def test_whole_disks(self) -> None:
        """The second copy has synchronous writes, and nova moves it once."""
        server = self.converge(images_type='raw')
        moved = self.migrate(server)
        self.assertEqual(
            [
                ('full', 'background', 'cancelled'),
                ('full', 'write-blocking', 'completed'),
            ],
            self.mirrors(server),
        )
        self.assert_moved(server, moved, mirrored=['vda', 'vda'])
        self.assert_intact(server, self.b)

        # What nova is configured to do for memory holds.
        log = self.a.path(lab_host.LIBVIRTD_LOG).read_bytes()[self._mark :]
        on = log.count(b'"capability":"auto-converge","state":true')
        self.assertGreater(on, 0)

    def test_top_images(self) -> None:
        """A half-written one is not used: nova goes on, and is told."""
        server = self.converge()
        with self.moving(server) as ended:
            self.await_copy(server)
            log = self.cloud.compute(self.a)
            waiting.until(
                lambda: 'synchronous_writes = on' in log.log,
                'the warning',
                60,
            )
            server.abort(self.a)
        self.assertEqual(
            [('top', 'background', 'cancelled')], self.mirrors(server)
        )
        self.assertEqual('cancelled', ended[0].status)
        self.assert_stays(server, status='cancelled')
        self.assert_intact(server, self.a)


class RoomTestCase(nova_base.NovaTestCase):
    """The destination's other guests keep their room."""

    SMALL_MIB = 200

    def watched(self, mib_per_second: int) -> None:
        """Keep 64 MiB of a small file system of host b's instances free."""
        self.plugin(
            selective_migrate={'enabled': 'true', 'free_space_reserve': 64},
            libvirt={'live_migration_bandwidth': mib_per_second},
        )
        # An earlier one may be in use a while longer.
        name = f'small-{uuid.uuid4().hex[:8]}'
        file = self.lab.home.of_host('b') / 'backing' / name
        file.parent.mkdir(exist_ok=True)
        with file.open('wb') as stream:
            stream.truncate(self.SMALL_MIB * 2**20)
        device, inside = loop_devices.attach(file), f'/dev/lab/{name}'
        loop_devices.show(device, [self.b], inside)
        self.b.run(['mkfs.ext4', '-q', '-O', '^has_journal', inside])
        self.b.run(['mount', inside, nova_settings.INSTANCES])
        self.addCleanup(self.b.run, ['rm', inside])
        self.addCleanup(
            self.b.run, ['umount', '--lazy', nova_settings.INSTANCES]
        )

    def free(self) -> int:
        """Return what is free at the destination, in bytes."""
        done = self.b.run(['stat', '-fc', '%a %S', nova_settings.INSTANCES])
        blocks, size = map(int, done.stdout.split())
        return blocks * size

    def test_it_is_not_filled(self) -> None:
        """The server is as it was, the migration cancelled."""
        self.watched(1)
        server = self.server(**MUCH)
        other = f'{nova_settings.INSTANCES}/other'
        with self.moving(server):
            self.await_copy(server)
            # QEMU begins a mirror with up to 16 MiB, whatever its limit.
            size = self.free() - 48 * 2**20
            self.b.run(['fallocate', '-l', str(size), other])
        self.assertGreater(self.free(), 0)
        self.b.run(['rm', other])
        self.assert_stays(server, status='cancelled')
        events = self.cloud.compute(self.b).log
        self.assertIn('free_space_reserve', events)
        self.assert_intact(server, self.a)

    def test_what_fits_moves(self) -> None:
        """It is watched and let be."""
        self.watched(8)
        server = self.server(**MUCH)
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda'])
        self.assert_intact(server, self.b)
