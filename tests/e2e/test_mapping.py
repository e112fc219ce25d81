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

"""Guests move to a host with other directories, pools and formats."""

import dataclasses
import json
import os
from xml.etree import ElementTree

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import cdrom_drives
from lab.storage import disk_places
from lab.storage import guest_disks
from lab.storage import local_disks
from lab.storage import moved_disks
from lab.storage import shared_disks
from tests.e2e import aborted_migration
from tests.e2e import base

ELSEWHERE = '/var/lib/libvirt/guests'
OVERLAY = local_disks.LocalFile(base=local_disks.Base.SOURCE)
RAW = local_disks.LocalFile(format='raw')
NETWORK = shared_disks.SharedNetwork()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoolFile(local_disks.LocalFile):
    """A file that the domain names by a storage pool."""

    type = 'volume'

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Make it, and have the pool know it."""
        super().create(place, host)
        host.virsh('pool-refresh', 'images')

    def source_xml(self, place: disk_places.Place, host: lab_host.Host) -> str:
        """Return driver, pool and volume."""
        driver = guest_disks.driver_xml(self.format, host, lab_host.IMAGES)
        name = os.path.basename(place.local(self.format))
        return f"{driver}<source pool='images' volume='{name}'/>"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PoolMedium(cdrom_drives.Cdrom):
    """A medium that the domain names by a storage pool."""

    type = 'volume'

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Make it, and have the pool know it."""
        super().create(place, host)
        host.virsh('pool-refresh', 'images')

    def source_xml(self, place: disk_places.Place, host: lab_host.Host) -> str:
        """Return driver, pool and volume."""
        name = os.path.basename(place.local('iso'))
        return (
            "<driver name='qemu' type='raw'/>"
            f"<source pool='images' volume='{name}'/><readonly/>"
        )


