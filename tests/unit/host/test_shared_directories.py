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

"""Markers show which directories both hosts see."""

import dataclasses
import os
import pathlib
from unittest import mock

from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import destination_storage
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.facts import source_storage
from tests.unit.host import fake_daemon
from tests.unit.host import test_destination_storage


class MarkerTest(test_destination_storage.PeerStorageCase):
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
        self.assertEqual(test_destination_storage.GONE, found[self.path])
        # Its name alone is tried.
        self.assertEqual(['disk'], self.apart.names('createXML'))
        self.assertEqual([], os.listdir(self.copy.parent))

    def test_one_that_cannot_be_made_tells_nothing(self):
        self.shared.fails['createXML'] = fake_daemon.broken('read-only')
        source = test_destination_storage.Seen(source_storage.ThisHost().sees)
        found = self.facts(self.shared, self.path, source=source)[self.path]
        self.assertTrue(found.exists)
        self.assertIsNone(found.identity)

    def test_one_that_the_source_cannot_look_for_tells_nothing(self):
        found = self.facts(
            self.shared, self.path, source=test_destination_storage.Blind()
        )
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
            found = destination_storage.destination_facts(
                fake_daemon.connect(daemon),
                {self.path: storage_facts.StorageFacts()},
                source=source_storage.ThisHost(),
                probe=True,
            )
            self.assertIsNone(found[self.path].identity)


class BothWaysTest(test_destination_storage.PeerStorageCase):
    """The source is the server; the destination may not write there."""

    def setUp(self):
        super().setUp()
        self.shared.fails['createXML'] = fake_daemon.broken('squashed')
        self.apart.fails['createXML'] = fake_daemon.broken('squashed')

    def test_a_marker_of_the_source_is_seen(self):
        found = self.facts(self.shared, self.path)[self.path]
        self.assertEqual(self.identity(), found.identity)
        self.assertEqual(['disk'], os.listdir(self.folder))

    def test_one_that_is_not_seen_proves_nothing(self):
        found = self.facts(self.apart, self.path)[self.path]
        self.assertIsNone(found.identity)

    def test_none_is_made_without_leave(self):
        found = self.facts(self.shared, self.path, probe=False)[self.path]
        self.assertIsNone(found.identity)


class LinkTest(test_destination_storage.PeerStorageCase):
    """Links, on either host, in the path and at its end."""

    def _link(self, top, name, target):
        link = top / name.lstrip('/')
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)

    def test_an_image_directory_that_is_a_link(self):
        link = str(self.here / 'datastore')
        os.symlink(self.folder, link)
        path = f'{link}/disk'
        found = self.facts(self.shared, path)[path]
        self.assertEqual(self.identity(), found.identity)

    def test_two_slashes(self):
        path = f'{self.here}//images//disk'
        for daemon, same in ((self.shared, True), (self.apart, False)):
            found = self.facts(daemon, path)
            identity = found[path].identity
            self.assertEqual(same, identity == self.identity())
            self.assertTrue(found[self.folder].exists)

    def test_a_link_in_a_directory_that_both_see(self):
        link = f'{self.folder}/link'
        os.symlink(self.path, link)
        found = self.facts(self.shared, link)[link]
        self.assertEqual(self.identity(), found.identity)

    def test_a_link_that_leads_elsewhere_there(self):
        # Both see the link; what it names is another directory there.
        other = self.here / 'other'
        other.mkdir()
        (other / 'disk').write_bytes(b'x')
        link = f'{self.folder}/link'
        os.symlink(other / 'disk', link)
        seen = shared_directories.same_directory

        def same(directory, sees, folder):
            here = directory.path == self.folder
            return here and seen(directory, sees, folder)

        with mock.patch.object(shared_directories, 'same_directory', same):
            source = test_destination_storage.Seen(
                source_storage.ThisHost().sees
            )
            found = self.facts(self.shared, link, source=source)[link]
        self.assertIsNone(found.identity)

    def test_a_link_of_each_host_to_another_file(self):
        link = f'{self.folder}/link'
        os.symlink(self.path, link)
        self._link(self.there, link, self.copy)
        found = self.facts(self.apart, link)[link]
        self.assertEqual(f'not {self.identity()}', found.identity)

    def test_a_link_of_the_destination_to_the_very_file(self):
        self.copy.unlink()
        self.copy.symlink_to(self.path)
        found = self.facts(self.apart, self.path)[self.path]
        self.assertTrue(found.exists)
        self.assertIsNone(found.identity)

    def test_a_link_there_that_leads_nowhere(self):
        self.copy.unlink()
        self.copy.symlink_to('/nowhere/disk')
        found = self.facts(self.apart, self.path)[self.path]
        self.assertTrue(found.exists)
        self.assertIs(storage_facts.PathKind.OTHER, found.kind)
        self.assertTrue(self.copy.is_symlink())
        # Without leave nobody can tell.
        found = self.facts(self.apart, self.path, probe=False)[self.path]
        self.assertEqual(test_destination_storage.GONE, found)

    def test_a_name_of_which_it_cannot_be_told(self):
        self.copy.unlink()
        self.apart.fails['createXML', 'disk'] = fake_daemon.broken('denied')
        found = self.facts(self.apart, self.path)[self.path]
        self.assertIsNone(found.exists)
        self.assertIn('denied', found.error)

    def test_a_file_that_is_mounted_over_its_name(self):
        here = dataclasses.replace(
            local_storage.local_facts(self.path), mount_point=self.path
        )
        for daemon in (self.shared, self.apart):
            found = destination_storage.destination_facts(
                fake_daemon.connect(daemon),
                {self.path: here},
                source=source_storage.ThisHost(),
                probe=True,
            )
            self.assertIsNone(found[self.path].identity)
