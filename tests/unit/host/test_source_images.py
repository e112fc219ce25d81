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

"""The source's images go only while nothing needs them."""

import dataclasses
import os
import pathlib
import socket
import tempfile
import unittest

from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import source_images
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain
from tests.unit.host import fake_volume_pool

SIZE = fake_volume_pool.EXTENT
_OTHER = '11111111-2222-4333-8444-555555555555'


class SourceCase(unittest.TestCase):
    """A guest that has moved, and an image that it leaves behind."""

    def setUp(self):
        tops = []
        for _ in 'ab':
            top = tempfile.TemporaryDirectory()
            self.addCleanup(top.cleanup)
            # What is asked for must have no link in its path.
            tops.append(pathlib.Path(top.name).resolve())
        self.folder = tops[0] / 'images'
        self.folder.mkdir()
        self.here = fake_daemon.FakeDaemon()
        self.here.host = socket.gethostname()
        self.there = fake_daemon.FakeDaemon(tops[1])
        self.there.domains[fake_domain.UUID] = fake_domain.FakeDomain()
        self.journal = migration_journal.MigrationJournal(f'{tops[0]}/j')

    def record(self, leaving):
        self.path = leaving.path
        self.run_ = migration_record.MigrationRecord.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=(migration_record.CreatedImage(self.path, 'raw', SIZE),),
            removals=(leaving,),
        )

    def leave(self, *, probe=True, delete=True, local=True):
        return source_images.leave(
            fake_daemon.connect(
                self.here, 'qemu:///system' if local else 'qemu+tcp://h/system'
            ),
            fake_daemon.connect(self.there),
            self.journal,
            self.run_,
            probe=probe,
            delete=delete,
        )

    def stays(self, words, **options):
        done = self.leave(**options)
        self.assertEqual((), done.removed)
        (left,) = done.left
        self.assertEqual(self.path, left.path)
        self.assertIn(words, left.why)
        self.assertEqual([], self.here.names('delete'))
        self.assertTrue(self.here.released and self.there.released)

    def other(self, *disks, uuid=_OTHER):
        domain = fake_domain.FakeDomain(*disks)
        domain.uuid, domain.active = uuid, False
        domain.states = (5, 1)  # shut off
        self.here.domains[uuid] = domain


