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

"""Media are brought over whole, or nothing of them stays."""

import dataclasses
import pathlib
import tempfile
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import copied_media
from nova_selective_migrate.host.migration import created_images
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

ISO = '/iso/x.iso'
CONTENT = bytes(range(256)) * 8 + b'end' * 512
SIZE = len(CONTENT)


def medium(size, destination=None):
    copy = media_choices.MediumAction.COPY
    return media_choices.MediumChoice('sda', ISO, copy, size, destination)


class CopiedMediaTest(unittest.TestCase):
    def setUp(self):
        self.roots = []
        for _ in 'ab':
            top = tempfile.TemporaryDirectory()
            self.addCleanup(top.cleanup)
            root = pathlib.Path(top.name)
            (root / 'iso').mkdir()
            self.roots.append(root)
        here, self.there = map(fake_daemon.FakeDaemon, self.roots)
        self.source = fake_daemon.connect(here)
        self.peer = fake_daemon.connect(self.there)
        self.ours, self.theirs = (root / ISO[1:] for root in self.roots)
        self.ours.write_bytes(CONTENT)
        self.made: list[migration_record.CreatedImage] = []

    def copy(self, *, size=SIZE, destination=None, aborted=lambda: False):
        copied_media.copy_media(
            self.source,
            self.peer,
            [medium(size, destination)],
            self.made.append,
            aborted=aborted,
        )

    def clean(self, *, held=(), asked=True):
        run = migration_record.MigrationRecord.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=(self.made[-1],),
        )
        # As it is read again after the program was killed.
        run = migration_record.MigrationRecord.loads(run.dumps())
        return created_images.examine(
            run,
            self.peer,
            lambda _: False,
            held=held,
            is_beginning=(
                lambda path, parts: copied_media.is_beginning(
                    self.source, path, parts
                )
            )
            if asked
            else None,
        )

    def test_it_arrives(self):
        self.copy()
        self.assertEqual(CONTENT, self.theirs.read_bytes())
        begun, whole = self.made
        self.assertEqual('', begun.content)
        self.assertTrue(whole.content.startswith('sha256-'))
        self.assertTrue(self.there.released)

    def test_it_arrives_elsewhere(self):
        """The journal knows both paths, and cleanup looks at the medium."""
        there = '/srv/y.iso'
        theirs = self.roots[1] / there[1:]
        theirs.parent.mkdir()
        self.copy(destination=there)
        self.assertEqual(CONTENT, theirs.read_bytes())
        self.assertFalse(self.theirs.exists())
        (begun, _) = self.made
        self.assertEqual((there, ISO), (begun.path, begun.source_path))
        self.made.pop()
        theirs.write_bytes(CONTENT[:1500] + bytes(SIZE - 1500))
        self.assertEqual((there,), self.clean().removed)

    def test_qemu_counts_whole_sectors(self):
        self.copy(size=-(-len(CONTENT) // 512) * 512)
        self.assertEqual(CONTENT, self.theirs.read_bytes())

    def test_another_size_than_planned(self):
        for size in (len(CONTENT) - 1, len(CONTENT) + 512):
            with self.assertRaises(exceptions.PreparationFailed):
                self.copy(size=size)
            self.assertFalse(self.theirs.exists())

    def test_what_is_there_is_not_overwritten(self):
        self.theirs.write_bytes(b'theirs')
        with self.assertRaises(exceptions.PreparationFailed):
            self.copy()
        self.assertEqual(b'theirs', self.theirs.read_bytes())
        self.assertEqual([], self.made)

    def test_what_arrives_is_read_back(self):
        """The journal has the whole by then, and a byte changes after it."""

        def spoil(image):
            self.made.append(image)
            if image.content:
                self.theirs.write_bytes(CONTENT[:-1] + b'!')

        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'did not arrive'
        ):
            copied_media.copy_media(
                self.source,
                self.peer,
                [medium(len(CONTENT))],
                spoil,
                aborted=lambda: False,
            )

    def test_it_is_written_to_meanwhile(self):
        def write(image):
            self.made.append(image)

        def aborted():
            self.ours.write_bytes(CONTENT[::-1])
            return False

        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'written to while'
        ):
            self.copy(aborted=aborted)

    def test_libvirt_breaks(self):
        for operation in ('upload', 'download'):
            self.there.fails = {operation: fake_daemon.broken()}
            self.made.clear()
            with self.assertRaises(exceptions.PreparationFailed):
                self.copy()
            self.there.fails = {}
            self.assertEqual((ISO,), self.clean(held=[ISO]).removed)

    def test_an_abort_ends_it(self):
        self.copy(aborted=lambda: True)
        self.assertEqual('', self.made[-1].content)
        self.assertEqual((ISO,), self.clean(held=[ISO]).removed)

    def test_a_whole_one_is_removed(self):
        self.copy()
        self.assertEqual((ISO,), self.clean().removed)
        self.assertFalse(self.theirs.exists())

    def test_one_that_was_written_since_stays(self):
        self.copy()
        self.theirs.write_bytes(CONTENT)
        (left,) = self.clean().left
        self.assertIn('written to', left.why)
        self.assertTrue(self.theirs.exists())

    def _begun(self, content):
        """Leave what a program that was killed has copied so far."""
        self.copy()
        self.made = [
            dataclasses.replace(self.made[0], virtual_bytes=len(CONTENT))
        ]
        self.theirs.write_bytes(content)

    def test_a_beginning_is_removed(self):
        for count in (0, 1, 1500, len(CONTENT) - 1):
            self.theirs.unlink(missing_ok=True)
            self.made.clear()
            rest = bytes(len(CONTENT) - count)
            self._begun(CONTENT[:count] + rest)
            self.assertEqual((ISO,), self.clean().removed, count)

    def test_what_is_no_beginning_stays(self):
        for other in (
            CONTENT,
            CONTENT[:9] + b'!' + bytes(len(CONTENT) - 10),
            bytes(len(CONTENT) - 1) + b'!',
            b'!' * len(CONTENT),
        ):
            self.theirs.unlink(missing_ok=True)
            self.made.clear()
            self._begun(other)
            self.assertEqual((), self.clean().removed)
            self.assertEqual(other, self.theirs.read_bytes())

    def test_a_beginning_stays_where_the_source_is_not_seen(self):
        self._begun(bytes(len(CONTENT)))
        self.assertEqual((), self.clean(asked=False).removed)

    def test_another_size_stays(self):
        self.copy()
        self.theirs.write_bytes(CONTENT + b'!')
        self.assertEqual((), self.clean(held=[ISO]).removed)
