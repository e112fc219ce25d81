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

"""What is of one host alone although both seem to have it."""

import json

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import local_disks
from lab.storage import nfs_export
from tests.storage import base

_MIB = 64


def _path(guest: lab_guest.Guest) -> str:
    return f'{lab_host.IMAGES}/{guest.name}-vda.qcow2'


class SourceServesTest(base.StorageTestCase):
    """The source is the NFS server of its own images: both have one file."""

    def serve(self, *options: str) -> lab_guest.Guest:
        """Have host b mount the images of host a, as its own."""
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=_MIB)})
        export = nfs_export.NfsExport.create(self.a, lab_host.IMAGES, *options)
        self.addCleanup(export.withdraw)
        self.addCleanup(nfs_export.unmount, self.b, lab_host.IMAGES)
        export.mount(self.b, lab_host.IMAGES)
        return guest

    def assert_never_ready(
        self, guest: lab_guest.Guest, *reasons: str
    ) -> None:
        """Check that nothing that an operator may say makes it a copy."""
        path = _path(guest)
        copying = ['--local-path', path, '--existing', 'vda']
        for options in (copying, [*copying, '--no-probe']):
            with self.subTest(options):
                planned = self.run_json('plan', guest, *options)
                found = {r['reason'] for r in planned.tree['refusals']}
                self.assertEqual(3, planned.exit_code, planned.stderr)
                self.assertLessEqual(found, set(reasons), found)
                self.assertEqual([], planned.tree['migrate_disks'])

    def test_refused(self) -> None:
        guest = self.serve()
        planned = self.run_json('plan', guest)
        (refusal,) = planned.tree['refusals']
        self.assertEqual('same-file-at-destination', refusal['reason'])
        self.assert_never_ready(
            guest,
            'same-file-at-destination',
            'destination-exists',
            'image-unproven',
        )
        refused = self.run_json('migrate', guest, '--existing', 'vda')
        self.assertEqual('refused', refused.tree['outcome'])
        self.assert_goes_on(guest)


class EqualInodeTest(base.StorageTestCase):
    """Two kernels number their files alike; that makes them no one file."""

    def test_copied(self) -> None:
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=_MIB)})
        guest.prepare_destination(self.b)
        look = f'stat --format="%d %i" {_path(guest)}'
        # The same first file of two file systems that were made alike.
        self.assertEqual(*(self.shell(host, look) for host in self.lab.hosts))
        planned = self.run_json('plan', guest)
        (refusal,) = planned.tree['refusals']
        self.assertEqual('destination-exists', refusal['reason'])
        self.migrate(guest, '--existing', 'vda', copied={'vda'})
        self.assert_nothing_lost(guest, self.b)


class ConfigDriveTest(base.StorageTestCase):
    """A config drive in vfat, as nova makes one, that both kernels mount."""

    def test_copied(self) -> None:
        drive = local_disks.LocalFile(size_mib=_MIB, format='raw')
        said = {'uuid': 'of the instance', 'random_seed': 'x' * 4096}
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=_MIB)})
        place = guest.place('vdz')
        drive.create(place, self.a)
        path = place.local('raw')
        self.mounted(self.a, f'mkfs.vfat -n config-2 {path}', path)
        self.a.run(
            ['sh', '-c', 'cat > /mnt/drive/meta_data.json'],
            input=json.dumps(said),
        )
        self.shell(self.a, 'umount /mnt/drive')
        self.a.virsh(
            'attach-device',
            guest.name,
            '/dev/stdin',
            '--live',
            '--config',
            input=drive.xml(place, self.a),
        )
        before = base.content_of(self.a, path)
        self.migrate(guest, copied={'vda', 'vdz'})
        guest.stop(self.b)
        self.assertEqual(before, base.content_of(self.b, path))
        self.mounted(self.b, 'modprobe vfat', path)
        found = self.shell(self.b, 'cat /mnt/drive/meta_data.json')
        self.shell(self.b, 'umount /mnt/drive')
        self.assertEqual(said, json.loads(found))

    def mounted(self, host: lab_host.Host, first: str, path: str) -> None:
        self.shell(
            host,
            f'{first} && mkdir -p /mnt/drive && '
            f'mount -t vfat -o loop {path} /mnt/drive',
        )
