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

"""The same on other releases of libvirt and QEMU."""

import ddt

from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base


@ddt.ddt
class ReleaseTestCase(base.EndToEndTestCase):
    """Hosts of another Debian release, or of two."""

    @ddt.data('trixie', 'sid')
    def test_both_hosts(self, release: str) -> None:
        """A local disk beside shared ones, there and back."""
        self.use_lab({'a': release, 'b': release})
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(format='qcow2'),
                'vdb': local_disks.LocalFile(format='raw'),
                'vdc': shared_disks.SharedNetwork(),
            }
        )
        moved = self.migrate(guest, copied=['vda', 'vdb'])
        for left in moved.tree['left']:
            self.a.path(left['path']).unlink()
        self.migrate(
            guest,
            '--direct',
            copied=['vda', 'vdb'],
            source=self.b,
            destination=self.a,
        )
        self.assert_nothing_lost(guest, self.a)

    def test_upwards(self) -> None:
        """From this machine's release to the next."""
        self.use_lab({'b': 'trixie'})
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(format='qcow2'),
                'vdb': shared_disks.SharedNetwork(),
            }
        )
        self.migrate(guest, copied=['vda'])
        self.assert_nothing_lost(guest, self.b)

    def test_paused_twice(self) -> None:
        """QEMU 10.0 takes what is refused before it."""
        self.use_lab({'a': 'trixie', 'b': 'trixie'})
        guest = self.guest({'vda': shared_disks.SharedNetwork()})
        self.a.virsh('suspend', guest.name)
        self.migrate(guest, copied=[], running=False)
        self.migrate(
            guest,
            copied=[],
            source=self.b,
            destination=self.a,
            running=False,
        )
        self.a.virsh('resume', guest.name)
        now = guest.acknowledged()
        guest.wait_for_records(
            self.a, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_nothing_lost(guest, self.a)