class MappedTestCase(base.EndToEndTestCase):
    """Host b keeps its images in another directory than host a."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.b.path(ELSEWHERE)
        self.folder.mkdir(exist_ok=True)
        self.addCleanup(self.clear)

    def clear(self) -> None:
        """Remove the other directory."""
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()

    def moved(
        self, guest: lab_guest.Guest, formats: dict[str, str]
    ) -> lab_guest.Guest:
        """Return a guest whose disks are in the other directory.

        :param formats: of the images there, by target
        """
        disks = dict(guest.disks)
        for target, image_format in formats.items():
            _, path = guest.disks[target].image(guest.place(target))
            disks[target] = moved_disks.MovedDisk(
                origin=guest.disks[target],
                path=f'{ELSEWHERE}/{os.path.basename(path)}',
                format=image_format,
            )
        return dataclasses.replace(guest, disks=disks)

    def sources(
        self, guest: lab_guest.Guest, host: lab_host.Host, *flags: str
    ) -> dict[str, tuple[str | None, ...]]:
        """Return type, format and place of each disk of a definition."""
        text = host.virsh('dumpxml', guest.name, *flags).stdout
        found = {}
        for disk in ElementTree.fromstring(text).iterfind('devices/disk'):
            target, driver = disk.find('target'), disk.find('driver')
            source = disk.find('source')
            assert target is not None and source is not None
            found[target.get('dev', '')] = (
                disk.get('type'),
                None if driver is None else driver.get('type'),
                source.get('file') or source.get('pool') or source.get('name'),
            )
        return found

    def test_killed_and_reported(self) -> None:
        """What stays on the source is named by its path there."""
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=16)})
        mapped = f'{lab_host.IMAGES}={ELSEWHERE}'
        running = aborted_migration.begin(self, guest, '--map', mapped)
        running.kill()
        running.communicate()
        self.a.virsh('migrate-setspeed', guest.name, '1000')
        done = self.program(
            'migrate', '--resume-report', guest.name, '-f', 'json'
        )
        tree = json.loads(done.stdout)
        self.assertEqual('moved', tree['outcome'], done.stderr)
        _, path = guest.disks['vda'].image(guest.place('vda'))
        self.assertEqual(
            [('source', path)],
            [(left['host'], left['path']) for left in tree['left']],
        )
        there = f'{ELSEWHERE}/{os.path.basename(path)}'
        self.assertEqual([there], tree['created'])

    def test_there_and_back(self) -> None:
        """A chain becomes one image, raw becomes qcow2, and back again."""
        self.go_there_and_back()

    def test_there_and_back_sid(self) -> None:
        """The same with the newest libvirt and QEMU."""
        self.use_lab({'a': 'sid', 'b': 'sid'})
        self.b.path(ELSEWHERE).mkdir()
        self.go_there_and_back()

    def go_there_and_back(self) -> None:
        """Move a guest to the other directory and back."""
        guest = self.guest({'vda': OVERLAY, 'vdb': RAW, 'vdc': NETWORK})
        before = self.sources(guest, self.a)
        there = f'{lab_host.IMAGES}={ELSEWHERE}'
        result = self.migrate(
            guest,
            *('--map', there, '--to-format', 'vdb=qcow2'),
            copied=['vda', 'vdb'],
        )
        plan = result.tree['plan']
        self.assertEqual(
            [
                (f'{ELSEWHERE}/{guest.name}-vda.qcow2', 'qcow2'),
                (f'{ELSEWHERE}/{guest.name}-vdb.raw', 'qcow2'),
                (None, None),
            ],
            [
                (disk['destination'], disk['destination_format'])
                for disk in plan['disks']
            ],
        )
        wanted = {
            'vda': ('file', 'qcow2', f'{ELSEWHERE}/{guest.name}-vda.qcow2'),
            'vdb': ('file', 'qcow2', f'{ELSEWHERE}/{guest.name}-vdb.raw'),
            'vdc': before['vdc'],
        }
        self.assertEqual(wanted, self.sources(guest, self.b))
        self.assertEqual(wanted, self.sources(guest, self.b, '--inactive'))
        for left in result.tree['left']:
            self.a.path(left['path']).unlink(missing_ok=True)
        self.migrate(
            guest,
            *('--map', f'{ELSEWHERE}={lab_host.IMAGES}'),
            *('--to-format', 'vdb=raw'),
            copied=['vda', 'vdb'],
            source=self.b,
            destination=self.a,
        )
        self.assertEqual(before, self.sources(guest, self.a))
        self.assert_nothing_lost(guest, self.a)

    def test_a_medium(self) -> None:
        """It goes along, and on the way back the same bytes are there."""
        guest = self.guest({'vda': RAW, 'sda': cdrom_drives.Cdrom()})
        before = self.sources(guest, self.a)
        path = guest.place('sda').local('iso')
        there = f'{ELSEWHERE}/{os.path.basename(path)}'
        mapped = f'{lab_host.IMAGES}={ELSEWHERE}'
        planned = self.run_json('plan', guest, '--map', mapped)
        (refusal,) = planned.tree['refusals']
        self.assertEqual('content-missing', refusal['reason'])
        result = self.migrate(
            *(guest, '--map', mapped, '--copy-media'), copied=['vda']
        )
        self.assertIn(there, result.tree['created'])
        self.assertEqual(
            self.a.path(path).read_bytes(), self.b.path(there).read_bytes()
        )
        self.assertFalse(self.b.path(path).exists())
        wanted = {
            'vda': ('file', 'raw', f'{ELSEWHERE}/{guest.name}-vda.raw'),
            'sda': ('file', 'raw', there),
        }
        self.assertEqual(wanted, self.sources(guest, self.b))
        self.assertEqual(wanted, self.sources(guest, self.b, '--inactive'))
        for left in result.tree['left']:
            self.a.path(left['path']).unlink(missing_ok=True)
        result = self.migrate(
            *(guest, '--map', f'{ELSEWHERE}={lab_host.IMAGES}'),
            copied=['vda'],
            source=self.b,
            destination=self.a,
        )
        self.assertEqual(
            [('sda', 'existing', path)],
            [
                (each['target'], each['action'], each['destination'])
                for each in result.tree['plan']['media']
            ],
        )
        self.assertEqual(before, self.sources(guest, self.a))
        self.assert_nothing_lost(guest, self.a)

    def test_another_pool(self) -> None:
        """A volume is in a pool of another name, a file beside it too."""
        for host, name, path in (
            (self.a, 'images', lab_host.IMAGES),
            (self.b, 'guests', ELSEWHERE),
        ):
            host.virsh(
                *('pool-create-as', name, 'dir', '--target', path),
            )
            self.addCleanup(host.virsh, 'pool-destroy', name)
        guest = self.guest(
            {'vda': RAW, 'vdb': PoolFile(), 'sda': PoolMedium()}
        )
        before = self.sources(guest, self.a)
        self.migrate(
            *(guest, '--map-pool', 'images=guests', '--copy-media'),
            copied=['vda', 'vdb'],
        )
        wanted = {
            'vda': ('file', 'raw', f'{ELSEWHERE}/{guest.name}-vda.raw'),
            'vdb': ('volume', 'qcow2', 'guests'),
            'sda': ('volume', 'raw', 'guests'),
        }
        self.assertEqual(wanted, self.sources(guest, self.b))
        self.assertEqual(wanted, self.sources(guest, self.b, '--inactive'))
        for target in ('vda', 'vdb'):
            _, path = guest.disks[target].image(guest.place(target))
            self.a.path(path).unlink()
        self.a.virsh('pool-refresh', 'images')
        # The medium is there still, and is shown to be the same.
        self.migrate(
            *(guest, '--map-pool', 'guests=images'),
            copied=['vda', 'vdb'],
            source=self.b,
            destination=self.a,
        )
        self.assertEqual(before, self.sources(guest, self.a))
        self.assert_nothing_lost(guest, self.a)

    def test_onto_what_both_hosts_see(self) -> None:
        """A place of both is none of the source's images, until it is."""
        self.check_available(shared_disks.SharedFile())
        guest = self.guest({'vda': RAW})
        there = f'{lab_host.IMAGES}={lab_host.SHARED}'
        self.interrupt(guest, there)
        self.migrate(guest, '--map', there, copied=['vda'])
        # From now on both reach it.
        self.migrate(
            *(guest, '--map', f'{lab_host.SHARED}={lab_host.IMAGES}'),
            copied=[],
            source=self.b,
            destination=self.a,
        )
        path = f'{lab_host.SHARED}/{guest.name}-vda.raw'
        moved = moved_disks.MovedDisk(origin=RAW, path=path)
        there_now = dataclasses.replace(guest, disks={'vda': moved})
        self.assert_nothing_lost(there_now, self.a)

    def test_interrupt(self) -> None:
        """What was made at the mapped place goes, and nothing else."""
        guest = self.guest({'vda': aborted_migration.LARGE})
        other = self.folder / 'of-another-guest.raw'
        other.write_text('kept')
        output = self.interrupt(guest, f'{lab_host.IMAGES}={ELSEWHERE}')
        self.assertIn(f'removed: {ELSEWHERE}/', output)
        self.assertEqual([other], [*self.folder.iterdir()])
        self.assert_goes_on(guest)

    def interrupt(self, guest: lab_guest.Guest, mapped: str) -> str:
        """Abort a migration that copies; return what was printed."""
        with self.unchanged():
            running = aborted_migration.begin(self, guest, '--map', mapped)
            output, _ = aborted_migration.end(self, running)
        self.assertIn('removed: ', output)
        return output

    def test_what_is_there(self) -> None:
        """The source's own file, seen by another name, is not written to."""
        guest = self.guest({'vda': RAW})
        _, path = RAW.image(guest.place('vda'))
        (self.folder / 'link').symlink_to(self.a.path(lab_host.IMAGES))
        same = f'{lab_host.IMAGES}={ELSEWHERE}/link'
        self.assert_refused(
            guest, '--map', same, reasons={'vda': 'image-unproven'}
        )
        self.assert_refused(
            *(guest, '--map', same, '--existing', 'vda'),
            reasons={'vda': 'image-unproven'},
        )
        name = os.path.basename(path)
        self.b.run(
            ['qemu-img', 'create', '-q', '-f', 'raw']
            + [f'{ELSEWHERE}/{name}', '64M']
        )
        other = f'{lab_host.IMAGES}={ELSEWHERE}'
        self.assert_refused(
            guest, '--map', other, reasons={'vda': 'destination-exists'}
        )
        self.assert_refused(
            *(guest, '--map', f'{lab_host.IMAGES}=/var/lib/libvirt/none'),
            reasons={'vda': 'destination-unreachable'},
        )
        self.assert_refused(
            *(guest, '--map-pool', 'none=none', '--to-format', 'vda=qcow2'),
            *('--map', other, '--existing', 'vda'),
            reasons={'vda': 'destination-mismatch'},
        )
        # It is shown to be another file.
        self.migrate(
            *(guest, '--map', other, '--existing', 'vda'), copied=['vda']
        )
        self.assert_nothing_lost(self.moved(guest, {'vda': 'raw'}), self.b)
