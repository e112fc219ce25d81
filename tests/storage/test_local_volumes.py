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

"""Local logical volumes: made by libvirt at the destination, and removed."""

import collections.abc
import json
import signal
import subprocess
import typing

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.processes import waiting
from lab.storage import volume_disks
from lab.storage import volume_groups
from tests.e2e import base as e2e_base
from tests.storage import base

GROUP = 'nsm'
_MIB = 48
_SIZE = _MIB << 20
_SECTOR = 512
# Slower than this machine is, however busy.
_SLOWLY = ('--bandwidth', '1')


class LocalVolumesCase(base.StorageTestCase):
    """Both hosts have a volume group, and a libvirt pool of that name."""

    def setUp(self) -> None:
        super().setUp()
        self.groups = [
            volume_groups.VolumeGroup.create(host, GROUP)
            for host in self.lab.hosts
        ]
        for group in self.groups:
            self.addCleanup(group.remove)
        for host in self.lab.hosts:
            self.define_pool(host)

    def define_pool(self, host: lab_host.Host) -> None:
        host.virsh(
            *('pool-define-as', GROUP, 'logical'),
            *('--source-name', GROUP, '--target', f'/dev/{GROUP}'),
        )
        # To destroy it would take the volumes of the group off.
        self.addCleanup(host.virsh, 'pool-undefine', GROUP, check=False)
        host.virsh('pool-start', GROUP)
        self.addCleanup(host.virsh, 'pool-destroy', GROUP, check=False)

    def volume(
        self, guest: lab_guest.Guest, target: str, host: lab_host.Host
    ) -> volume_groups.Volume:
        name = guest.place(target).stem
        return volume_groups.Volume(host, GROUP, name)

    def written(self, host: lab_host.Host, path: str) -> int:
        """Return the bytes written to a device since it was made."""
        name = self.real(host, path).rpartition('/')[2]
        said = host.run(['cat', f'/sys/block/{name}/stat']).stdout.split()
        return int(said[6]) * _SECTOR

    def journal(self) -> str:
        """Return what the journal of the command line has."""
        look = f'find {lab_host.JOURNAL} -maxdepth 1 -name "*.json"'
        return self.shell(self.a, look).strip()


class CopyTest(LocalVolumesCase):
    def test_volumes_of_all_kinds_and_names(self) -> None:
        """What is planned is made, is copied once, and nothing is lost."""
        pool = self.groups[0].create_pool(size_mib=256)
        guest = self.guest(
            {
                'vda': volume_disks.LogicalVolume(
                    size_mib=_MIB, naming=volume_disks.Naming.POOL
                ),
                'vdb': volume_disks.LogicalVolume(
                    size_mib=_MIB,
                    thin_pool=pool.name,
                    naming=volume_disks.Naming.MAPPER,
                ),
                'vdc': volume_disks.LogicalVolume(
                    size_mib=_MIB, naming=volume_disks.Naming.KERNEL
                ),
            }
        )
        targets = [*guest.disks]
        planned = self.run_json('plan', guest)
        paths = [f'/dev/{GROUP}/{guest.place(t).stem}' for t in targets]
        self.assertEqual(
            [(path, GROUP) for path in paths],
            [(i['path'], i['pool']) for i in planned.tree['images']],
        )
        thin = self.volume(guest, 'vdb', self.a)
        self.assertLess(thin.allocated, _SIZE)
        result = self.migrate(guest, copied=targets)
        self.assertEqual(planned.tree['images'], result.tree['plan']['images'])
        self.assertEqual(paths, result.tree['created'])
        for target, path in zip(targets, paths, strict=True):
            self.assertEqual(
                _SIZE, self.volume(guest, target, self.b).size, target
            )
            written = self.written(self.b, path)
            # Each byte once, and what the guest has written meanwhile.
            self.assertLess(written, 1.5 * _SIZE, target)
        self.assertIn(paths[2], guest.domain_xml(self.b))
        self.assertEqual('', self.journal())
        self.assert_nothing_lost(guest, self.b)


