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

"""Files become volumes of a volume group, and volumes files again."""

import dataclasses
from xml.etree import ElementTree

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import local_disks
from lab.storage import moved_disks
from lab.storage import volume_groups
from tests.e2e import aborted_migration
from tests.storage import base

GROUP, POOL = 'nsm', 'volumes'
_MIB = 48
_QCOW2 = local_disks.LocalFile(size_mib=_MIB)
_RAW = local_disks.LocalFile(size_mib=_MIB, format='raw')


class MappedVolumesTest(base.StorageTestCase):
    """Host a keeps files, host b a volume group, by a pool of its own name."""

    def setUp(self) -> None:
        super().setUp()
        self.group = volume_groups.VolumeGroup.create(self.b, GROUP)
        self.addCleanup(self.group.remove)
        self.define_pool(self.a, 'files', 'dir', lab_host.IMAGES)
        self.define_pool(
            *(self.b, POOL, 'logical', f'/dev/{GROUP}'),
            *('--source-name', GROUP),
        )

    def define_pool(
        self, host: lab_host.Host, name: str, kind: str, path: str, *more: str
    ) -> None:
        host.virsh('pool-create-as', name, kind, *more, '--target', path)
        self.addCleanup(host.virsh, 'pool-destroy', name, check=False)

    def volume(
        self, guest: lab_guest.Guest, target: str
    ) -> volume_groups.Volume:
        """Return the volume that a disk becomes, by its file's name."""
        _, path = guest.disks[target].image(guest.place(target))
        return volume_groups.Volume(self.b, GROUP, path.rpartition('/')[2])

    def disks(
        self, guest: lab_guest.Guest, *flags: str
    ) -> dict[str, tuple[str | None, ...]]:
        """Return type, format and path of each disk at host b."""
        text = self.b.virsh('dumpxml', guest.name, *flags).stdout
        found = {}
        for disk in ElementTree.fromstring(text).iterfind('devices/disk'):
            parts = [disk.find(n) for n in ('target', 'driver', 'source')]
            target, driver, source = (
                part.attrib for part in parts if part is not None
            )
            found[target['dev']] = (
                disk.get('type'),
                driver.get('type'),
                source.get('dev') or source.get('file'),
            )
        return found

    def test_there_and_back(self) -> None:
        """Both kinds of file, live and as defined, and every record."""
        guest = self.guest({'vda': _QCOW2, 'vdb': _RAW})
        volumes = {t: self.volume(guest, t) for t in guest.disks}
        result = self.migrate(
            guest, '--map-pool', f'files={POOL}', copied=[*guest.disks]
        )
        wanted = {t: ('block', 'raw', v.path) for t, v in volumes.items()}
        self.assertEqual(wanted, self.disks(guest))
        self.assertEqual(wanted, self.disks(guest, '--inactive'))
        for volume in volumes.values():
            self.assertEqual(_MIB << 20, volume.size)
        for left in result.tree['left']:
            self.a.run(['rm', '-f', left['path']])
        self.migrate(
            guest,
            *('--map', f'/dev/{GROUP}={lab_host.IMAGES}'),
            *('--to-format', 'vda=qcow2'),
            copied=[*guest.disks],
            source=self.b,
            destination=self.a,
        )
        # They stay until somebody removes them.
        self.assertTrue(all(v.exists for v in volumes.values()))
        flat = moved_disks.MovedDisk(
            origin=_QCOW2,
            path=_QCOW2.image(guest.place('vda'))[1],
            format='qcow2',
        )
        there = dataclasses.replace(guest, disks={'vda': flat, 'vdb': _RAW})
        self.assert_nothing_lost(there, self.a)

    def test_refused_and_interrupted(self) -> None:
        """What is there stays, and what was made goes."""
        guest = self.guest({'vda': _RAW})
        mapped = ('--map', f'{lab_host.IMAGES}=/dev/{GROUP}')
        volume = self.volume(guest, 'vda')
        taken = self.group.create_volume(volume.name, 16)
        self.assert_refused(
            guest, *mapped, reasons={'vda': 'destination-exists'}
        )
        taken.remove()
        most = (self.group.free >> 20) - _MIB + 4
        filling = self.group.create_volume('filling', most)
        self.assert_refused(guest, *mapped, reasons={None: 'destination-full'})
        filling.remove()
        self.assert_refused(
            *(guest, *mapped, '--to-format', 'vda=qcow2'),
            reasons={'vda': 'format-unusable'},
        )
        foreign = self.group.create_volume('foreign', 16)
        uuid = foreign.uuid
        with self.unchanged():
            running = aborted_migration.begin(self, guest, *mapped)
            self.assertTrue(volume.exists)
            output, _ = aborted_migration.end(self, running)
        self.assertIn(f'removed: {volume.path}', output)
        self.assertFalse(volume.exists)
        self.assertEqual(uuid, foreign.uuid)
        self.assert_goes_on(guest)
