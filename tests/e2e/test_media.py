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

"""Read-only media: brought over, ejected, refused, and cleaned up."""

import dataclasses
import json
import subprocess
import xml.etree.ElementTree as etree

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.processes import waiting
from lab.storage import cdrom_drives
from lab.storage import disk_places
from lab.storage import local_disks
from tests.e2e import aborted_migration
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='qcow2')
_COPY, _EJECT = '--copy-media', '--eject-media'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Iso(cdrom_drives.Cdrom):
    """A medium that libvirt takes for an ISO, in one of any policy."""

    policy: str = ''

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Make it as genisoimage begins one: CD001 in sector 16."""
        super().create(place, host)
        with host.path(place.local('iso')).open('r+b') as file:
            file.seek(16 * 2048)
            file.write(b'\x01CD001\x01')

    def source_xml(self, place: disk_places.Place, host: lab_host.Host) -> str:
        """Return driver and medium."""
        text = super().source_xml(place, host)
        policy = f" startupPolicy='{self.policy}'" if self.policy else ''
        return text.replace('<source ', f'<source{policy} ')


class MediaCase(base.EndToEndTestCase):
    """A guest with an ISO that the destination lacks."""

    def medium(self, guest: lab_guest.Guest, host: lab_host.Host):
        return host.path(guest.place('sda').local('iso'))

    def drives(self, guest: lab_guest.Guest, host: lab_host.Host, *flags: str):
        """Return what is in the cdroms, live or defined."""
        text = host.virsh('dumpxml', guest.name, *flags).stdout
        found = etree.fromstring(text).iterfind('./devices/disk')
        return {
            disk.find('target').get('dev'): disk.find('source') is not None
            for disk in found
            if disk.get('device') == 'cdrom'
        }


class CopyTestCase(MediaCase):
    """--copy-media."""

    def test_copied(self) -> None:
        """An ISO and a read-only raw image arrive byte for byte."""
        guest = self.guest(
            {'vda': LOCAL, 'sda': Iso(), 'sdb': Iso(size_mib=3)}
        )
        planned = self.run_json('plan', guest, _COPY)
        self.assertEqual(
            [
                ('sda', 'copy', 1 << 20),
                ('sdb', 'copy', 3 << 20),
            ],
            [
                (m['target'], m['action'], m['size_bytes'])
                for m in planned.tree['media']
            ],
        )
        self.assertEqual([], planned.tree['duties'])
        result = self.migrate(guest, _COPY, copied=['vda'])
        for target in ('sda', 'sdb'):
            path = guest.place(target).local('iso')
            self.assertEqual(
                self.a.path(path).read_bytes(), self.b.path(path).read_bytes()
            )
            self.assertIn(path, result.tree['created'])
        self.assertEqual(
            {'sda': True, 'sdb': True}, self.drives(guest, self.b)
        )
        self.assert_nothing_lost(guest, self.b)

    def test_from_elsewhere(self) -> None:
        """The command runs at the destination: libvirt reads the source."""
        guest = self.guest({'vda': LOCAL, 'sda': Iso()})
        done = self.program(
            *('--connect', self.a.remote_uri, 'migrate', guest.name),
            *(self.b.remote_uri, _COPY, '--local-path', lab_host.IMAGES),
            *('--listen-address', self.b.address),
            *('--migrate-uri', f'tcp://{self.b.address}'),
            host=self.b,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(
            self.medium(guest, self.a).read_bytes(),
            self.medium(guest, self.b).read_bytes(),
        )

    def test_refused(self) -> None:
        """Another file there, or one that is too large: nothing is done."""
        guest = self.guest({'vda': LOCAL, 'sda': Iso(size_mib=2)})
        reasons: dict[str | None, str] = {'sda': 'content-missing'}
        limit = ('--copy-media-limit', '1')
        self.assert_refused(guest, _COPY, *limit, reasons=reasons)
        theirs = self.medium(guest, self.b)
        theirs.write_bytes(b'theirs')
        self.assert_refused(guest, _COPY, reasons=reasons)
        self.assertEqual(b'theirs', theirs.read_bytes())

    def test_aborted(self) -> None:
        """Ctrl-C while the disk is copied takes the medium away again."""
        guest = self.guest({'vda': aborted_migration.LARGE, 'sda': Iso()})
        with self.unchanged():
            aborted_migration.abort(self, guest, _COPY)
        self.assertFalse(self.medium(guest, self.b).exists())
        self.assert_goes_on(guest)

    def test_killed(self) -> None:
        """What a killed program has copied in part, cleanup removes."""
        guest = self.guest({'vda': LOCAL, 'sda': Iso(size_mib=40)})
        running = self.a.popen(
            [base.PROGRAM, 'migrate', guest.name, self.b.remote_uri]
            + [_COPY, '--bandwidth', '1'],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.addCleanup(running.kill)
        theirs = self.medium(guest, self.b)
        waiting.until(
            lambda: theirs.exists() and theirs.stat().st_blocks > 2048,
            'a part of the medium',
            60,
        )
        running.kill()
        running.communicate()
        done = self.program('cleanup', '--remove', '-f', 'json')
        # The journal of a host has what other tests have left as well.
        states = {
            row['path']: row['state']
            for row in json.loads(done.stdout)
            if guest.name in row['path']
        }
        self.assertEqual({'removed'}, set(states.values()), states)
        self.assertIn(theirs.name, ' '.join(states))
        self.assertFalse(theirs.exists())
        self.assert_no_pools()
        self.assert_goes_on(guest)


class EjectTestCase(MediaCase):
    """--eject-media."""

    def test_ejected(self) -> None:
        """The drive is empty there, running and defined; here all stays."""
        guest = self.guest({'vda': LOCAL, 'sda': Iso()})
        before = self.medium(guest, self.a).read_bytes()
        self.migrate(guest, _EJECT, copied=['vda'])
        for flags in ((), ('--inactive',)):
            self.assertEqual(
                {'sda': False}, self.drives(guest, self.b, *flags)
            )
        self.assertEqual(before, self.medium(guest, self.a).read_bytes())
        self.assertFalse(self.medium(guest, self.b).exists())
        self.assert_nothing_lost(guest, self.b)

    def test_not_moved(self) -> None:
        """Where the migration fails the medium is still in the drive."""
        guest = self.guest({'vda': aborted_migration.LARGE, 'sda': Iso()})
        with self.unchanged():
            aborted_migration.abort(self, guest, _EJECT)
        self.assertEqual({'sda': True}, self.drives(guest, self.a))
        self.assert_goes_on(guest)

    def test_optional(self) -> None:
        """libvirt takes it out by its policy; --copy-media brings it."""
        guest = self.guest({'vda': LOCAL, 'sda': Iso(policy='requisite')})
        planned = self.run_json('plan', guest, _COPY)
        self.assertEqual(
            ['copy'], [m['action'] for m in planned.tree['media']]
        )
        result = self.migrate(guest, copied=['vda'])
        self.assertNotIn('media', result.tree['plan'])
        self.assertEqual({'sda': False}, self.drives(guest, self.b))
