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

"""How devices are attached, from sysfs as the kernel lays it out."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import block_devices
from nova_selective_migrate.host.facts import mountinfo
from tests.unit.host import fake_sysfs

PCI = 'pci0000:00/0000:00:1f.2'
SATA = f'{PCI}/ata1/host0/target0:0:0/0:0:0:0/block/sda'
SAS = f'{PCI}/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0/block/sdb'
SAS_EXPANDER = (
    f'{PCI}/host1/port-1:1/expander-1:0/port-1:0:3/end_device-1:0:3/'
    'target1:0:3/1:0:3:0/block/sdx'
)
ISCSI = 'platform/host4/session1/target4:0:0/4:0:0:1/block/sdc'
# An offloading adapter: the session hangs below a PCI function.
ISCSI_HBA = f'{PCI}/host5/session2/target5:0:0/5:0:0:1/block/sdd'
FC = f'{PCI}/host3/rport-3:0-2/target3:0:0/3:0:0:0/block/sde'
FCOE = (
    'virtual/net/eth0.7-fcoe/host7/rport-7:0-0/target7:0:0/7:0:0:0/block/sdf'
)
VIRTIO_BLK = 'pci0000:00/0000:00:04.0/virtio1/block/vda'
VIRTIO_SCSI = (
    'pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0/block/sdg'
)
USB = f'{PCI}/usb1/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block/sdh'
RAID = f'{PCI}/host0/target0:2:0/0:2:0:0/block/sdi'
NVME = 'pci0000:00/0000:03:00.0/nvme/nvme0/nvme0n1'
FABRICS = 'virtual/nvme-fabrics/ctl/nvme1/nvme1n1'
SUBSYSTEM = 'virtual/nvme-subsystem/nvme-subsys0'
VIRTUAL = 'virtual/block'


@ddt.ddt
class TransportTest(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.sysfs = fake_sysfs.FakeSysfs(top.name)

    def of(self, path, *slaves, **more) -> block_devices.Attached:
        numbers = self.sysfs.device(path, *slaves, **more)
        return block_devices.transport_of(*numbers, sysfs=self.sysfs.top)

    def reach(self, found: block_devices.Attached) -> storage_facts.Reach:
        """Say what the planner makes of it."""
        return storage_facts.device_reach(
            storage_facts.StorageFacts(
                transport=found.transport, slaves=found.slaves
            )
        )

    @ddt.data(
        (SATA, 'sata'),
        (SAS, 'sas'),
        (SAS_EXPANDER, 'sas'),
        (ISCSI, 'iscsi'),
        (ISCSI_HBA, 'iscsi'),
        (FC, 'fc'),
        (FCOE, 'fc'),
        (VIRTIO_BLK, 'virtio'),
        (VIRTIO_SCSI, 'virtio'),
        (USB, 'unknown'),
        (RAID, 'unknown'),
        (f'{VIRTUAL}/loop0', 'loop'),
        (f'{VIRTUAL}/ram3', 'ram'),
        (f'{VIRTUAL}/zram0', 'ram'),
        (f'{VIRTUAL}/nbd12', 'nbd'),
        (f'{VIRTUAL}/rbd0', 'rbd'),
        (f'{VIRTUAL}/drbd1', 'drbd'),
        (f'{VIRTUAL}/bcache0', 'unknown'),
        (f'{VIRTUAL}/loopy', 'unknown'),
    )
    @ddt.unpack
    def test_a_plain_device(self, path, want):
        self.assertEqual(block_devices.Attached(want), self.of(path))

    @ddt.data(
        ('ext4', 'loop'),
        ('xfs', 'loop'),
        ('tmpfs', 'loop'),
        ('nfs4', 'unknown'),
        ('ceph', 'unknown'),
        ('fuse.sshfs', 'unknown'),
        ('odd', 'unknown'),
        ('devtmpfs', 'unknown'),
    )
    @ddt.unpack
    def test_a_loop_over_a_file(self, fstype, want):
        """Another host can have a loop over the same file on NFS."""
        table = (
            '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n'
            f'2 1 0:50 / /srv rw - {fstype} srv:/e rw\n'
            '3 1 8:2 / /srv-too rw - nfs srv:/e rw\n'
        )
        path = f'{VIRTUAL}/loop0'
        self.sysfs.write(f'{path}/loop/backing_file', '/srv/x/a.img')
        file = self.sysfs.top / 'mountinfo'
        file.write_text(table)
        with mock.patch.object(mountinfo, '_TABLE', file):
            self.assertEqual(block_devices.Attached(want), self.of(path))
            below = self.of(f'{VIRTUAL}/dm-0', path)
        self.assertEqual(block_devices.Attached('dm', (want,)), below)

    def test_nvme_over_pcie(self):
        self.sysfs.write(f'{pathlib.Path(NVME).parent}/transport', 'pcie')
        self.assertEqual(block_devices.Attached('nvme'), self.of(NVME))

    @ddt.data('tcp', 'rdma', 'fc', 'loop')
    def test_nvme_over_fabrics(self, word):
        self.sysfs.write(f'{pathlib.Path(FABRICS).parent}/transport', word)
        self.assertEqual(
            block_devices.Attached('nvme-fabrics'), self.of(FABRICS)
        )

    def test_nvme_whose_transport_is_not_told(self):
        self.assertEqual(block_devices.Attached('unknown'), self.of(NVME))

    def _subsystem(self, **words: str) -> block_devices.Attached:
        """Make a disk of native multipath below its subsystem."""
        for name, word in words.items():
            controller = f'pci0000:00/0000:04:00.0/nvme/{name}'
            self.sysfs.write(f'{controller}/transport', word)
            # The path's own device, hidden and without a number.
            self.sysfs.write(f'{controller}/{name}c0n1/hidden', '1')
            self.sysfs.link(f'{SUBSYSTEM}/{name}', controller)
        return self.of(f'{SUBSYSTEM}/nvme0n1')

    def test_native_multipath_over_pcie(self):
        self.assertEqual(
            block_devices.Attached('nvme'), self._subsystem(nvme0='pcie')
        )

    def test_native_multipath_over_tcp(self):
        self.assertEqual(
            block_devices.Attached('nvme-fabrics'),
            self._subsystem(nvme0='tcp', nvme1='tcp'),
        )

    def test_one_controller_over_fabrics_is_enough(self):
        self.assertEqual(
            block_devices.Attached('nvme-fabrics'),
            self._subsystem(nvme0='pcie', nvme1='rdma'),
        )

    def test_native_multipath_without_controllers(self):
        self.assertEqual(block_devices.Attached('unknown'), self._subsystem())

    def test_a_partition_is_as_its_disk(self):
        self.of(SATA)
        part = self.of(f'{SATA}/sda1', files={'partition': '1'})
        self.assertEqual(block_devices.Attached('sata'), part)

    def test_a_partition_of_nvme_and_of_loop(self):
        self.sysfs.write(f'{pathlib.Path(NVME).parent}/transport', 'pcie')
        self.of(NVME)
        one = {'partition': '1'}
        part = self.of(f'{NVME}/nvme0n1p1', files=one)
        self.assertEqual(block_devices.Attached('nvme'), part)
        part = self.of(f'{VIRTUAL}/loop7/loop7p1', files=one)
        self.assertEqual(block_devices.Attached('loop'), part)

    def test_lvm_over_sata(self):
        self.of(SATA)
        found = self.of(f'{VIRTUAL}/dm-0', SATA, files={'dm/uuid': 'LVM-x'})
        self.assertEqual(block_devices.Attached('dm', ('sata',)), found)
        self.assertIs(storage_facts.Reach.LOCAL, self.reach(found))

    def test_lvm_over_a_partition(self):
        self.of(SATA)
        self.of(f'{SATA}/sda2', files={'partition': '2'})
        found = self.of(f'{VIRTUAL}/dm-0', f'{SATA}/sda2')
        self.assertEqual(block_devices.Attached('dm', ('sata',)), found)

    def test_lvm_over_iscsi(self):
        self.of(ISCSI)
        found = self.of(f'{VIRTUAL}/dm-0', ISCSI)
        self.assertEqual(block_devices.Attached('dm', ('iscsi',)), found)
        self.assertIs(storage_facts.Reach.CANDIDATE, self.reach(found))

    def test_lvm_over_local_and_iscsi_names_both_once(self):
        self.of(SATA)
        self.of(SAS)
        self.of(SAS_EXPANDER)
        self.of(ISCSI)
        found = self.of(f'{VIRTUAL}/dm-0', SATA, ISCSI, SAS, SAS_EXPANDER)
        self.assertEqual({'sata', 'iscsi', 'sas'}, {*found.slaves})
        self.assertEqual(3, len(found.slaves))
        self.assertIs(storage_facts.Reach.CANDIDATE, self.reach(found))

    def test_multipath_stays_multipath_whatever_its_paths_are(self):
        for path in (SATA, FC):
            self.of(path)
        mpath = {'dm/uuid': 'mpath-3600508b4'}
        found = self.of(f'{VIRTUAL}/dm-0', SATA, files=mpath)
        self.assertEqual('multipath', found.transport)
        found = self.of(f'{VIRTUAL}/dm-1', FC, files=mpath)
        self.assertEqual('multipath', found.transport)
        self.assertIs(storage_facts.Reach.CANDIDATE, self.reach(found))

    def test_multipath_below_lvm(self):
        self.of(SATA)
        self.of(f'{VIRTUAL}/dm-0', SATA, files={'dm/uuid': 'mpath-36'})
        found = self.of(
            f'{VIRTUAL}/dm-1', f'{VIRTUAL}/dm-0', files={'dm/uuid': 'LVM-x'}
        )
        self.assertEqual(block_devices.Attached('dm', ('multipath',)), found)
        self.assertIs(storage_facts.Reach.CANDIDATE, self.reach(found))

    def test_a_kpartx_partition_of_multipath(self):
        self.of(FC)
        self.of(f'{VIRTUAL}/dm-0', FC, files={'dm/uuid': 'mpath-36'})
        found = self.of(
            f'{VIRTUAL}/dm-1',
            f'{VIRTUAL}/dm-0',
            files={'dm/uuid': 'part1-mpath-36'},
        )
        self.assertIs(storage_facts.Reach.CANDIDATE, self.reach(found))

    @ddt.data('md0', 'md127', 'md_d0')
    def test_md_over_sata_and_its_partition(self, name):
        self.of(SATA)
        found = self.of(f'{VIRTUAL}/{name}', SATA)
        self.assertEqual(block_devices.Attached('md', ('sata',)), found)
        part = self.of(f'{VIRTUAL}/{name}/{name}p1', files={'partition': '1'})
        self.assertEqual(found, part)

    def test_lvm_over_md_over_iscsi(self):
        self.of(ISCSI)
        self.of(SATA)
        self.of(f'{VIRTUAL}/md0', ISCSI, SATA)
        found = self.of(f'{VIRTUAL}/dm-0', f'{VIRTUAL}/md0')
        self.assertEqual({'iscsi', 'sata'}, {*found.slaves})

    def test_lvm_over_usb_is_not_local(self):
        self.of(SATA)
        self.of(USB)
        found = self.of(f'{VIRTUAL}/dm-0', SATA, USB)
        self.assertIs(storage_facts.Reach.UNKNOWN, self.reach(found))

    def test_dm_over_nothing_is_not_local(self):
        found = self.of(f'{VIRTUAL}/dm-0', stacked=True)
        self.assertIs(storage_facts.Reach.UNKNOWN, self.reach(found))

    def test_an_inactive_device_below_lvm_does_not_vanish(self):
        # Otherwise what is left alone would speak for the whole.
        self.of(SATA)
        self.of(f'{VIRTUAL}/md0', stacked=True)
        found = self.of(f'{VIRTUAL}/dm-0', SATA, f'{VIRTUAL}/md0')
        self.assertIs(storage_facts.Reach.UNKNOWN, self.reach(found))

    def test_a_missing_device_is_unknown(self):
        found = block_devices.transport_of(8, 99, sysfs=self.sysfs.top)
        self.assertEqual(block_devices.Attached('unknown'), found)

    def test_a_device_that_goes_while_we_look_is_unknown(self):
        self.assertEqual(
            block_devices.Attached('unknown'),
            self.of(f'{VIRTUAL}/dm-0', 'gone/sdz'),
        )

    def test_every_word_is_one_that_the_planner_knows(self):
        for path in (SATA, SAS, VIRTIO_BLK, f'{VIRTUAL}/loop0'):
            self.assertIs(storage_facts.Reach.LOCAL, self.reach(self.of(path)))
        for path in (ISCSI, FC, f'{VIRTUAL}/nbd0', f'{VIRTUAL}/drbd0'):
            self.assertIs(
                storage_facts.Reach.CANDIDATE, self.reach(self.of(path))
            )

    def test_the_devices_of_this_machine_do_not_break_it(self):
        numbers = os.listdir('/sys/dev/block')
        for number in numbers:
            major, _, minor = number.partition(':')
            with self.subTest(number=number):
                found = block_devices.transport_of(int(major), int(minor))
                self.assertTrue(found.transport)
