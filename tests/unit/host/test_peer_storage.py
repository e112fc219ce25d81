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

import os.path
import pathlib
import tempfile
import unittest

import ddt

from nova_selective_migrate.core.case import storage
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import peer_storage
from tests.unit.host import fake_daemon

GONE = storage.StorageFacts(exists=False)


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

    def facts(self, daemon, *paths, sees=os.path.lexists, probe=True):
        here = {path: local_storage.facts(path) for path in paths}
        return peer_storage.facts(
            fake_daemon.connect(daemon), here, sees=sees, probe=probe
        )

    def identity(self, path: str | None = None) -> str:
        return local_storage.facts(path or self.path).identity


class MarkerTest(PeerStorageCase):
    def test_a_marker_that_is_seen_proves_one_directory(self):
        found = self.facts(self.shared, self.path)[self.path]
        self.assertEqual(self.identity(), found.identity)

    def test_a_marker_that_is_not_seen_disproves_it(self):
        found = self.facts(self.apart, self.path)[self.path]
        self.assertTrue(found.exists)
        self.assertIsNotNone(found.identity)
        self.assertNotEqual(self.identity(), found.identity)

    def test_none_is_made_without_leave(self):
        for daemon in (self.shared, self.apart):
            found = self.facts(daemon, self.path, probe=False)[self.path]
            self.assertTrue(found.exists)
            self.assertIsNone(found.identity)
            self.assertEqual([], daemon.names('createXML'))

    def test_none_is_needed_where_the_destination_has_no_file(self):
        self.copy.unlink()
        found = self.facts(self.apart, self.path)
        self.assertEqual(GONE, found[self.path])
        self.assertEqual([], self.apart.names('createXML'))

    def test_one_that_cannot_be_made_tells_nothing(self):
        self.shared.fails['createXML'] = fake_daemon.broken('read-only')
        found = self.facts(self.shared, self.path)[self.path]
        self.assertTrue(found.exists)
        self.assertIsNone(found.identity)

    def test_one_that_the_source_cannot_look_for_tells_nothing(self):
        found = self.facts(self.shared, self.path, sees=lambda path: None)
        self.assertIsNone(found[self.path].identity)

    def test_nothing_is_left_of_it(self):
        for daemon, folder in (
            (self.shared, pathlib.Path(self.folder)),
            (self.apart, self.copy.parent),
        ):
            self.facts(daemon, self.path)
            self.assertEqual(1, len(daemon.names('createXML')))
            self.assertTrue(daemon.released)
            self.assertEqual(['disk'], [f.name for f in folder.iterdir()])

    def test_one_serves_all_files_of_a_directory(self):
        other = f'{self.folder}/other'
        pathlib.Path(other).write_bytes(b'y')
        found = self.facts(self.shared, self.path, other)
        self.assertEqual(self.identity(), found[self.path].identity)
        self.assertEqual(self.identity(other), found[other].identity)
        self.assertEqual(1, len(self.shared.names('createXML')))

    def test_a_file_that_the_source_cannot_identify_gets_no_identity(self):
        for daemon in (self.shared, self.apart):
            found = peer_storage.facts(
                fake_daemon.connect(daemon),
                {self.path: storage.StorageFacts()},
                sees=os.path.lexists,
                probe=True,
            )
            self.assertIsNone(found[self.path].identity)


@ddt.ddt
class DirectoryTest(PeerStorageCase):
    def test_the_directory_itself_is_told(self):
        found = self.facts(self.apart, self.path)
        self.assertEqual(
            storage.StorageFacts(exists=True, kind=storage.PathKind.DIRECTORY),
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
        peer_storage.facts(
            fake_daemon.connect(self.apart),
            {path: storage.StorageFacts(exists=True)},
            sees=lambda path: True,
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
        block = storage.StorageFacts(kind=storage.PathKind.BLOCK)
        peer_storage.facts(
            fake_daemon.connect(self.apart),
            {self.path: block},
            sees=os.path.lexists,
            probe=True,
        )
        self.assertEqual([], self.apart.done)

    def test_a_relative_path_is_not_looked_at(self):
        self.assertEqual({}, self.facts(self.apart, 'images/disk'))


class SeesTest(PeerStorageCase):
    """A source that is only reached through libvirt."""

    def sees(self, path: str, daemon=None) -> bool | None:
        peer = fake_daemon.connect(daemon or self.shared)
        return peer_storage.sees(peer, path)

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
        found = self.facts(
            self.shared, self.path, sees=lambda p: self.sees(p, other)
        )
        self.assertEqual(self.identity(), found[self.path].identity)
        self.assertTrue(other.released)
