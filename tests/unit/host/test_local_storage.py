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

"""Facts of real files on the real file system."""

import dataclasses
import errno
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import local_storage
from tests.unit.host import fake_sysfs

MIB = 1 << 20
UNKNOWN = storage_facts.StorageFacts()


def _silent(found):
    """Leave out why nothing is known; something is said."""
    return dataclasses.replace(found, error=None)


GONE = storage_facts.StorageFacts(exists=False)
DEVICES = [p for p in pathlib.Path('/dev').iterdir() if p.is_block_device()]


class LocalStorageTest(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = pathlib.Path(top.name).resolve()
        self.file = self.top / 'disk'
        self.file.write_bytes(b'x' * 5000)

    def test_a_regular_file(self):
        found = local_storage.local_facts(str(self.file))
        mount = local_storage.mount_of(str(self.top))
        self.assertTrue(found.exists)
        self.assertIs(storage_facts.PathKind.FILE, found.kind)
        self.assertEqual(str(self.file), found.resolved)
        self.assertEqual(mount.fstype, found.fstype)
        self.assertEqual(mount.source, found.mount_source)
        self.assertEqual(mount.mount_point, found.mount_point)
        self.assertIsNone(found.transport)
        # A file's length is not what the guest sees of a qcow2.
        self.assertIsNone(found.virtual_bytes)

    def test_holes_are_not_allocated(self):
        sparse = self.top / 'sparse'
        with sparse.open('wb') as out:
            out.truncate(64 * MIB)
            out.write(b'x' * MIB)
            os.fsync(out.fileno())
        found = local_storage.local_facts(str(sparse))
        self.assertGreaterEqual(found.allocated_bytes, MIB)
        self.assertLess(found.allocated_bytes, 2 * MIB)

    def test_a_symbolic_link_is_followed_to_its_end(self):
        (self.top / 'one').symlink_to('two')
        (self.top / 'two').symlink_to(self.file)
        self.assertEqual(
            local_storage.local_facts(str(self.file)),
            local_storage.local_facts(str(self.top / 'one')),
        )

    def test_a_hard_link_is_the_same_file(self):
        other = self.top / 'other'
        os.link(self.file, other)
        self.assertEqual(
            local_storage.local_facts(str(self.file)).identity,
            local_storage.local_facts(str(other)).identity,
        )

    def test_another_file_has_another_identity(self):
        other = self.top / 'other'
        other.write_bytes(b'x' * 5000)
        self.assertNotEqual(
            local_storage.local_facts(str(self.file)).identity,
            local_storage.local_facts(str(other)).identity,
        )

    def test_another_kernel_gives_another_identity(self):
        mine = local_storage.local_facts(str(self.file)).identity
        with mock.patch.object(local_storage, '_boot_id', lambda: 'other'):
            theirs = local_storage.local_facts(str(self.file)).identity
        self.assertNotEqual(mine, theirs)

    def test_the_boot_id_is_the_kernels(self):
        path = pathlib.Path('/proc/sys/kernel/random/boot_id')
        identity = local_storage.local_facts(str(self.file)).identity
        self.assertIn(path.read_text().strip(), identity)

    def test_what_is_missing_is_known_to_be(self):
        self.assertEqual(GONE, local_storage.local_facts(str(self.top / 'no')))

    def test_a_path_through_a_file_is_missing(self):
        self.assertEqual(GONE, local_storage.local_facts(f'{self.file}/disk'))

    def test_a_dangling_link_is_missing(self):
        (self.top / 'link').symlink_to('nowhere')
        self.assertEqual(
            GONE, local_storage.local_facts(str(self.top / 'link'))
        )

    def test_a_directory(self):
        found = local_storage.local_facts(str(self.top))
        self.assertIs(storage_facts.PathKind.DIRECTORY, found.kind)
        self.assertIsNone(found.allocated_bytes)

    def test_what_is_no_storage_is_other(self):
        fifo = self.top / 'fifo'
        os.mkfifo(fifo)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.top / 'socket'))
        for path in (fifo, self.top / 'socket', pathlib.Path('/dev/null')):
            with self.subTest(path=path):
                found = local_storage.local_facts(str(path))
                self.assertIs(storage_facts.PathKind.OTHER, found.kind)
                self.assertTrue(found.exists)

    def test_a_loop_of_links_is_unknown(self):
        (self.top / 'a').symlink_to('b')
        (self.top / 'b').symlink_to('a')
        self.assertEqual(
            UNKNOWN, _silent(local_storage.local_facts(str(self.top / 'a')))
        )

    def test_a_name_that_is_too_long_is_unknown(self):
        path = str(self.top / ('x' * 300))
        self.assertEqual(UNKNOWN, _silent(local_storage.local_facts(path)))

    def test_a_name_that_no_file_can_have_is_unknown(self):
        self.assertEqual(UNKNOWN, local_storage.local_facts('/a\0b'))

    def test_what_we_may_not_see_is_unknown_and_not_missing(self):
        # root may see everything, so that the refusal is made here.
        error = PermissionError(errno.EACCES, 'Permission denied')
        with mock.patch.object(os, 'stat', side_effect=error):
            self.assertEqual(
                UNKNOWN, _silent(local_storage.local_facts(str(self.file)))
            )

    def test_what_a_client_of_nfs_remembers_is_not_there(self):
        """The server is asked too; stat(2) may be answered without it."""
        error = OSError(errno.ESTALE, 'Stale file handle')
        with mock.patch.object(os, 'statvfs', side_effect=error):
            found = local_storage.local_facts(str(self.file))
        self.assertEqual(
            storage_facts.StorageFacts(error='Stale file handle'), found
        )

    def test_a_file_system_without_statfs(self):
        error = OSError(errno.ENOSYS, 'Function not implemented')
        with mock.patch.object(os, 'statvfs', side_effect=error):
            self.assertTrue(local_storage.local_facts(str(self.file)).exists)

    def test_what_vanishes_under_our_hands_is_missing(self):
        error = FileNotFoundError(errno.ENOENT, 'gone')
        with mock.patch.object(local_storage, 'mount_of', side_effect=error):
            self.assertEqual(GONE, local_storage.local_facts(str(self.file)))

    def _meanwhile(self, module, name, happens):
        """Let something happen before a step of the look, once."""
        real = getattr(module, name)
        left = [happens]

        def step(*args, **kwargs):
            if left:
                left.pop()()
            return real(*args, **kwargs)

        with mock.patch.object(module, name, step):
            return local_storage.local_facts(str(self.file))

    STEPS = (
        *((os.path, 'realpath'), (os, 'stat'), (local_storage, 'mount_of')),
        *((os, 'open'), (os.path, 'samestat')),
    )

    def test_it_vanishes_between_any_two_looks(self):
        for module, name in self.STEPS:
            with self.subTest(before=name):
                self.file.write_bytes(b'x')
                found = self._meanwhile(module, name, self.file.unlink)
                # Seen to the end before it went, or not at all.
                whole = name == 'samestat'
                self.assertEqual(whole, found != GONE, found)

    def test_it_is_another_between_any_two_looks(self):
        def replace():
            self.file.unlink()
            self.file.symlink_to('/proc/version')

        for module, name in self.STEPS[1:-1]:
            with self.subTest(before=name):
                self.file.unlink()
                self.file.write_bytes(b'x')
                found = self._meanwhile(module, name, replace)
                # Never the file of one place with the mount of another.
                if _silent(found) != UNKNOWN:
                    other = local_storage.local_facts('/proc/version')
                    self.assertEqual(
                        (other.fstype, other.identity),
                        (found.fstype, found.identity),
                    )

    def test_a_folder_becomes_a_loop_between_two_looks(self):
        folder = self.top / 'folder'
        folder.mkdir()
        self.file = folder / 'disk'

        def loop():
            folder.rename(self.top / 'was')
            folder.symlink_to('folder')

        self.file.write_bytes(b'x')
        found = self._meanwhile(local_storage, 'mount_of', loop)
        self.assertEqual(UNKNOWN, _silent(found))

    def test_loops_of_folders_are_unknown(self):
        (self.top / 'x').symlink_to('y/x')
        (self.top / 'y').symlink_to('x/y')
        (self.top / 'self').symlink_to('self')
        for name in ('x', 'y/disk', 'self', 'self/disk'):
            with self.subTest(name=name):
                path = str(self.top / name)
                self.assertEqual(
                    UNKNOWN, _silent(local_storage.local_facts(path))
                )

    def test_a_mount_that_cannot_be_told_leaves_the_rest(self):
        with mock.patch.object(local_storage, 'mount_of', return_value=None):
            found = local_storage.local_facts(str(self.file))
        self.assertIsNone(found.fstype)
        self.assertIs(storage_facts.PathKind.FILE, found.kind)

    @unittest.skipUnless(DEVICES, 'this machine shows no block device')
    def test_a_block_device_has_a_transport_and_no_allocation(self):
        device = DEVICES[0]
        attached = local_storage.Attached('dm', ('sata',))
        with mock.patch.object(
            local_storage, 'transport_of', return_value=attached
        ) as of_device:
            found = local_storage.local_facts(str(device))
        number = device.stat().st_rdev
        of_device.assert_called_once_with(os.major(number), os.minor(number))
        self.assertIs(storage_facts.PathKind.BLOCK, found.kind)
        self.assertEqual(('dm', ('sata',)), (found.transport, found.slaves))
        self.assertIsNone(found.allocated_bytes)
        self.assertIn(f':block:{number}', found.identity)


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

    def of(self, path, *slaves, **more) -> local_storage.Attached:
        numbers = self.sysfs.device(path, *slaves, **more)
        return local_storage.transport_of(*numbers, sysfs=self.sysfs.top)

    def reach(self, found: local_storage.Attached) -> storage_facts.Reach:
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
        self.assertEqual(local_storage.Attached(want), self.of(path))

    def test_nvme_over_pcie(self):
        self.sysfs.write(f'{pathlib.Path(NVME).parent}/transport', 'pcie')
        self.assertEqual(local_storage.Attached('nvme'), self.of(NVME))

    @ddt.data('tcp', 'rdma', 'fc', 'loop')
    def test_nvme_over_fabrics(self, word):
        self.sysfs.write(f'{pathlib.Path(FABRICS).parent}/transport', word)
        self.assertEqual(
            local_storage.Attached('nvme-fabrics'), self.of(FABRICS)
        )

    def test_nvme_whose_transport_is_not_told(self):
        self.assertEqual(local_storage.Attached('unknown'), self.of(NVME))

    def _subsystem(self, **words: str) -> local_storage.Attached:
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
            local_storage.Attached('nvme'), self._subsystem(nvme0='pcie')
        )

    def test_native_multipath_over_tcp(self):
        self.assertEqual(
            local_storage.Attached('nvme-fabrics'),
            self._subsystem(nvme0='tcp', nvme1='tcp'),
        )

    def test_one_controller_over_fabrics_is_enough(self):
        self.assertEqual(
            local_storage.Attached('nvme-fabrics'),
            self._subsystem(nvme0='pcie', nvme1='rdma'),
        )

    def test_native_multipath_without_controllers(self):
        self.assertEqual(local_storage.Attached('unknown'), self._subsystem())

    def test_a_partition_is_as_its_disk(self):
        self.of(SATA)
        part = self.of(f'{SATA}/sda1', files={'partition': '1'})
        self.assertEqual(local_storage.Attached('sata'), part)

    def test_a_partition_of_nvme_and_of_loop(self):
        self.sysfs.write(f'{pathlib.Path(NVME).parent}/transport', 'pcie')
        self.of(NVME)
        one = {'partition': '1'}
        part = self.of(f'{NVME}/nvme0n1p1', files=one)
        self.assertEqual(local_storage.Attached('nvme'), part)
        part = self.of(f'{VIRTUAL}/loop7/loop7p1', files=one)
        self.assertEqual(local_storage.Attached('loop'), part)

    def test_lvm_over_sata(self):
        self.of(SATA)
        found = self.of(f'{VIRTUAL}/dm-0', SATA, files={'dm/uuid': 'LVM-x'})
        self.assertEqual(local_storage.Attached('dm', ('sata',)), found)
        self.assertIs(storage_facts.Reach.LOCAL, self.reach(found))

    def test_lvm_over_a_partition(self):
        self.of(SATA)
        self.of(f'{SATA}/sda2', files={'partition': '2'})
        found = self.of(f'{VIRTUAL}/dm-0', f'{SATA}/sda2')
        self.assertEqual(local_storage.Attached('dm', ('sata',)), found)

    def test_lvm_over_iscsi(self):
        self.of(ISCSI)
        found = self.of(f'{VIRTUAL}/dm-0', ISCSI)
        self.assertEqual(local_storage.Attached('dm', ('iscsi',)), found)
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
        self.assertEqual(local_storage.Attached('dm', ('multipath',)), found)
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
        self.assertEqual(local_storage.Attached('md', ('sata',)), found)
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
        found = local_storage.transport_of(8, 99, sysfs=self.sysfs.top)
        self.assertEqual(local_storage.Attached('unknown'), found)

    def test_a_device_that_goes_while_we_look_is_unknown(self):
        self.assertEqual(
            local_storage.Attached('unknown'),
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
                found = local_storage.transport_of(int(major), int(minor))
                self.assertTrue(found.transport)


OPTIONAL = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
36 35 98:0 /mnt1 /mnt/one rw,noatime master:1 - ext3 /dev/root rw,errors=x
37 35 98:0 / /mnt/two rw shared:1 master:2 propagate_from:3 - nfs4 h:/e rw
"""
# Run in namespaces of its own, so that nothing is mounted for others.
MOUNTS = """
import json, os, pathlib, subprocess, sys
from nova_selective_migrate.host.facts import local_storage

top = sys.argv[1]
found = {}

def mount(*arguments):
    subprocess.run(['mount', *arguments], check=True)

def folder(name):
    path = os.path.join(top, name)
    os.mkdir(path)
    return path

def see(key, path):
    mount = local_storage.mount_of(path)
    found[key] = mount and [mount.fstype, mount.source, mount.mount_point]

origin, bind, inner = folder('origin'), folder('bind'), folder('bind/inner')
pathlib.Path(origin, 'disk').write_text('x')
mount('-t', 'tmpfs', 'inside', origin)
pathlib.Path(origin, 'disk').write_text('x')
mount('--bind', origin, bind)
see('bind', bind + '/disk')

over = folder('over')
mount('-t', 'tmpfs', 'first', over)
pathlib.Path(over, 'disk').write_text('x')
handle = os.open(over + '/disk', os.O_RDONLY)
mount('-t', 'tmpfs', 'second', over)
pathlib.Path(over, 'disk').write_text('x')
see('overmount', over + '/disk')
see('below', f'/proc/self/fd/{handle}')

single = pathlib.Path(top, 'single')
single.write_text('x')
mount('--bind', origin + '/disk', str(single))
see('file', str(single))

link = os.path.join(top, 'link')
os.symlink(over, link)
see('link', link + '/disk')

for name in sys.argv[2:]:
    path = folder(name)
    mount('-t', 'tmpfs', name, path)
    see(name, path)
print(json.dumps(found))
"""
AWKWARD = ('a b', 'tab\there', 'back\\slash', 'line\nbreak', '#hash', ' - x')
# Python breaks lines at these, the kernel does not escape them.
NOT_ESCAPED = ('carriage\rreturn', 'form\x0cfeed', 'nel\x85', 'sep\u2028')


def have_namespaces() -> bool:
    tried = subprocess.run(
        ['unshare', '-rm', 'true'], capture_output=True, check=False
    )
    return tried.returncode == 0


class ParseTest(unittest.TestCase):
    def test_optional_fields_are_passed_over(self):
        mounts = local_storage.parse_mountinfo(OPTIONAL)
        self.assertEqual({22, 36, 37}, mounts.keys())
        self.assertEqual(
            local_storage.Mount(36, '/mnt/one', 'ext3', '/dev/root'),
            mounts[36],
        )
        self.assertEqual(
            local_storage.Mount(37, '/mnt/two', 'nfs4', 'h:/e'), mounts[37]
        )

    def test_escapes_are_undone(self):
        text = r'1 2 0:3 / /a\040b\011c\012d\134e\043f rw - x h:/\040s rw'
        self.assertEqual(
            local_storage.Mount(1, '/a b\tc\nd\\e#f', 'x', 'h:/ s'),
            local_storage.parse_mountinfo(text)[1],
        )

    def test_an_escaped_backslash_is_not_unescaped_twice(self):
        mount = local_storage.parse_mountinfo(
            r'1 2 0:3 / /a\134040 rw - x s rw'
        )[1]
        self.assertEqual(r'/a\040', mount.mount_point)

    def test_an_empty_source_stays_empty(self):
        mount = local_storage.parse_mountinfo('1 2 0:3 / /a rw - tmpfs  rw')[1]
        self.assertEqual(('tmpfs', ''), (mount.fstype, mount.source))

    def test_what_is_no_line_of_mountinfo_is_passed_over(self):
        for line in (
            '',
            'words',
            '1 2 0:3 / /a rw',
            '1 2 0:3 / rw - ext4 s rw',
            '1 2 0:3 / /a rw - ext4',
            'x 2 0:3 / /a rw - ext4 s rw',
            '-1 2 0:3 / /a rw - ext4 s rw',
        ):
            with self.subTest(line=line):
                text = f'{line}\n9 2 0:3 / /b rw - xfs s rw\n'
                self.assertEqual(
                    [9], list(local_storage.parse_mountinfo(text))
                )


class OfPathTest(unittest.TestCase):
    def test_the_kernel_agrees_on_every_mount_of_this_process(self):
        text = pathlib.Path('/proc/self/mountinfo').read_text()
        devices = {
            line.split()[0]: line.split()[2]
            for line in text.split('\n')
            if line
        }
        seen = 0
        for mount in local_storage.parse_mountinfo(text).values():
            path = mount.mount_point
            try:
                found = local_storage.mount_of(path)
                device = os.stat(path).st_dev
            except OSError:
                continue  # not ours to see, or gone by now
            with self.subTest(path=path):
                # The mount itself, or the one that was put over it.
                self.assertEqual(path, found.mount_point)
                # btrfs gives each subvolume a device of its own.
                if found.fstype != 'btrfs':
                    self.assertEqual(
                        f'{os.major(device)}:{os.minor(device)}',
                        devices[str(found.mount_id)],
                    )
                seen += 1
        self.assertGreater(seen, 0)

    def test_proc_is_proc(self):
        self.assertEqual('proc', local_storage.mount_of('/proc/self').fstype)

    def test_a_fifo_is_not_opened(self):
        # open(2) without O_PATH would wait for a writer, for ever.
        with tempfile.TemporaryDirectory() as top:
            fifo = os.path.join(top, 'fifo')
            os.mkfifo(fifo)
            self.assertEqual(
                local_storage.mount_of(top), local_storage.mount_of(fifo)
            )

    def test_no_file_descriptor_is_left(self):
        before = os.listdir('/proc/self/fd')
        for _ in range(5):
            local_storage.mount_of('/')
        self.assertEqual(len(before), len(os.listdir('/proc/self/fd')))

    def test_a_missing_path_is_an_error(self):
        with self.assertRaises(FileNotFoundError):
            local_storage.mount_of('/no/such/path')


@unittest.skipUnless(
    have_namespaces(), 'this system allows no mount in a user namespace'
)
class RealMountsTest(unittest.TestCase):
    """Mounts made by mount(8) in a namespace of their own."""

    def _see(self, *names: str) -> dict[str, list[str] | None]:
        with tempfile.TemporaryDirectory() as top:
            done = subprocess.run(
                ['unshare', '-rm', sys.executable, '-c', MOUNTS, top, *names],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(0, done.returncode, done.stderr)
            self.top = top
            return json.loads(done.stdout)

    def test_bind_mounts_and_mounts_over_mounts(self):
        found = self._see()
        top = self.top
        want = {
            'bind': ['tmpfs', 'inside', f'{top}/bind'],
            'overmount': ['tmpfs', 'second', f'{top}/over'],
            'below': ['tmpfs', 'first', f'{top}/over'],
            'file': ['tmpfs', 'inside', f'{top}/single'],
            'link': ['tmpfs', 'second', f'{top}/over'],
        }
        self.assertEqual(want, found)

    def test_names_that_the_kernel_escapes(self):
        found = self._see(*AWKWARD)
        for name in AWKWARD:
            with self.subTest(name=name):
                self.assertEqual(
                    ['tmpfs', name, f'{self.top}/{name}'], found[name]
                )

    def test_names_with_line_breaks_that_the_kernel_does_not_escape(self):
        found = self._see(*NOT_ESCAPED)
        for name in NOT_ESCAPED:
            with self.subTest(name=name):
                self.assertEqual(
                    ['tmpfs', name, f'{self.top}/{name}'], found[name]
                )
