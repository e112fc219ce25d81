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

"""What the destination has where disks are mapped to."""

import os
import pathlib
import socket

from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import mapped_places
from tests.unit.core import builders as b
from tests.unit.host import fake_daemon
from tests.unit.host import test_destination_storage


class MappedTest(test_destination_storage.PeerStorageCase):
    """``apart`` has another tree, ``shared`` the very files."""

    def look(self, daemon, there, *, probe=True, source_prefix=None):
        wanted = destination_mapping.PathMap.of(
            source_prefix or self.folder, there
        )
        options = migration_options.MigrationOptions(
            mapping=destination_mapping.DestinationMapping((wanted,))
        )
        own = fake_daemon.FakeDaemon()
        own.host = socket.gethostname()
        source = fake_daemon.connect(own, 'qemu:///system')
        here = {self.path: local_storage.local_facts(self.path)}
        found = mapped_places.look(
            source,
            fake_daemon.connect(daemon),
            domain_xml.parse(b.domain(b.disk('vda', b.file(self.path)))),
            storage_facts.Storage(here, {}, {}, {}),
            options,
            probe=probe,
        )
        self.assertTrue(daemon.released)
        return found.there

    def elsewhere(self, daemon_top):
        folder = daemon_top / 'guests'
        folder.mkdir(parents=True)
        return folder

    def test_a_free_place(self):
        folder = self.elsewhere(self.there)
        found = self.look(self.apart, '/guests')
        self.assertEqual({'/guests', '/guests/disk'}, found.keys())
        self.assertEqual(self.apart.room[1], found['/guests'].free_bytes)
        self.assertIs(False, found['/guests/disk'].exists)
        self.assertEqual([], [*folder.iterdir()])

    def test_no_directory(self):
        found = self.look(self.apart, '/guests')
        self.assertIs(False, found['/guests'].exists)

    def test_what_is_there_is_another_file(self):
        (self.elsewhere(self.there) / 'disk').write_bytes(b'x' * 512)
        found = self.look(self.apart, '/guests')['/guests/disk']
        self.assertTrue(found.exists)
        self.assertIsNotNone(found.identity)
        self.assertNotEqual(self.identity(), found.identity)

    def test_without_a_probe_nothing_is_compared(self):
        (self.elsewhere(self.there) / 'disk').write_bytes(b'x' * 512)
        found = self.look(self.apart, '/guests', probe=False)
        self.assertIsNone(found['/guests/disk'].identity)
        self.assertEqual([], self.apart.names('createXML'))

    def test_the_source_by_another_name(self):
        other = f'{self.here}/by-another-name'
        os.symlink(self.folder, other)
        found = self.look(self.shared, other)
        self.assertEqual(self.identity(), found[f'{other}/disk'].identity)
        self.assertEqual(['disk'], os.listdir(self.folder))

    def test_a_link_to_the_source_in_another_directory(self):
        other = self.elsewhere(self.here)
        os.symlink(self.path, other / 'disk')
        found = self.look(self.shared, str(other))
        self.assertIsNone(found[f'{other}/disk'].identity)

    def test_another_name_beside_the_source(self):
        """It may be a link to it, and is not known to be none."""
        other = f'{self.here}/by-another-name'
        os.symlink(self.folder, other)
        pathlib.Path(self.folder, 'beside').write_bytes(b'y' * 512)
        there = f'{other}/beside'
        found = self.look(self.shared, there, source_prefix=self.path)
        self.assertIsNone(found[there].identity)

    def test_a_link_that_leads_nowhere(self):
        folder = self.elsewhere(self.there)
        os.symlink('/nowhere', folder / 'disk')
        found = self.look(self.apart, '/guests')['/guests/disk']
        self.assertIs(storage_facts.PathKind.OTHER, found.kind)

    def test_devices_are_not_opened(self):
        pathlib.Path(self.there / 'dev').mkdir()
        self.assertEqual({}, self.look(self.apart, '/dev'))
