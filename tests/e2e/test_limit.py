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

"""Exactly as many disks as libvirt's parameters allow, over all hops."""

import uuid

import ddt

from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.hosts import lab_host
from lab.storage import local_disks
from tests.e2e import base

# Beside them libvirt adds destination_xml and destination_name to our
# migrate_uri and listen_address, and takes 64.
_MOST = 60
_DISK = local_disks.LocalFile(format='raw', size_mib=1)
_CONTROLLERS = ''.join(
    f"<controller type='scsi' index='{index}' model='virtio-scsi'/>"
    for index in range(1, 6)
)


def _target(number: int) -> str:
    """Name a disk: sda ... sdz, sdaa ..."""
    high, low = divmod(number, 26)
    letters = ('', chr(ord('a') + high - 1))[high > 0]
    return f'sd{letters}{chr(ord("a") + low)}'


@ddt.ddt
class LimitTestCase(base.EndToEndTestCase):
    """Many disks, of a paused guest: what counts is how many."""

    def many(self, count: int) -> lab_guest.Guest:
        """Start a guest with so many disks."""
        disks = {_target(number): _DISK for number in range(count)}
        guest = lab_guest.Guest(
            self.lab,
            f'g{uuid.uuid4().hex[:8]}',
            disks,
            devices_xml=_CONTROLLERS,
        )
        self.addCleanup(self.forget, guest)
        self.make(guest, self.a)
        guest.start(self.a, paused=True)
        return guest

    def make(self, guest: lab_guest.Guest, host: lab_host.Host) -> None:
        """Make all images of a guest, without a process for each."""
        for target, disk in guest.disks.items():
            path = host.path(guest.place(target).local('raw'))
            with path.open('wb') as file:
                file.truncate(disk.size_mib << 20)

    @ddt.data((), ('--direct',), ('--tls', '--parallel'))
    def test_most(self, options: tuple[str, ...]) -> None:
        """All are copied, and the guest moves."""
        if '--tls' in options:
            self.certify()
            # The name for the certificate is no parameter to the other host.
            options = (*options, '--migrate-uri', 'tcp://b')
        guest = self.many(_MOST)
        result = self.migrate(
            guest, *options, copied=[*guest.disks], running=False
        )
        sent = result.tree['plan']['parameters']
        wanted = {'migrate_disks', 'migrate_uri', 'listen_address'}
        if not options:
            # 64 of them: here alone there is room to keep disks thin.
            wanted |= {'destination_xml', 'persistent_xml'}
        self.assertEqual(wanted, sent.keys() - {'tls.destination'})

    def test_one_more(self) -> None:
        """It is refused, and libvirt would fail when all is copied."""
        guest = self.many(_MOST + 1)
        self.assert_refused(guest, reasons={None: 'too-many-parameters'})
        self.make(guest, self.b)
        since = monitor_log.mark(self.a)
        tried = self.a.virsh(
            *('migrate', '--live', '--p2p', guest.name, self.b.remote_uri),
            *('--copy-storage-all', '--migrate-disks', ','.join(guest.disks)),
            *('--migrateuri', f'tcp://{self.b.address}'),
            *('--listen-address', self.b.address),
            check=False,
        )
        self.assertIn("too many parameters '65' for limit '64'", tried.stderr)
        ends = [m.end for m in monitor_log.mirrors(self.a, guest, since)]
        self.assertEqual(['completed'] * (_MOST + 1), ends)
        self.assertEqual('paused', guest.state(self.a))
