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

"""The journal outlives a crash, and believes no other file."""

import json
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import migration_record

FIELDS = {
    'domain': 'guest',
    'uuid': '8c0d9f5e-6e43-4a3f-9b3a-0d3f3ad5b6c1',
    'source_uri': 'qemu:///system',
    'source_host': 'here',
    'destination_uri': 'qemu+tcp://there/system',
    'destination_host': 'there',
    'targets': ('vda', 'vdb'),
}
PLANNED = migration_record.CreatedImage('/srv/a', 'raw', 512)
MADE = migration_record.CreatedImage(
    '/srv/a', 'raw', 512, storage_facts.FileStamp('1.5', '1.6', '2:3')
)


class JournalTest(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = pathlib.Path(top.name)
        self.journal = migration_journal.MigrationJournal(
            str(self.top / 'state' / 'journal')
        )

    def file(self, begun: migration_record.MigrationRecord) -> pathlib.Path:
        return pathlib.Path(self.journal.directory, f'{begun.plan_id}.json')

    def begin(self, **fields) -> migration_record.MigrationRecord:
        begun = migration_record.MigrationRecord.begun(
            **{**FIELDS, 'images': (PLANNED,), **fields}
        )
        self.journal.write(begun)
        return begun

    def test_a_run_is_read_as_it_was_written(self):
        begun = self.begin()
        self.assertEqual([begun], self.journal.runs())

    def test_what_was_made_takes_the_place_of_what_was_planned(self):
        begun = self.begin()
        self.journal.write(begun.with_image(MADE))
        (found,) = self.journal.runs()
        self.assertEqual((MADE,), found.images)

    def test_what_has_ended_is_forgotten(self):
        begun = self.begin()
        self.journal.end(begun)
        self.journal.end(begun)
        self.assertEqual([], self.journal.runs())

    def test_a_crash_while_writing_leaves_the_earlier_one(self):
        begun = self.begin()
        with (
            mock.patch.object(os, 'fsync', side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.journal.write(begun.with_image(MADE))
        self.assertEqual([begun], self.journal.runs())

    def test_one_that_cannot_be_written_stops_before_anything(self):
        (self.top / 'state').write_text('a file')
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, 'journal.*--journal'
        ):
            self.begin()

    def test_the_newest_of_a_domain(self):
        earlier = self.begin()
        later = migration_record.MigrationRecord.begun(**FIELDS)
        later = type(later)(**{**vars(later), 'began': '2999-01-01T00:00:00'})
        self.journal.write(later)
        self.begin(domain='other', uuid='other')
        for name in (earlier.domain, earlier.uuid):
            self.assertEqual(later, self.journal.newest(name))
        self.assertIsNone(self.journal.newest('unknown'))

    def test_a_guest_of_two_names(self):
        begun = self.begin(destination_name='other')
        for name in ('guest', 'other', FIELDS['uuid']):
            self.assertEqual(begun, self.journal.newest(name))
        self.assertIsNone(self.journal.newest(''))

    def test_no_journal_is_an_empty_one(self):
        self.assertEqual([], self.journal.runs())

    def test_what_is_no_run_is_named(self):
        begun = self.begin()
        file = self.file(begun)
        tree = json.loads(file.read_text())
        image = tree['images'][0]
        for bad in (
            '',
            '[]',
            'null',
            '{',
            '[' * 10000,
            json.dumps({**tree, 'version': 2}),
            json.dumps({**tree, 'more': 1}),
            json.dumps({**tree, 'plan_id': '../../etc/passwd'}),
            json.dumps({**tree, 'plan_id': 7}),
            json.dumps({**tree, 'uuid': 7}),
            json.dumps({**tree, 'targets': [7]}),
            json.dumps({**tree, 'images': [{**image, 'path': 7}]}),
            json.dumps({**tree, 'images': [{**image, 'virtual_bytes': '7'}]}),
            json.dumps({**tree, 'images': [{**image, 'stamp': {'a': 1}}]}),
            json.dumps({**tree, 'images': None}),
        ):
            file.write_text(bad)
            with (
                self.subTest(bad=bad[:60]),
                self.assertRaisesRegex(exceptions.JournalFailed, file.name),
            ):
                self.journal.runs()


class DefaultTest(unittest.TestCase):
    def test_of_root(self):
        with mock.patch.object(os, 'geteuid', return_value=0):
            self.assertEqual(
                '/var/lib/nova-selective-migrate/journal',
                migration_journal.default_directory(),
            )

    def test_of_others(self):
        with (
            mock.patch.object(os, 'geteuid', return_value=1),
            mock.patch.dict(os.environ, {'XDG_STATE_HOME': '/state'}),
        ):
            self.assertEqual(
                '/state/nova-selective-migrate/journal',
                migration_journal.default_directory(),
            )


if __name__ == '__main__':
    unittest.main()