class SourceImagesTest(SourceCase):
    def setUp(self):
        super().setUp()
        self.image = self.folder / 'a.raw'
        self.image.write_bytes(bytes(SIZE))
        known = local_storage.local_facts(str(self.image))
        self.record(
            migration_record.LeavingImage(
                str(self.image), known.identity, SIZE
            )
        )

    def test_it_goes(self):
        done = self.leave()
        self.assertEqual(((self.path,), ()), (done.removed, done.left))
        self.assertFalse(self.image.exists())
        (kept,) = self.journal.runs()
        self.assertEqual(((), ()), (kept.images, kept.removals))

    def test_a_look_changes_nothing(self):
        done = self.leave(delete=False)
        self.assertEqual((self.path,), done.removed)
        self.assertTrue(self.image.exists())
        self.assertEqual([], self.journal.runs())

    def test_it_is_in_the_journal_before_it_goes(self):
        self.here.fails['delete'] = fake_daemon.broken()
        self.stays('did not delete')
        (kept,) = self.journal.runs()
        self.assertEqual([self.path], [e.path for e in kept.removals])
        self.assertEqual((), kept.images)
        self.assertIsNotNone(kept.removals[0].modified)

    def test_where_the_journal_cannot_be_written(self):
        pathlib.Path(self.journal.directory).write_text('')
        self.stays('')

    def test_the_guest_is_paused(self):
        self.there.domains[fake_domain.UUID].states = fake_domain.PAUSED
        self.stays('not seen running')

    def test_the_guest_is_on_both_hosts(self):
        self.here.domains[fake_domain.UUID] = fake_domain.FakeDomain()
        self.stays('not seen running')

    def test_the_guest_is_on_neither(self):
        self.there.domains.clear()
        self.stays('not seen running')

    def test_another_file(self):
        again = self.folder / 'b.raw'
        again.write_bytes(bytes(SIZE))
        again.rename(self.image)
        self.stays('another file')

    def test_a_link_to_it(self):
        target = self.folder / 'b.raw'
        self.image.rename(target)
        self.image.symlink_to(target)
        self.stays('another file')

    def test_written_to_since(self):
        past = dataclasses.replace(self.run_.removals[0], modified='1')
        self.run_ = dataclasses.replace(self.run_, removals=(past,))
        self.stays('written to since')

    def test_another_size(self):
        os.truncate(self.image, SIZE + 512)
        self.stays('another size')

    def test_no_such_file(self):
        self.image.unlink()
        done = self.leave()
        self.assertEqual(((), ()), (done.removed, done.left))

    def test_a_domain_that_is_off_has_it(self):
        self.other(fake_domain.file_disk(self.path))
        self.stays('the domain guest uses it')

    def test_its_own_definition_that_stays(self):
        disk = fake_domain.file_disk(self.path)
        self.other(disk, uuid=fake_domain.UUID)
        self.stays('the domain guest uses it')

    def test_a_domain_has_it_by_another_name(self):
        for make in (os.symlink, os.link):
            alias = self.folder / 'alias'
            make(self.path, alias)
            self.other(fake_domain.file_disk(str(alias)))
            self.stays('the domain guest uses it')
            alias.unlink()

    def test_domains_cannot_be_asked(self):
        self.here.fails['listAllDomains'] = fake_daemon.broken()
        self.stays('it broke')

    def test_an_image_beside_it_is_based_on_it(self):
        overlay = self.folder / 'overlay'
        overlay.write_bytes(b'')
        self.here.backing[overlay] = self.path
        self.stays('is based on it')

    def test_an_image_far_away_is_based_on_it(self):
        """Two steps from what a domain has, in other directories."""
        far = self.folder.parent / 'far'
        farther = self.folder.parent / 'farther'
        for folder in (far, farther):
            folder.mkdir()
            (folder / 'x').write_bytes(b'')
        self.here.backing[far / 'x'] = str(farther / 'x')
        self.here.backing[farther / 'x'] = self.path
        self.other(fake_domain.file_disk(str(far / 'x')))
        self.stays(f'{farther}/x is based on it')

    def test_both_hosts_see_it(self):
        self.there.root = self.here.root
        self.stays('the destination may see')

    def test_the_destination_has_a_directory_of_its_own(self):
        self.there.real(str(self.folder)).mkdir(parents=True)
        self.assertEqual((self.path,), self.leave().removed)

    def test_the_destination_cannot_be_asked(self):
        self.there.fails['storagePoolCreateXML'] = fake_daemon.broken()
        self.stays('the destination may see')

    def test_nothing_may_be_probed(self):
        self.stays('nothing shows', probe=False)

    def test_the_source_is_elsewhere(self):
        self.stays('not this host', local=False)


class SourceVolumesTest(SourceCase):
    """A logical volume goes by its UUID, from wherever it is asked."""

    def setUp(self):
        super().setUp()
        self.group = fake_volume_pool.FakeVolumePool(self.here)
        self.here.pools.append(self.group)
        volume = self.group.make('a', SIZE)
        self.record(
            migration_record.LeavingImage(
                '/dev/vg0/a', volume.key, SIZE, 'vg0'
            )
        )

    def test_it_goes(self):
        self.assertEqual((self.path,), self.leave(local=False).removed)
        self.assertEqual({}, self.group.lvs)

    def test_another_of_its_name(self):
        self.group.make('a', SIZE)
        self.stays('another volume')

    def test_another_size(self):
        lv = self.group.lvs['a']
        self.group.lvs['a'] = dataclasses.replace(lv, size=2 * SIZE)
        self.stays('another volume')

    def test_none(self):
        del self.group.lvs['a']
        done = self.leave()
        self.assertEqual(((), ()), (done.removed, done.left))

    def test_a_domain_has_it(self):
        self.other(fake_domain.file_disk('/dev/mapper/vg0-a'))
        self.stays('the domain guest uses it')

    def test_an_image_is_based_on_it(self):
        overlay = self.folder / 'overlay'
        overlay.write_bytes(b'')
        self.here.backing[overlay] = '/dev/vg0/a'
        self.other(fake_domain.file_disk(str(overlay)))
        self.stays('is based on it')

    def test_both_hosts_have_the_group(self):
        theirs = fake_volume_pool.FakeVolumePool(self.there)
        theirs.lvs = self.group.lvs
        self.there.pools.append(theirs)
        self.stays('the destination sees it too')

    def test_its_pool_does_not_run(self):
        self.group.active = False
        self.stays('no storage pool vg0 that runs')
