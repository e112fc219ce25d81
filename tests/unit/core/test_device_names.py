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

"""Which names of devices mean the same on every host."""

import unittest

import ddt

from nova_selective_migrate.core.evidence import device_names
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts
from tests.unit.core import builders as b

BLOCK = domains.SourceType.BLOCK
FILE = domains.SourceType.FILE
_ISCSI = '-iscsi-iqn.2010-10.org.openstack:x-lun-1'
_PATH = '/dev/disk/by-path'
_ID = '/dev/disk/by-id'
_HEX = '3600a09803830374e2f244a6b33535a51'


@ddt.ddt
class SameEverywhereTest(unittest.TestCase):
    def _same(self, source, facts=None):
        return device_names.same_everywhere(source, facts)

    @ddt.data(
        f'{_ID}/dm-uuid-mpath-{_HEX}',
        f'{_ID}/dm-uuid-part1-mpath-{_HEX}',
        f'{_ID}/scsi-{_HEX}',
        f'{_ID}/wwn-0x{_HEX[1:]}',
        f'{_ID}/nvme-uuid.0123',
        f'{_ID}/emc-vol-1-2',
        f'/dev//disk/by-id/scsi-{_HEX}',
        f'{_PATH}/ip-10.0.0.1:3260{_ISCSI}',
        f'{_PATH}/ip-[fd00::1]:3260{_ISCSI}',
        f'/dev/mapper/{_HEX}',
        f'/dev/mapper/{_HEX}-part1',
        '/dev/mapper/eui.0025388b00000001',
        '/dev/rbd/volumes/x',
        '/dev/rbd/volumes/namespace/x',
        '/dev/drbd/by-res/x/0',
        '/dev/storpool/x',
        f'/dev/cinder-volumes/volume-{b.VOLUME}',
        '/dev/mapper/cinder--volumes-volume--' + b.VOLUME.replace('-', '--'),
    )
    def test_alike(self, path):
        self.assertTrue(self._same(domains.DiskSource(type=BLOCK, path=path)))

    @ddt.data(
        '/dev/dm-4',
        '/dev/sdb',
        '/dev/sdb1',
        '/dev/vdb',
        '/dev/nvme0n1',
        '/dev/loop0',
        '/dev/md127',
        '/dev/drbd1000',
        '/dev/nbd0',
        '/dev/rbd0',
        '/dev/rbd/x',
        '/dev/scinia',
        '/dev/vg/lv',
        '/dev/mapper/mpatha',
        '/dev/mapper/vg-lv',
        '/dev/mapper/crypt-x',
        f'/dev/mapper/{_HEX[:-1]}',
        f'{_ID}/dm-name-mpatha',
        f'{_ID}/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0',
        f'{_ID}/../../dm-4',
        f'{_PATH}/pci-0000:05:00.0-ip-10.0.0.1:3260{_ISCSI}',
        f'{_PATH}/pci-0000:05:00.0-ip-10.0.0.1:3260-iscsi-iqn.x:'
        f'volume-{b.VOLUME}-lun-1',
        f'{_PATH}/pci-0000:05:00.0-fc-0x50014380242b9751-lun-2',
        f'{_PATH}/ccw-0.0.1900-fc-0x50014380242b9751-lun-2',
        f'{_PATH}/ip-127.0.0.1:3260{_ISCSI}',
        f'{_PATH}/ip-[::1]:3260{_ISCSI}',
        f'{_PATH}/ip-localhost:3260{_ISCSI}',
        f'{_PATH}/ip-127.0.0.1{_ISCSI}',
        '/data/x',
        '',
    )
    def test_dealt(self, path):
        self.assertFalse(self._same(domains.DiskSource(type=BLOCK, path=path)))

    def test_a_file_below_a_mount(self):
        source = domains.DiskSource(type=FILE, path='/mnt/x/volume')
        self.assertTrue(self._same(source))

    def test_a_device_in_a_file_disk(self):
        source = domains.DiskSource(type=FILE, path='/dev/dm-4')
        self.assertFalse(self._same(source))
        # Of which the host tells all but its kind.
        self.assertFalse(self._same(source, storage_facts.StorageFacts()))
        named = domains.DiskSource(type=FILE, path=f'{_ID}/scsi-{_HEX}')
        self.assertTrue(self._same(named))
        behind = domains.DiskSource(type=FILE, path='/data/link')
        facts = storage_facts.StorageFacts(kind=storage_facts.PathKind.BLOCK)
        self.assertFalse(self._same(behind, facts))

    def test_a_network_disk(self):
        source = domains.DiskSource(
            type=domains.SourceType.NETWORK, protocol='rbd', name='a/b'
        )
        self.assertTrue(self._same(source))

    @ddt.data('NVME', 'DIR', 'VHOSTUSER', 'VHOSTVDPA', 'VOLUME', 'OTHER')
    def test_what_belongs_to_a_host(self, name):
        for path in ('/x', f'{_ID}/scsi-{_HEX}'):
            source = domains.DiskSource(
                type=domains.SourceType[name], path=path
            )
            self.assertFalse(self._same(source))

    def test_a_device_is_one_whatever_its_path(self):
        source = domains.DiskSource(type=BLOCK, path='/data/link')
        self.assertTrue(device_names.is_device(source, None))

    def test_names_that_are_made_from_a_serial(self):
        for path, made in (
            (f'{_ID}/emc-vol-1-2', True),
            (f'{_ID}/wwn-0x{_HEX[1:]}', False),
            ('/dev/sdb', False),
        ):
            self.assertEqual(made, device_names.of_a_serial(path))
