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

"""What the destination has of the source's files, and whether it is one."""

import contextlib
import errno
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import destination_storage
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import source_storage
from tests.unit.host import fake_daemon

GONE = storage_facts.StorageFacts(exists=False)


class Seen(source_storage.ThisHost):
    """A source that looks for files in another way, and makes none."""

    def __init__(self, sees):
        self.sees = sees

    def marker(self, folder):
        return contextlib.nullcontext()


class Blind(Seen):
    def __init__(self):
        super().__init__(lambda path: None)


class PeerStorageCase(unittest.TestCase):
    """A source with real files, and two destinations.

    ``shared`` serves the very files, ``apart`` a copy of the tree.
    """

    def setUp(self):
        for name in ('here', 'there'):
            top = tempfile.TemporaryDirectory()
            self.addCleanup(top.cleanup)
            setattr(self, name, pathlib.Path(top.name).resolve())
        self.folder = str(self.here / 'images')
        os.mkdir(self.folder)
        self.path = f'{self.folder}/disk'
        self.copy = self.there / self.path[1:]
        self.copy.parent.mkdir(parents=True)
        for file in (pathlib.Path(self.path), self.copy):
            file.write_bytes(b'x' * 512)
        self.shared = fake_daemon.FakeDaemon()
        self.apart = fake_daemon.FakeDaemon(self.there)

    def facts(self, daemon, *paths, source=None, probe=True):
        here = {path: local_storage.local_facts(path) for path in paths}
        return destination_storage.destination_facts(
            fake_daemon.connect(daemon),
            here,
            source=source or source_storage.ThisHost(),
            probe=probe,
        )

    def identity(self, path: str | None = None) -> str:
        return local_storage.local_facts(path or self.path).identity


@ddt.ddt
class DirectoryTest(PeerStorageCase):
    def test_the_directory_itself_is_told(self):
        found = self.facts(self.apart, self.path)
        self.assertEqual(
            storage_facts.StorageFacts(
                exists=True,
                kind=storage_facts.PathKind.DIRECTORY,
                free_bytes=self.apart.room[1],
            ),
            found[self.folder],
        )

    def test_in_a_missing_directory_every_file_is_missing(self):
        self.copy.unlink()
        self.copy.parent.rmdir()
        self.assertEqual(
            {self.folder: GONE, self.path: GONE},
            self.facts(self.apart, self.path),
        )

    def test_of_a_directory_that_cannot_be_asked_nothing_is_said(self):
        self.apart.fails['storagePoolCreateXML'] = fake_daemon.broken()
        self.assertEqual({}, self.facts(self.apart, self.path))

    @ddt.data(
        '/dev/vg/lv',
        '/dev/disk',
        '/proc/1/x',
        '/sys/block/x',
        '/run/x/disk',
        '//dev/vg/lv',
        '/dev/../dev/lv',
        '/srv/../dev/lv',
        '/./proc/disk',
    )
    def test_a_pool_never_opens_devices(self, path):
        destination_storage.destination_facts(
            fake_daemon.connect(self.apart),
            {path: storage_facts.StorageFacts(exists=True)},
            source=source_storage.ThisHost(),
            probe=True,
        )
        self.assertEqual([], self.apart.names('storagePoolCreateXML'))
        self.assertEqual([], self.apart.names('refresh'))

    @ddt.data('/devices/disk', '/system/disk', '/srv/dev/disk')
    def test_names_that_only_look_like_devices_are_looked_at(self, path):
        (self.there / path[1:]).parent.mkdir(parents=True)
        found = self.facts(self.apart, path)
        self.assertEqual(GONE, found[path])

    def test_the_directory_of_a_block_device_is_not_opened(self):
        block = storage_facts.StorageFacts(kind=storage_facts.PathKind.BLOCK)
        destination_storage.destination_facts(
            fake_daemon.connect(self.apart),
            {self.path: block},
            source=source_storage.ThisHost(),
            probe=True,
        )
        self.assertEqual([], self.apart.names('storagePoolCreateXML'))

    def test_a_relative_path_is_not_looked_at(self):
        self.assertEqual({}, self.facts(self.apart, 'images/disk'))


class SeesTest(PeerStorageCase):
    """A source that is only reached through libvirt."""

    def sees(self, path: str, daemon=None) -> bool | None:
        peer = fake_daemon.connect(daemon or self.shared)
        return source_storage.sees(peer, path)

    def test_what_is_there_what_is_not_and_what_is_not_told(self):
        self.assertIs(True, self.sees(self.path))
        self.assertIs(False, self.sees(f'{self.folder}/none'))
        self.assertIs(False, self.sees('/no/such/disk'))
        self.shared.fails['storagePoolCreateXML'] = fake_daemon.broken()
        self.assertIsNone(self.sees(self.path))

    def test_a_failing_lookup_is_not_told(self):
        # "No" would prove two directories where there may be one.
        self.shared.fails['storageVolLookupByName'] = fake_daemon.broken()
        self.assertIsNone(self.sees(self.path))

    def test_two_daemons_with_one_directory_find_it_out(self):
        other = fake_daemon.FakeDaemon()
        peer = fake_daemon.connect(other)
        source = Seen(lambda path: source_storage.sees(peer, path))
        found = self.facts(self.shared, self.path, source=source)
        self.assertEqual(self.identity(), found[self.path].identity)
        self.assertTrue(other.released)


class DeviceTest(PeerStorageCase):
    """Devices that a storage pool of the destination has already."""

    def _facts(self):
        block = storage_facts.StorageFacts(kind=storage_facts.PathKind.BLOCK)
        return destination_storage.destination_facts(
            fake_daemon.connect(self.apart),
            {self.path: block},
            source=source_storage.ThisHost(),
            probe=True,
        )

    def test_the_size_is_told(self):
        pool = fake_daemon.FakePool(self.apart, self.folder)
        self.apart.pools.append(pool)
        found = self._facts()[self.path]
        self.assertEqual((True, 512), (found.exists, found.virtual_bytes))
        self.assertIsNone(found.identity)

    def test_without_a_pool_nothing_is(self):
        self.assertEqual({}, self._facts())


class ThisHostTest(PeerStorageCase):
    """An error is no answer."""

    def test_what_is_there_and_what_is_not(self):
        sees = source_storage.ThisHost().sees
        self.assertIs(True, sees(self.path))
        self.assertIs(False, sees(f'{self.folder}/none'))
        self.assertIs(False, sees(f'{self.path}/none'))

    def test_an_error_tells_nothing(self):
        for code in (errno.EIO, errno.ESTALE, errno.EACCES):
            error = OSError(code, os.strerror(code))
            with mock.patch.object(os, 'lstat', side_effect=error):
                self.assertIsNone(source_storage.ThisHost().sees(self.path))
            with mock.patch.object(os, 'stat', side_effect=error):
                found = local_storage.local_facts(self.path)
            self.assertIsNone(found.exists)
            self.assertEqual(os.strerror(code), found.error)
