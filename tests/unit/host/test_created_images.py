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

"""Destination images: all or none."""

import collections.abc
import dataclasses
import os
import pathlib
import tempfile
import typing
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import created_images
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

ODD_SIZE = 1000 * 1024 + 512


class PrepareCase(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = pathlib.Path(top.name)
        for name in 'ab':
            (self.top / name).mkdir()
        self.daemon = fake_daemon.FakeDaemon(top.name)
        self.peer = fake_daemon.connect(self.daemon)

    def image(
        self, path: str, form: str = 'raw'
    ) -> destination_images.DestinationImage:
        return destination_images.DestinationImage('vda', path, form, ODD_SIZE)

    def create(self, *paths: str, form: str = 'raw') -> tuple[str, ...]:
        self.made: list[migration_record.CreatedImage] = []
        created_images.create_images(
            self.peer,
            [self.image(path, form) for path in paths],
            self.made.append,
        )
        return tuple(image.path for image in self.made)

    def refused(self, *paths: str, form: str = 'raw') -> str:
        """Fail to make them, and return the message; clean up after it."""
        with self.assertRaises(exceptions.PreparationFailed) as caught:
            self.create(*paths, form=form)
        made = [image.path for image in self.made]
        self.left = [left.path for left in self.clean(held=made).left]
        return str(caught.exception)

    def clean(
        self,
        sees: collections.abc.Callable[[str], bool | None] = lambda _: False,
        **options: typing.Any,
    ) -> created_images.ImageCleanup:
        began = migration_record.MigrationRecord.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=tuple(self.made),
        )
        return created_images.examine(began, self.peer, sees, **options)

    def files(self) -> list[str]:
        found = self.top.rglob('*')
        return sorted(
            f'/{f.relative_to(self.top)}' for f in found if f.is_file()
        )


class CreateTest(PrepareCase):
    def test_all_are_made(self):
        made = self.create('/a/one', '/a/two', '/b/three')
        self.assertEqual(('/a/one', '/a/two', '/b/three'), made)
        self.assertEqual([*made], self.files())
        self.assertTrue(self.daemon.released)

    def test_none_is_left_when_one_cannot_be_made(self):
        self.daemon.fails['createXML', 'three'] = fake_daemon.broken('full')
        said = self.refused('/a/one', '/b/two', '/b/three')
        self.assertIn('/b/three', said)
        self.assertIn('full', said)
        self.assertEqual([], self.files())
        self.assertTrue(self.daemon.released)

    def test_none_is_left_when_one_cannot_be_finished(self):
        self.daemon.fails['resize', 'two'] = fake_daemon.broken('full')
        self.refused('/a/one', '/b/two', form='qcow2')
        self.assertEqual([], self.files())

    def test_none_is_left_when_its_pool_cannot_be_released(self):
        self.daemon.fails['destroy', '/b'] = fake_daemon.broken()
        self.enterContext(
            mock.patch.object(storage_pools, '_FOREIGN_POOL_SECONDS', 0)
        )
        self.refused('/a/one', '/b/two')
        # It could not be looked into again either, but then it is named.
        self.assertEqual(self.files(), self.left)

    def test_what_was_there_is_neither_overwritten_nor_removed(self):
        (self.top / 'b/two').write_bytes(b'precious')
        self.refused('/a/one', '/b/two')
        self.assertEqual(['/b/two'], self.files())
        self.assertEqual(b'precious', (self.top / 'b/two').read_bytes())

    def test_what_cannot_be_taken_back_is_named(self):
        self.daemon.fails['createXML', 'two'] = fake_daemon.broken()
        self.daemon.fails['delete', 'one'] = fake_daemon.broken()
        self.refused('/a/one', '/b/two')
        self.assertEqual(['/a/one'], self.left)

    def test_a_directory_that_is_gone_is_named(self):
        said = self.refused('/a/one', '/gone/two')
        self.assertIn('/gone', said)
        self.assertEqual([], self.files())

    def test_a_directory_that_cannot_be_looked_into_is_named(self):
        key = ('storagePoolCreateXML', '/b')
        self.daemon.fails[key] = fake_daemon.broken()
        self.assertIn('/b', self.refused('/a/one', '/b/two'))
        self.assertEqual([], self.files())

    def test_no_image_asks_nothing_of_the_daemon(self):
        self.assertEqual((), self.create())
        self.assertEqual([], self.daemon.done)