class FailureTest(LocalVolumesCase):
    def setUp(self) -> None:
        super().setUp()
        self.started = self.guest(
            {'vda': volume_disks.LogicalVolume(size_mib=_MIB)}
        )
        self.made = self.volume(self.started, 'vda', self.b)
        self.foreign = self.groups[1].create_volume('foreign', 16)

    def begin(self) -> 'subprocess.Popen[str]':
        """Begin a migration that takes long; wait for its copy to run."""
        running = self.a.popen(
            [e2e_base.PROGRAM, 'migrate', self.started.name]
            + [self.b.remote_uri, '-f', 'json', *_SLOWLY],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)

        def copies() -> bool:
            self.assertIsNone(running.poll())
            job = self.a.virsh(
                *('blockjob', self.started.name, 'vda', '--raw'), check=False
            )
            return 'Copy' in job.stdout

        waiting.until(copies, 'the copy of vda', base.PATIENCE)
        self.assertTrue(self.made.exists)
        return running

    def kill(self, name: str, number: int) -> None:
        """Send a signal to the one process whose command has a name."""
        (process,) = self.a.run(['pgrep', '-f', name]).stdout.split()
        self.a.run(['kill', f'-{number}', process])

    def cleanup(self, *arguments: str) -> dict[str, str]:
        done = self.program('cleanup', '-f', 'json', *arguments)
        rows: list[dict[str, typing.Any]] = json.loads(done.stdout)
        return {row['path']: row['state'] for row in rows}

    def test_what_was_made_goes_and_nothing_else(self) -> None:
        self.abort()
        now = self.started.acknowledged()
        self.started.wait_for_records(
            self.a, {t: n + e2e_base.AFTER for t, n in now.items()}
        )
        self.kill_while_another_makes_one()
        self.assert_goes_on(self.started)

    def abort(self) -> None:
        """Abort at the first signal: the volume goes, others stay."""
        running = self.begin()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=base.PATIENCE)
        tree = json.loads(out)
        self.assertEqual('not-moved', tree['outcome'], err)
        self.assertEqual([self.made.path], tree['removed'])
        self.assertFalse(self.made.exists)
        self.assertTrue(self.foreign.exists)
        self.assertEqual('', self.journal())

    def kill_while_another_makes_one(self) -> None:
        """Kill the program: a volume that has only the name stays."""
        self.begin()
        uuid = self.made.uuid
        self.kill(f'migrate {self.started.name}', signal.SIGKILL)
        self.a.virsh('domjobabort', self.started.name)
        waiting.until(
            lambda: not self.started.state(self.b),
            'the end of the guest that was to come',
            base.PATIENCE,
        )
        self.assertEqual({self.made.path: 'removable'}, self.cleanup())
        self.made.remove()
        anew = self.groups[1].create_volume(self.made.name, _MIB)
        self.assertNotEqual(uuid, anew.uuid)
        left = self.cleanup('--remove')[self.made.path]
        self.assertIn('it is another volume of that name', left)
        self.assertTrue(anew.exists)
        self.assertNotEqual('', self.journal())
        anew.remove()
        self.cleanup('--remove')
        self.assertEqual('', self.journal())


class RefusalTest(LocalVolumesCase):
    def test_what_stands_against_a_volume(self) -> None:
        """Seen beforehand: a volume of the name, thin or thick, and room."""
        guest = self.guest({'vda': volume_disks.LogicalVolume(size_mib=_MIB)})
        name = guest.place('vda').stem
        there = self.groups[1]
        pool = there.create_pool(size_mib=64)
        for make, reason in self.obstacles(there, pool, name):
            made = make()
            with self.subTest(reason=reason, volume=made.name):
                result = self.assert_refused(guest, reasons=reason)
                if None in reason:
                    (said,) = result.tree['refusals']
                    self.assertIn(f'needs {_SIZE} bytes', said['message'])
                    self.assertIn(f'has {there.free} bytes', said['message'])
            made.remove()
        self.refuse_extents(guest)
        self.assert_goes_on(guest)

    def refuse_extents(self, guest: lab_guest.Guest) -> None:
        """A larger volume is of no use to libvirt 9.0, and goes again."""
        self.b.virsh('pool-destroy', GROUP)
        self.groups[1].remove()
        device, _ = volume_groups.DEVICES
        self.b.run(['vgcreate', '-qy', '-s', '32M', GROUP, device])
        self.b.virsh('pool-start', GROUP)
        with self.unchanged():
            done = self.program(
                'migrate', guest.name, self.b.remote_uri, '-f', 'json'
            )
        self.assertEqual(4, done.returncode, done.stderr)
        self.assertIn(
            f'cannot be made with exactly {_SIZE} bytes', done.stderr
        )
        self.assertIn(f'gives it {64 << 20}', done.stderr)
        self.assertEqual('', self.journal())

    def obstacles(
        self,
        group: volume_groups.VolumeGroup,
        pool: volume_groups.ThinPool,
        name: str,
    ) -> collections.abc.Iterator[
        tuple[
            collections.abc.Callable[[], volume_groups.Volume],
            dict[str | None, str],
        ]
    ]:
        yield (
            lambda: group.create_volume(name, _MIB),
            {'vda': 'destination-exists'},
        )
        # libvirt does not list it, and shows no UUID of it.
        yield (lambda: pool.create(name, _MIB), {'vda': 'device-unproven'})
        left = (group.free >> 20) - _MIB + 4
        yield (
            lambda: group.create_volume('large', left),
            {None: 'destination-full'},
        )
