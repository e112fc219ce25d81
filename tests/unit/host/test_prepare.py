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
import pathlib
import tempfile
import typing
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.host.hypervisor import pools
from nova_selective_migrate.host.journal import run
from nova_selective_migrate.host.migration import cleaning
from nova_selective_migrate.host.migration import prepare
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
        self.made: list[run.Image] = []
        prepare.create(
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
    ) -> cleaning.Cleaned:
        began = run.Run.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=tuple(self.made),
        )
        return cleaning.examine(began, self.peer, sees, **options)

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
        self.enterContext(mock.patch.object(pools, '_FOREIGN_POOL_SECONDS', 0))
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
