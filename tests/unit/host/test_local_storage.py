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
import os
import pathlib
import socket
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import block_devices
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import mountinfo

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
        mount = mountinfo.mount_of(str(self.top))
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
        with mock.patch.object(mountinfo, 'mount_of', side_effect=error):
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
        *((os.path, 'realpath'), (os, 'stat'), (mountinfo, 'mount_of')),
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
        found = self._meanwhile(mountinfo, 'mount_of', loop)
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
        with mock.patch.object(mountinfo, 'mount_of', return_value=None):
            found = local_storage.local_facts(str(self.file))
        self.assertIsNone(found.fstype)
        self.assertIs(storage_facts.PathKind.FILE, found.kind)

    @unittest.skipUnless(DEVICES, 'this machine shows no block device')
    def test_a_block_device_has_a_transport_and_no_allocation(self):
        device = DEVICES[0]
        attached = block_devices.Attached('dm', ('sata',))
        with mock.patch.object(
            block_devices, 'transport_of', return_value=attached
        ) as of_device:
            found = local_storage.local_facts(str(device))
        number = device.stat().st_rdev
        of_device.assert_called_once_with(os.major(number), os.minor(number))
        self.assertIs(storage_facts.PathKind.BLOCK, found.kind)
        self.assertEqual(('dm', ('sata',)), (found.transport, found.slaves))
        self.assertIsNone(found.allocated_bytes)
        self.assertIn(f':block:{number}', found.identity)
