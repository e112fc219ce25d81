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

"""Directories of another host, seen through storage pools.

Held against a fake daemon that serves real directories; what libvirt's test
driver can do is held against it in tests/functional.
"""

import errno
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from tests.unit.host import fake_daemon

FOLDER = '/srv/images'
ODD_SIZE = 1000 * 1024 + 512


class VolumesTest(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.folder = pathlib.Path(top.name, FOLDER[1:])
        self.folder.mkdir(parents=True)
        self.daemon = fake_daemon.FakeDaemon(top.name)
        self.peer = fake_daemon.connect(self.daemon)

    def see(self, path: str = FOLDER):
        return storage_pools.directory(self.peer, path)

    def image(self, name: str = 'disk', form: str = 'raw', size: int = 4096):
        return destination_images.DestinationImage(
            'vda', f'{FOLDER}/{name}', form, size
        )


class DirectoryTest(VolumesTest):
    def test_a_transient_pool_is_made_and_released(self):
        with self.see() as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
            self.assertFalse(self.daemon.released)
        self.assertTrue(self.daemon.released)

    def test_a_transient_pool_is_released_after_an_error(self):
        with self.assertRaises(ZeroDivisionError), self.see():
            raise ZeroDivisionError
        self.assertTrue(self.daemon.released)

    def test_a_missing_directory_is_told(self):
        with self.see('/srv/none') as seen:
            self.assertIs(False, seen)

    def test_what_the_daemon_does_not_allow_is_not_known(self):
        for error in (
            fake_daemon.broken('access denied'),
            fake_daemon.libvirt_error(
                libvirt.VIR_ERR_SYSTEM_ERROR, 'no', errno.EACCES
            ),
        ):
            self.daemon.fails['storagePoolCreateXML'] = error
            with self.see() as seen:
                self.assertIsNone(seen)

    def test_a_pool_that_is_there_is_used_refreshed_and_kept(self):
        for path in (FOLDER, f'{FOLDER}/', '/srv//images'):
            pool = fake_daemon.FakePool(self.daemon, path)
            self.daemon.pools = [pool]
            self.daemon.done.clear()
            with self.subTest(path=path), self.see() as seen:
                self.assertIsInstance(seen, pool_directory.PoolDirectory)
            self.assertEqual([pool], self.daemon.pools)
            self.assertEqual([path], self.daemon.names('refresh'))
            self.assertEqual([], self.daemon.names('storagePoolCreateXML'))

    def test_a_pool_that_is_off_stays_off(self):
        pool = fake_daemon.FakePool(self.daemon, FOLDER, active=False)
        self.daemon.pools.append(pool)
        with self.see() as seen:
            self.assertIsNone(seen)
        self.assertEqual([], self.daemon.names('refresh'))

    def _foreign(self) -> fake_daemon.FakePool:
        """Let another migration have a pool of the directory."""
        pool = fake_daemon.FakePool(
            self.daemon, FOLDER, 'nova-selective-migrate-other'
        )
        self.daemon.pools.append(pool)
        return pool

    def test_another_migrations_pool_is_waited_for(self):
        self._foreign()
        ends = iter([None, self.daemon.pools.clear])
        self.daemon.on_list = lambda: (next(ends) or (lambda: None))()
        with (
            mock.patch.object(storage_pools, '_FOREIGN_POOL_POLL_SECONDS', 0),
            self.see() as seen,
        ):
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
            self.assertEqual(1, len(self.daemon.pools))
            self.assertEqual(
                [FOLDER], self.daemon.names('storagePoolCreateXML')
            )
        self.assertTrue(self.daemon.released)

    def test_a_killed_migrations_pool_is_used_and_kept(self):
        pool = self._foreign()
        with (
            mock.patch.object(storage_pools, '_FOREIGN_POOL_SECONDS', -1),
            self.see() as seen,
        ):
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
        self.assertEqual([pool], self.daemon.pools)

    def test_a_pool_that_another_makes_in_between_is_waited_for(self):
        error = fake_daemon.libvirt_error(libvirt.VIR_ERR_OPERATION_FAILED)
        self.daemon.fails['storagePoolCreateXML'] = error
        rounds = iter([lambda: None, self.daemon.fails.clear])
        self.daemon.on_list = lambda: next(rounds)()
        with (
            mock.patch.object(storage_pools, '_FOREIGN_POOL_POLL_SECONDS', 0),
            self.see() as seen,
        ):
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
        self.assertTrue(self.daemon.released)

    def test_a_pool_that_vanishes_while_we_look_is_passed_over(self):
        self.daemon.pools.append(fake_daemon.FakePool(self.daemon, '/x', 'x'))
        self.daemon.fails['pool.XMLDesc', 'x'] = fake_daemon.broken()
        with self.see() as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)

    def test_pools_that_cannot_be_listed_do_not_stop_us(self):
        self.daemon.fails['listAllStoragePools'] = fake_daemon.broken()
        with self.see() as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)


