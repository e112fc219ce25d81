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

"""A journal is on the disk, whole, for nobody else to read."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.journal import journal_entries

UUID = '3a0c4a5e-0000-4000-8000-000000000001'


class EntriesTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder, 'state', 'arrivals')
        self.entries = journal_entries.JournalEntries(str(self.folder))
        self.file = self.folder / f'{UUID}.json'

    def test_an_entry_comes_and_goes(self):
        self.assertEqual([], self.entries.names())
        self.assertIsNone(self.entries.read(UUID))
        self.entries.write(UUID, {'a': 1})
        self.entries.write(UUID, {'a': 2})
        self.assertEqual({'a': 2}, self.entries.read(UUID))
        self.assertEqual([UUID], self.entries.names())
        self.entries.drop(UUID)
        self.entries.drop(UUID)
        self.assertEqual([], os.listdir(self.folder))

    def test_nobody_else_reads_it(self):
        self.entries.write(UUID, {})
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        self.assertEqual(0o700, self.folder.stat().st_mode & 0o777)

    def test_it_is_on_the_disk_before_it_has_its_name(self):
        steps = []
        with (
            mock.patch.object(os, 'fsync', lambda _: steps.append('sync')),
            mock.patch.object(os, 'rename', lambda *_: steps.append('name')),
        ):
            self.entries.write(UUID, {})
        self.assertEqual(['sync', 'name', 'sync'], steps)

    def test_one_that_was_being_written(self):
        self.entries.write(UUID, {'a': 1})
        self.file.with_suffix('.json.new').write_text('{"ver')
        self.assertEqual([UUID], self.entries.names())
        self.entries.write(UUID, {'a': 2})
        self.assertEqual({'a': 2}, self.entries.read(UUID))

    def test_a_link_that_waits_for_it(self):
        self.entries.write(UUID, {})
        victim = self.folder / 'victim'
        self.file.with_suffix('.json.new').symlink_to(victim)
        self.entries.write(UUID, {'a': 1})
        self.assertFalse(victim.exists())

    def test_a_link_that_comes_at_the_last_moment(self):
        self.entries.write(UUID, {})
        victim = self.folder / 'victim'
        self.file.with_suffix('.json.new').symlink_to(victim)
        with (
            mock.patch.object(os, 'unlink'),
            self.assertRaises(exceptions.JournalFailed),
        ):
            self.entries.write(UUID, {'a': 1})
        self.assertFalse(victim.exists())

    def test_what_is_no_entry(self):
        self.entries.write(UUID, {})
        for text in ('', '[]', '{}', '{"version": 2}', '{"ver', '\udcff'):
            self.file.write_bytes(text.encode('utf-8', 'surrogateescape'))
            with self.assertRaises(exceptions.JournalFailed):
                self.entries.read(UUID)

    def test_what_is_no_uuid(self):
        for name in ('../../etc/passwd', '', UUID.upper(), f'{UUID}\n'):
            with self.assertRaises(exceptions.JournalFailed):
                self.entries.write(name, {})
        self.assertFalse(self.folder.exists())

    def test_other_files_are_no_entries(self):
        self.entries.write(UUID, {})
        (self.folder / 'README.json').touch()
        self.assertEqual([UUID], self.entries.names())

    def test_what_cannot_be_written(self):
        self.folder.parent.mkdir()
        self.folder.touch()
        with self.assertRaises(exceptions.JournalFailed):
            self.entries.write(UUID, {})
        with self.assertRaises(exceptions.JournalFailed):
            self.entries.names()
