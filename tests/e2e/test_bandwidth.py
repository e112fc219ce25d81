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

"""A limit is for the link: disks and memory together keep to it."""

import contextlib
import os
import signal
import subprocess
import typing
import uuid

import ddt

from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.guests import written_records
from lab.processes import waiting
from lab.storage import local_disks
from tests.e2e import base

_MIB = 1 << 20
# QEMU copies 16 MiB of a disk at once, whatever the limit.
_SMALL_MIB, _LARGE_MIB = 48, 160
# Beside the disk's first records, which the guest writes.
_HEAD_MIB = 8


@ddt.ddt
class BandwidthTestCase(base.EndToEndTestCase):
    """Two disks; what counts is what QEMU was told."""

    def full(self, **sizes: int) -> lab_guest.Guest:
        """Start a guest whose disks hold data up to their ends."""
        disks = {
            target: local_disks.LocalFile(format='raw', size_mib=size)
            for target, size in sizes.items()
        }
        guest = lab_guest.Guest(
            self.lab,
            f'g{uuid.uuid4().hex[:8]}',
            disks,
            workload=written_records.Workload(interval_us=100_000),
        )
        self.addCleanup(self.forget, guest)
        guest.define_and_start(self.a, paused=True)
        for target, disk in disks.items():
            path = self.a.path(guest.place(target).local('raw'))
            with path.open('r+b') as file:
                file.seek(_HEAD_MIB * _MIB)
                for _ in range(disk.size_mib - _HEAD_MIB):
                    file.write(os.urandom(_MIB))
        self.a.virsh('resume', guest.name)
        guest.wait_for_records(self.a, base.BEFORE)
        return guest

    @contextlib.contextmanager
    def migrating(
        self, guest: lab_guest.Guest, *arguments: str
    ) -> typing.Iterator[tuple[subprocess.Popen[str], int]]:
        """Run a migration until its disks are being copied."""
        since = monitor_log.mark(self.a)
        running = self.a.popen(
            [base.PROGRAM, 'migrate', guest.name, self.b.remote_uri]
            + ['--migrate-uri', f'tcp://{self.b.address}', *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            waiting.until(
                lambda: (
                    monitor_log.mirrored(self.a, guest, since)
                    == {*guest.disks}
                ),
                'the mirrors to start',
                60,
            )
            yield running, since
        finally:
            running.kill()
            running.wait()

    def told(
        self, guest: lab_guest.Guest, since: int
    ) -> dict[str, list[float | None]]:
        """Return what each was told, in MiB/s; None in the moment it did."""
        found: dict[str, list[float | None]] = {}
        for one in monitor_log.speeds(self.a, guest, since):
            limit = None if one.limit is None else one.limit / _MIB
            found.setdefault(one.of, []).append(limit)
        return found

    def wait_for_share(
        self, guest: lab_guest.Guest, since: int, total: float
    ) -> None:
        """Wait until memory was given its share, which comes last."""
        waiting.until(
            lambda: self.told(guest, since)['memory'][-1:] == [total],
            'memory to have its share',
            30,
        )

    def test_before_libvirt_11_3(self) -> None:
        """It is divided among the disks, and memory has all of it."""
        guest = self.full(vda=_SMALL_MIB, vdb=_SMALL_MIB)
        since = monitor_log.mark(self.a)
        result = self.migrate(guest, '--bandwidth', '8', copied=['vda', 'vdb'])
        self.assertIn('at 4 MiB/s', ' '.join(result.tree['plan']['notes']))
        told = self.told(guest, since)
        self.assertEqual([4, None], told['vda'])
        self.assertEqual([4, None], told['vdb'])
        self._check_memory(told['memory'], 4, 8)
        self.assert_nothing_lost(guest, self.b)

    @ddt.data('trixie', 'sid')
    def test_since_libvirt_11_3(self, release: str) -> None:
        """One that is done leaves its share to the other."""
        self.use_lab({'a': release, 'b': release})
        guest = self.full(vda=_LARGE_MIB, vdb=_SMALL_MIB)
        since = monitor_log.mark(self.a)
        self.migrate(guest, '--bandwidth', '16', copied=['vda', 'vdb'])
        told = self.told(guest, since)
        for target in ('vda', 'vdb'):
            self.assertEqual(8, told[target][0])
            limits = [limit for limit in told[target] if limit is not None]
            self.assertLessEqual(max(limits), 16)
        # By what remains.
        first, second = told['vda'][1], told['vdb'][1]
        assert first and second
        self.assertGreater(first, 2 * second)
        self.assertLessEqual(first + second, 16)
        self._check_memory(told['memory'], 8, 16)
        self.assert_nothing_lost(guest, self.b)

    def test_one_at_a_time(self) -> None:
        """The large one first, though the other comes first in the XML."""
        self.use_lab({'a': 'trixie', 'b': 'trixie'})
        guest = self.full(vda=_SMALL_MIB, vdb=_LARGE_MIB)
        since = monitor_log.mark(self.a)
        self.migrate(
            guest,
            *('--parallel-mirrors', '1', '--bandwidth', '32'),
            copied=['vda', 'vdb'],
        )
        said = monitor_log.speeds(self.a, guest, since)
        synced = said.index(monitor_log.Speed('vdb', None))
        held = said.index(monitor_log.Speed('vda', 1))
        self.assertLess(held, synced)
        self.assertEqual(
            [1], [s.limit for s in said[held:synced] if s.of == 'vda'][:1]
        )
        freed = [s.limit or 0 for s in said[held:] if s.of == 'vda']
        self.assertGreater(max(freed), 16 * _MIB)
        self.assert_nothing_lost(guest, self.b)

    def test_another_limit_meanwhile(self) -> None:
        """virsh migrate-setspeed changes what disks and memory share."""
        self.use_lab({'a': 'trixie', 'b': 'trixie'})
        guest = self.full(vda=_LARGE_MIB, vdb=_LARGE_MIB)
        with self.migrating(guest, '--bandwidth', '2') as (running, since):
            self.wait_for_share(guest, since, 2)
            self.a.virsh('migrate-setspeed', guest.name, '64')
            output, _ = running.communicate(timeout=60)
        self.assertEqual(0, running.returncode, output)
        self.assertIn('disks and memory now share 64 MiB/s', output)
        told = self.told(guest, since)
        for target in ('vda', 'vdb'):
            self.assertEqual(1, told[target][0])
            self.assertGreater(max(n or 0 for n in told[target]), 20)
        self.assert_nothing_lost(guest, self.b)

    def test_it_is_memory_s_before_libvirt_11_3_and_given_back(self) -> None:
        """The disks go on as they did; what was set before is again."""
        guest = self.full(vda=_LARGE_MIB, vdb=_LARGE_MIB)
        self.a.virsh('migrate-setspeed', guest.name, '33')
        with self.migrating(guest, '--bandwidth', '2') as (running, since):
            self.wait_for_share(guest, since, 2)
            self.a.virsh('migrate-setspeed', guest.name, '64')
            assert running.stdout
            for line in running.stdout:
                if 'memory alone' in line:
                    break
            else:
                self.fail('nothing was said')
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=60)
        self.assertEqual(4, running.returncode)
        told = self.told(guest, since)
        self.assertEqual(([1], [1]), (told['vda'], told['vdb']))
        speed = self.a.virsh('migrate-getspeed', guest.name).stdout.strip()
        self.assertEqual('33', speed)

    def test_too_little_for_so_many(self) -> None:
        """No disk gets less than 1 MiB/s, so that two take more."""
        guest = self.full(vda=16, vdb=16)
        self.assert_refused(
            guest, '--bandwidth', '1', reasons={None: 'bandwidth-too-small'}
        )

    def _check_memory(
        self, told: list[float | None], first: float, total: float
    ) -> None:
        """Check that it had all from its beginning, and never more."""
        begun = told.index(None)
        self.assertEqual([first, total], told[:begun])
        # libvirt resets what it has set, once the guest has moved.
        later = [n for n in told[begun:] if n is not None and n < 100]
        self.assertLessEqual(max([0, *later]), total)