class FactsTest(VolumesTest):
    def facts(self, name: str = 'disk') -> storage_facts.StorageFacts:
        with self.see() as seen:
            return seen.facts(name)

    def test_a_file_has_size_and_format(self):
        (self.folder / 'disk').write_bytes(b'x' * 4096)
        found = self.facts()
        self.assertTrue(found.exists)
        self.assertIs(storage_facts.PathKind.FILE, found.kind)
        self.assertEqual(4096, found.virtual_bytes)
        self.assertEqual('raw', found.format)

    def test_what_is_no_file_is_other(self):
        (self.folder / 'disk').mkdir()
        self.assertIs(storage_facts.PathKind.OTHER, self.facts().kind)

    def test_a_missing_file_is_told(self):
        self.assertEqual(
            storage_facts.StorageFacts(exists=False), self.facts()
        )

    def test_a_failing_lookup_says_nothing_of_the_file(self):
        # "Missing" would be a proof that a shared file is not shared.
        self.daemon.fails['storageVolLookupByName'] = fake_daemon.broken()
        self.assertIsNone(self.facts().exists)

    def test_a_file_that_cannot_be_read_is_not_missing(self):
        (self.folder / 'disk').write_bytes(b'x')
        self.daemon.fails['volume.XMLDesc'] = fake_daemon.broken()
        self.assertIsNot(False, self.facts().exists)


class CreateTest(VolumesTest):
    def create(self, image: destination_images.DestinationImage) -> None:
        with self.see() as seen:
            seen.create(image)

    def test_a_raw_image_is_sparse_and_of_the_size(self):
        self.create(self.image(size=ODD_SIZE))
        made = (self.folder / 'disk').stat()
        self.assertEqual((ODD_SIZE, 0), (made.st_size, made.st_blocks))

    def test_a_qcow2_is_cut_to_the_byte(self):
        self.create(self.image(form='qcow2', size=ODD_SIZE))
        with self.see() as seen:
            self.assertEqual(ODD_SIZE, seen.facts('disk').virtual_bytes)

    def test_a_size_in_whole_kib_needs_no_resize(self):
        self.create(self.image(form='qcow2', size=1 << 20))
        self.assertEqual([], self.daemon.names('resize'))

    def test_the_backing_file_is_named(self):
        self.create(
            destination_images.DestinationImage(
                'vda', f'{FOLDER}/d', 'qcow2', 1024, '/base&<', 'qcow2'
            )
        )
        text = self.daemon.names('volume')[-1]
        self.assertIn(
            '<backingStore><path>/base&amp;&lt;</path>'
            '<format type="qcow2"/></backingStore>',
            text,
        )
        self.assertIn('<compat>1.1</compat>', text)
        self.assertIn('<allocation>0</allocation>', text)

    def test_a_link_that_leads_nowhere_is_not_followed(self):
        target = self.folder / 'precious'
        (self.folder / 'disk').symlink_to(target)
        for kind in ('raw', 'qcow2'):
            path = f'{FOLDER}/disk'
            image = destination_images.DestinationImage(
                'vda', path, kind, 1024
            )
            with self.assertRaises(exceptions.HypervisorError) as caught:
                self.create(image)
            self.assertIn(path, str(caught.exception))
            self.assertFalse(target.exists())

    def test_a_file_that_is_there_is_never_overwritten(self):
        (self.folder / 'disk').write_bytes(b'precious')
        with self.assertRaises(exceptions.HypervisorError) as caught:
            self.create(self.image())
        self.assertIn(f'{FOLDER}/disk', str(caught.exception))
        self.assertEqual(b'precious', (self.folder / 'disk').read_bytes())

    def test_another_size_than_wanted_is_an_error(self):
        broken = mock.patch.object(
            fake_daemon.FakeVolume, 'resize', lambda *_: 0
        )
        with broken, self.assertRaises(exceptions.PreparationFailed) as caught:
            self.create(self.image(form='qcow2', size=ODD_SIZE))
        self.assertIn(str(ODD_SIZE), str(caught.exception))
        self.assertIn(f'{FOLDER}/disk', str(caught.exception))

    def test_an_image_that_cannot_be_finished_is_not_left(self):
        self.daemon.fails['resize'] = fake_daemon.broken('no space')
        with self.assertRaises(exceptions.SelectiveMigrateError):
            self.create(self.image(form='qcow2', size=ODD_SIZE))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_a_deleted_file_is_gone_and_a_missing_one_is_said(self):
        self.create(self.image())
        name = os.path.basename(self.image().path)
        with self.see() as seen:
            self.assertIs(True, seen.delete(name))
            self.assertIs(False, seen.delete(name))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_what_cannot_be_deleted_is_said(self):
        self.create(self.image())
        self.daemon.fails['delete'] = fake_daemon.broken()
        with self.see() as seen:
            self.assertIs(
                False, seen.delete(os.path.basename(self.image().path))
            )


class MarkerTest(VolumesTest):
    def test_it_is_empty_hidden_unique_and_gone_afterwards(self):
        names = []
        for _ in range(2):
            with self.see() as seen, seen.marker() as name:
                self.assertEqual(0, (self.folder / name).stat().st_size)
                self.assertTrue(name.startswith('.'))
                names.append(name)
        self.assertEqual(2, len({*names}))
        self.assertEqual([], list(self.folder.iterdir()))

    def test_it_is_gone_after_an_error(self):
        with (
            self.assertRaises(ZeroDivisionError),
            self.see() as seen,
            seen.marker(),
        ):
            raise ZeroDivisionError
        self.assertEqual([], list(self.folder.iterdir()))

    def test_none_where_it_cannot_be_made(self):
        self.daemon.fails['createXML'] = fake_daemon.broken('read-only')
        with self.see() as seen, seen.marker() as name:
            self.assertIsNone(name)

    def test_one_that_stays_is_named(self):
        self.daemon.fails['delete'] = fake_daemon.broken()
        with (
            self.assertRaises(exceptions.HypervisorError) as caught,
            self.see() as seen,
            seen.marker() as name,
        ):
            pass
        self.assertIn(f'{FOLDER}/{name}', str(caught.exception))