PATH = '/a/one'


class CleaningCase(PrepareCase):
    def setUp(self):
        super().setUp()
        self.create(PATH)
        self.file = self.top / 'a/one'

    def left(self, *, why: str, **options) -> None:
        """Check that the image stays, and the reason."""
        before = self.file.lstat()
        for remove in (True, False):
            cleaned = self.clean(remove=remove, **options)
            self.assertEqual((), cleaned.removed)
            (left,) = cleaned.left
            self.assertEqual(PATH, left.path)
            self.assertIn(why, left.why)
        self.assertEqual(before.st_ino, self.file.lstat().st_ino)
        self.assertNotIn('one', self.daemon.names('delete'))

    def removed(self, **options) -> None:
        self.assertEqual(
            created_images.ImageCleanup(removed=(PATH,)), self.clean(**options)
        )
        self.assertFalse(self.file.exists())
        self.assertTrue(self.daemon.released)

    def write(self, content: bytes = b'guest') -> None:
        with self.file.open('r+b') as out:
            out.write(content)
        times = self.file.stat()
        os.utime(self.file, ns=(times.st_atime_ns, times.st_mtime_ns + 10**9))


class OwnershipTest(CleaningCase):
    def test_what_nobody_has_written_to_is_the_one(self):
        self.removed()

    def test_a_look_removes_nothing(self):
        cleaned = self.clean(remove=False)
        self.assertEqual((PATH,), cleaned.removed)
        self.assertTrue(self.file.exists())

    def test_what_was_written_to_may_be_another(self):
        self.write()
        self.left(why='was written to')

    def test_what_this_process_made_may_have_been_written_to(self):
        self.write()
        self.removed(held=[PATH])

    def test_another_file_of_the_same_size_is_not_it(self):
        os.rename(self.file, self.top / 'a/kept')
        self.file.write_bytes(bytes(ODD_SIZE))
        self.left(why='was written to')

    def test_another_size_is_not_it(self):
        with self.file.open('r+b') as out:
            out.truncate(512)
        self.left(why='another size', held=[PATH])

    def test_what_may_not_have_been_made_is_not_ours(self):
        self.made = [
            type(image)(image.path, image.format, image.virtual_bytes)
            for image in self.made
        ]
        self.left(why='not known whether it was made')

    def test_what_is_gone_is_neither_removed_nor_left(self):
        self.file.unlink()
        self.assertEqual(created_images.ImageCleanup(), self.clean())

    def test_a_directory_that_is_gone_has_nothing(self):
        self.file.unlink()
        self.file.parent.rmdir()
        self.assertEqual(created_images.ImageCleanup(), self.clean())


