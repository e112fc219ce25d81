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

"""The page "From virsh to here": its commands, on hosts that are like it."""

import dataclasses
import pathlib
import re
import shlex

from lab.hosts import lab_host
from lab.storage import cdrom_drives
from lab.storage import disk_places
from lab.storage import local_disks
from lab.storage import moved_disks
from lab.storage import shared_disks
from lab.storage import volume_disks
from lab.storage import volume_groups
from tests.storage import base

PAGE = (
    pathlib.Path(__file__).parents[2] / 'doc/source/user/from-virsh.rst'
).read_text()
#: Of the commands of the page: what they are called with, and what they say.
SHOWN = re.compile(
    r'^   a\$ nova-selective-migrate (.+)\n'
    r'(?:   .*\n|\n)*?   (REFUSED|READY|MOVED)',
    re.MULTILINE,
)
GUESTS = '/srv/guests'
_MIB = 48


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seed(cdrom_drives.Cdrom):
    """A medium, on a host that has a kernel of its own."""

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Make it of random bytes."""
        path = place.local('iso')
        host.run(['dd', 'if=/dev/urandom', f'of={path}', 'bs=1M', 'count=1'])


class FromVirshTest(base.StorageTestCase):
    """Host b has another directory, and a volume group of another name."""

    def setUp(self) -> None:
        super().setUp()
        self.use_nfs()
        for host, group in ((self.a, 'slow'), (self.b, 'fast')):
            made = volume_groups.VolumeGroup.create(host, group)
            self.addCleanup(made.remove)
            self.define_pool(host, group, 'logical', f'/dev/{group}')
        # tmpfs, which the rest of the tree is on, has no direct access here.
        inside = f'{lab_host.IMAGES}/guests'
        self.b.run(['mkdir', '-p', GUESTS, inside])
        self.addCleanup(self.b.run, ['rm', '-rf', inside])
        self.b.run(['mount', '--bind', inside, GUESTS])
        self.addCleanup(self.b.run, ['umount', GUESTS])

    def define_pool(
        self, host: lab_host.Host, name: str, kind: str, path: str
    ) -> None:
        host.virsh('pool-create-as', name, kind, '--target', path)
        self.addCleanup(host.virsh, 'pool-destroy', name, check=False)

    def new_name(self) -> str:
        """Return the guest of the page."""
        return 'web'

    def test_every_command(self) -> None:
        """Each says what the page shows, and the guest has moved."""
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(size_mib=_MIB),
                'vdb': volume_disks.LogicalVolume(size_mib=_MIB, group='slow'),
                'vdc': shared_disks.SharedFile(size_mib=_MIB),
                'sda': Seed(),
            }
        )
        commands = SHOWN.findall(PAGE)
        self.assertEqual(
            ['REFUSED', 'READY', 'MOVED'], [word for _, word in commands]
        )
        for words, said in commands:
            done = self.program(*shlex.split(words))
            self.assertRegex(done.stdout, f'(?m)^{said}', done.stderr)
        name = f'{guest.name}-vda.qcow2'
        disks = dict(guest.disks)
        disks['vda'] = moved_disks.MovedDisk(
            origin=guest.disks['vda'], path=f'{GUESTS}/{name}', format='qcow2'
        )
        disks['vdb'] = volume_disks.LogicalVolume(size_mib=_MIB, group='fast')
        there = dataclasses.replace(guest, disks=disks)
        self.assert_nothing_lost(there, self.b)
