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

"""Guests that write hard, and destinations that are nearly full."""

import json
import pathlib
import subprocess
import sys
import typing

import ddt

from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.guests import written_records
from lab.hosts import lab_host
from lab.processes import waiting
from lab.storage import local_disks
from tests.e2e import base

# More than the mirror is let through: what is written comes around again
# before it has been sent.
_HARD = written_records.Workload(slots=4096, stride=17, interval_us=0)
_SLOW = ('--bandwidth', '2')
# The same program, less patient.
_IMPATIENT = """
import sys
from nova_selective_migrate.cli import app
from nova_selective_migrate.core.job import watchdog_limits
watchdog_limits.CONVERGENCE_SECONDS = 5.0
sys.exit(app.main())
"""


@ddt.ddt
class ConvergeTestCase(base.EndToEndTestCase):
    """The copy of a guest that out-writes it begins again."""

    def migrating(self, guest: lab_guest.Guest, *options: str) -> typing.Any:
        """Start our command with less patience."""
        running = self.a.popen(
            [sys.executable, '-c', _IMPATIENT, 'migrate', guest.name]
            + [self.b.remote_uri, *_SLOW, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(running.kill)
        return running

    def hard(self) -> lab_guest.Guest:
        """Start a guest that writes as fast as it can."""
        disk = local_disks.LocalFile(format='qcow2', size_mib=32)
        return self.guest({'vda': disk}, workload=_HARD)

    def converge(self, *options: str) -> None:
        """Migrate it, and prove how."""
        guest = self.hard()
        since = monitor_log.mark(self.a)

        def mirrors() -> tuple[monitor_log.Mirror, ...]:
            return monitor_log.mirrors(self.a, guest, since)

        # Only since QEMU 8.0 are these known to be safe.
        accept = ('--accept-known-bad', 'qemu-synchronous-writes')
        running = self.migrating(guest, '-f', 'json', *accept, *options)
        waiting.until(lambda: len(mirrors()) == 2, 'the second copy', 120)
        # It is the guest that waits now: more speed is all it takes.
        self.a.virsh('migrate-setspeed', guest.name, '64')
        output, said = running.communicate(timeout=200)
        self.assertEqual(0, running.returncode, said)
        self.assertIn(
            'with synchronous writes', json.loads(output)['begun_again']
        )
        self.assertEqual(
            [('background', 'cancelled'), ('write-blocking', 'completed')],
            [(mirror.mode, mirror.end) for mirror in mirrors()],
        )
        now = guest.acknowledged()
        guest.wait_for_records(
            self.b, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_no_pools()
        self.assertEqual('[]', self.journalled())
        self.assert_nothing_lost(guest, self.b)

    def journalled(self) -> str:
        """List what the journal still has."""
        folder = self.a.path(lab_host.JOURNAL)
        return str([f.name for f in folder.glob('*.json')])

    def test_peer_to_peer(self) -> None:
        """The source's daemon manages the migration."""
        self.converge()

    def test_direct(self) -> None:
        """The client does."""
        self.converge('--direct')

    @ddt.data('trixie', 'sid')
    def test_since_libvirt_11_3(self, release: str) -> None:
        """There the disks' speed can be changed as well."""
        self.use_lab({'a': release, 'b': release})
        self.converge()

    def test_off(self) -> None:
        """Nothing begins again that is not to."""
        guest = self.hard()
        since = monitor_log.mark(self.a)
        with self.unchanged():
            running = self.migrating(guest, '--no-synchronous-writes')
            waiting.until(
                lambda: monitor_log.mirrored(self.a, guest, since) == {'vda'},
                'the mirror to start',
                60,
            )
            # Three times what it has patience for.
            with self.assertRaises(subprocess.TimeoutExpired):
                running.communicate(timeout=15)
            running.terminate()
            _, said = running.communicate(timeout=60)
        self.assertEqual(4, running.returncode, said)
        (mirror,) = monitor_log.mirrors(self.a, guest, since)
        self.assertEqual('background', mirror.mode)
        self.assert_nothing_lost(guest, self.a)


class RoomTestCase(base.EndToEndTestCase):
    """The destination's other guests keep their room."""

    SMALL_MIB = 96

    def setUp(self) -> None:
        super().setUp()
        self.b.run(
            ['mount', '-t', 'tmpfs', '-o', f'size={self.SMALL_MIB}m']
            + ['tmpfs', lab_host.IMAGES]
        )
        self.addCleanup(self.b.run, ['umount', '--lazy', lab_host.IMAGES])

    def free(self) -> int:
        """Return what is free at the destination, in bytes."""
        done = self.b.run(['stat', '-fc', '%a %S', lab_host.IMAGES])
        blocks, size = map(int, done.stdout.split())
        return blocks * size

    def test_it_is_not_filled(self) -> None:
        """What another writes there during the copy aborts it."""
        workload = written_records.Workload(cold_mib=40)
        disk = local_disks.LocalFile(format='raw', size_mib=64)
        guest = self.guest({'vda': disk}, workload=workload)
        since = monitor_log.mark(self.a)
        running = self.a.popen(
            [base.PROGRAM, 'migrate', guest.name, self.b.remote_uri]
            + ['--bandwidth', '1', '--free-space-reserve', '20'],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        waiting.until(
            lambda: monitor_log.mirrored(self.a, guest, since) == {'vda'},
            'the mirror to start',
            60,
        )
        # Time for the first look.
        waiting.until(lambda: bool(self.images()), 'the image', 60)
        self.assertGreater(self.free(), 60 * 2**20)
        other = f'{lab_host.IMAGES}/other'
        self.b.run(['sleep', '3'])
        self.b.run(['fallocate', '-l', f'{self.free() - 15 * 2**20}', other])
        output, _ = running.communicate(timeout=60)
        self.assertEqual(4, running.returncode, output)
        self.assertIn('NOT MOVED: the source has the guest', output)
        self.assertIn('--free-space-reserve', output)
        self.assertGreater(self.free(), 0)
        self.b.run(['rm', other])
        self.assertEqual([], self.images())
        self.assertEqual('running', guest.state(self.a))
        self.assert_no_pools()
        now = guest.acknowledged()
        guest.wait_for_records(
            self.a, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_nothing_lost(guest, self.a)

    def test_what_fits_moves(self) -> None:
        """A reserve that the file system never had is no reason."""
        disk = local_disks.LocalFile(format='raw', size_mib=64)
        guest = self.guest({'vda': disk})
        self.migrate(guest, copied=['vda'])
        self.assert_nothing_lost(guest, self.b)

    def images(self) -> list[str]:
        """List the images at the destination."""
        folder = pathlib.Path(self.b.path(lab_host.IMAGES))
        return [path.name for path in folder.glob('g*')]