class LocalTest(CleaningCase):
    """The destination is this host: the inode is the proof."""

    def setUp(self):
        local = mock.patch.object(connection.Connection, 'is_local', True)
        local.start()
        self.addCleanup(local.stop)
        # The fake's files are below a directory of its own.
        inode = pool_directory._inode
        real = mock.patch.object(
            pool_directory,
            '_inode',
            lambda path: inode(str(self.daemon.real(path))),
        )
        real.start()
        self.addCleanup(real.stop)
        super().setUp()

    def test_the_very_file_may_have_been_written_to(self):
        self.write()
        self.removed()

    def test_another_one_is_left_whatever_its_times(self):
        times = self.file.stat()
        os.rename(self.file, self.top / 'a/kept')
        self.file.write_bytes(bytes(ODD_SIZE))
        os.utime(self.file, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.left(why='another file', held=[PATH])

    def test_a_link_to_it_is_another(self):
        kept = self.top / 'a/kept'
        os.rename(self.file, kept)
        self.file.symlink_to(kept)
        self.left(why='another file', held=[PATH])


class UseTest(CleaningCase):
    def domain(self, *disks: str, **states) -> fake_domain.FakeDomain:
        domain = fake_domain.FakeDomain(*disks, **states)
        self.daemon.domains['another'] = domain
        return domain

    def test_a_domain_that_has_it_keeps_it(self):
        domain = self.domain(fake_domain.file_disk(PATH))
        domain.uuid = 'another'
        self.left(why='guest uses it', held=[PATH])

    def test_a_domain_that_has_it_below_another_image_keeps_it(self):
        disk = (
            "<disk type='file' device='disk'><source file='/a/top'/>"
            f"<backingStore type='file'><source file='{PATH}'/>"
            "</backingStore><target dev='vda'/></disk>"
        )
        self.domain(disk).uuid = 'another'
        self.left(why='guest uses it', held=[PATH])

    def test_a_definition_of_another_guest_keeps_it(self):
        domain = self.domain(fake_domain.file_disk(PATH))
        domain.uuid, domain.active = 'another', False
        self.left(why='guest uses it', held=[PATH])

    def test_the_guest_itself_keeps_it_where_it_is_active(self):
        domain = self.domain(fake_domain.file_disk(PATH))
        self.daemon.domains = {domain.uuid: domain}
        self.left(why='guest uses it', held=[PATH])

    def test_a_definition_of_the_guest_does_not(self):
        domain = self.domain(fake_domain.file_disk(PATH))
        domain.active = False
        self.daemon.domains = {domain.uuid: domain}
        self.removed()

    def test_domains_that_cannot_be_read_keep_all(self):
        self.daemon.fails['listAllDomains'] = fake_daemon.broken('no answer')
        self.left(why='no answer', held=[PATH])


class SharedTest(CleaningCase):
    def test_a_directory_that_the_source_sees_too_is_left(self):
        self.left(
            why='the source may see',
            sees=lambda path: self.daemon.real(path).exists(),
            held=[PATH],
        )

    def test_one_that_the_source_cannot_tell_of_is_left(self):
        self.left(why='the source may see', sees=lambda _: None, held=[PATH])

    def test_without_leave_no_marker_is_put_there(self):
        self.daemon.done.clear()
        self.removed(probe=False, held=[PATH])
        self.assertEqual([], self.daemon.names('createXML'))

    def test_without_leave_too_what_is_not_held_is_looked_at(self):
        self.left(
            why='the source may see',
            sees=lambda path: self.daemon.real(path).exists(),
            probe=False,
        )

    def test_one_that_takes_no_marker_is_left(self):
        self.daemon.fails['createXML'] = fake_daemon.broken()
        self.left(why='the source may see', held=[PATH])


class MappedTest(CleaningCase):
    """The disk is in another directory on the source."""

    def image(
        self, path: str, form: str = 'raw'
    ) -> destination_images.DestinationImage:
        return dataclasses.replace(
            super().image(path, form), source_path='/b/disk'
        )

    def test_a_directory_that_both_see_is_not_the_source_s(self):
        self.removed(
            sees=lambda path: (
                path.startswith('/a/') and self.daemon.real(path).exists()
            ),
            held=[PATH],
        )

    def test_the_source_s_directory_by_another_name_is_left(self):
        self.left(
            why='the source may see',
            sees=lambda path: (
                self.daemon.real(path.replace('/b/', '/a/')).exists()
                and path.startswith('/b/')
            ),
            held=[PATH],
        )

    def test_the_journal_has_the_path_on_the_source(self):
        (made,) = self.made
        self.assertEqual('/b/disk', made.source_path)


class FailureTest(CleaningCase):
    def test_what_cannot_be_deleted_is_left(self):
        self.daemon.fails['delete', 'one'] = fake_daemon.broken()
        cleaned = self.clean()
        self.assertEqual(
            (created_images.LeftImage(PATH, 'libvirt did not delete it'),),
            cleaned.left,
        )

    def test_it_never_raises(self):
        for operation in (
            'storagePoolCreateXML',
            'storageVolLookupByName',
            'destroy',
        ):
            self.daemon.fails = {operation: fake_daemon.broken()}
            self.daemon.pools.clear()
            with self.subTest(operation=operation):
                (left,) = self.clean().left
                self.assertEqual(PATH, left.path)


if __name__ == '__main__':
    unittest.main()
