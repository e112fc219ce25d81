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

"""What is journalled at a source is what nova needs for an end."""

import json
import pathlib
import tempfile
import types
import unittest

from nova import context
from nova import objects

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import outgoing_journal
from nova_selective_migrate.core.job import guest_location

UUID = '3a0c4a5e-0000-4000-8000-000000000001'


class OutgoingJournalTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        objects.register_all()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.file = pathlib.Path(folder, f'{UUID}.json')
        self.journal = outgoing_journal.OutgoingJournal(folder)
        self.context = context.get_admin_context()
        row = objects.Migration(id=7, status='running')
        row.obj_reset_changes()
        self.data = objects.LibvirtLiveMigrateData(
            is_shared_instance_path=False,
            is_shared_block_storage=False,
            block_migration=True,
            old_vol_attachment_ids={'volume': 'attachment'},
            migration=row,
        )
        self.bdms = objects.BlockDeviceMappingList(
            objects=[
                objects.BlockDeviceMapping(
                    id=3, volume_id=UUID, connection_info='{"data": 1}'
                )
            ]
        )

    def begin(self, uri=None):
        instance = types.SimpleNamespace(uuid=UUID)
        self.journal.begin(
            self.context,
            instance,
            'there',
            self.bdms,
            True,
            self.data,
            uri,
        )

    def read(self):
        return self.journal.entry(self.context, UUID)

    def test_it_comes_back(self):
        self.begin()
        found = self.read()
        self.assertEqual('there', found.destination)
        self.assertEqual(self.context.request_id, found.request)
        self.assertIsNone(found.ending)
        row = found.migrate_data.migration
        self.assertEqual((7, set()), (row.id, row.obj_what_changed()))
        self.assertFalse(found.migrate_data.is_shared_instance_path)
        self.assertEqual('{"data": 1}', found.source_bdms[0].connection_info)

    def test_where_the_call_went_is_noted(self):
        uri = 'qemu+tcp://192.0.2.2/system'
        self.begin(uri)
        self.assertEqual(uri, self.read().uri)

    def test_a_password_in_it_is_not(self):
        self.begin('qemu+tcp://me:s3cret@there/system')
        self.assertNotIn('s3cret', self.file.read_text())
        self.assertIsNone(self.read().uri)

    def test_an_entry_of_an_earlier_release(self):
        """It has no URI, and its own word for a guest that has stayed."""
        self.begin('qemu+tcp://there/system')
        tree = json.loads(self.file.read_text())
        del tree['uri']
        tree['ending'] = 'not moved'
        self.file.write_text(json.dumps(tree))
        found = self.read()
        self.assertIsNone(found.uri)
        self.assertFalse(found.postcopy)
        self.assertIs(guest_location.Ending.NOT_MOVED, found.ending)

    def test_a_post_copy_is_remembered(self):
        self.journal.note_postcopy(UUID)
        self.begin()
        self.assertFalse(self.read().postcopy)
        self.journal.note_postcopy(UUID)
        self.journal.note(UUID, guest_location.Ending.UNKNOWN)
        self.assertTrue(self.read().postcopy)

    def test_the_address_is_the_one_that_nova_calls(self):
        self.begin()
        self.assertEqual('there', self.read().address)
        self.data.target_connect_addr = None
        self.begin()
        self.assertEqual('there', self.read().address)
        self.data.target_connect_addr = '192.0.2.2'
        self.begin()
        self.assertEqual('192.0.2.2', self.read().address)

    def test_an_ending_is_added(self):
        self.begin()
        for each in guest_location.Ending:
            self.journal.note(UUID, each)
            self.assertIs(each, self.read().ending)

    def test_there_is_no_ending_of_what_is_not_entered(self):
        self.journal.note(UUID, guest_location.Ending.MOVED)
        self.assertEqual([], self.journal.instances())

    def test_the_secret_of_a_tpm_is_not_written(self):
        if 'vtpm_secret_value' not in self.data.fields:
            self.skipTest('this nova has none')
        self.data.vtpm_secret_uuid = UUID
        self.data.vtpm_secret_value = 'c2VjcmV0'
        self.begin()
        self.assertNotIn('c2VjcmV0', self.file.read_text())
        self.assertTrue(self.read().migrate_data.has_vtpm)

    def test_nobody_else_reads_it(self):
        self.begin()
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)

    def test_what_is_no_entry(self):
        self.begin()
        whole = self.file.read_text()
        for text in (
            '{"version": 1}',
            whole.replace('"ending": null', '"ending": "nowhere"'),
        ):
            self.file.write_text(text)
            with self.assertRaises(exceptions.JournalFailed):
                self.read()
