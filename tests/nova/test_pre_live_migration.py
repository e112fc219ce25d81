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

"""The destination journals what it makes, before it makes it."""

import json
import os
from unittest import mock

from nova import exception

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import protocol
from tests.nova import destinations

MARKED = protocol.DestinationReport(
    0, directory_exists=False, acknowledges=True
).mark('tmpx')


def told(**ours):
    return {'medium': None, 'seed': None, 'base_digest': '', **ours}


class PreLiveMigrationTest(destinations.DestinationTest):
    def test_what_was_prepared_is_claimed(self):
        self.prepare()
        self.assertTrue(self.claim().complete)
        self.claim().check()

    def test_it_is_claimed_before_it_is_made(self):
        def stock():
            self.assertFalse(self.claim().complete)
            self.assertIsNone(self.claim().proof)
            self.home.mkdir()
            self.arrivals.note(self.instance)
            self.assertIsNotNone(self.claim().proof)
            self.assertFalse(self.claim().complete)

        disks = '[{"path": "/there/disk"}]'
        self.prepare(stock, disks)
        self.assertEqual(('disk',), self.claim().names)
        self.assertEqual('req-1', self.claim().request)

    def test_what_was_prepared_in_part_is_claimed(self):
        def stock():
            self.home.mkdir()
            raise ValueError('no image')

        with self.assertRaises(ValueError):
            self.prepare(stock)
        self.claim().check()

    def test_what_was_there_before_is_not_claimed(self):
        self.home.mkdir()
        stock = mock.Mock()
        with self.assertRaises(exception.DestinationDiskExists):
            self.prepare(stock)
        stock.assert_not_called()
        self.assertIsNone(self.claim())

    def test_what_came_there_before_nova_looked_is_not_claimed(self):
        def stock(error):
            self.home.mkdir()
            (self.home / 'disk').touch()
            raise error

        for error in (
            exception.DestinationDiskExists(path=str(self.home)),
            FileExistsError(str(self.home)),
        ):
            with self.assertRaises(type(error)):
                self.prepare(lambda e=error: stock(e))
            self.assertIsNone(self.claim())
            (self.home / 'disk').unlink()
            self.home.rmdir()

    def test_a_file_that_is_there_does_not_make_it_another_s(self):
        def stock():
            self.home.mkdir()
            self.arrivals.note(self.instance)
            raise FileExistsError('kernel')

        with self.assertRaises(FileExistsError):
            self.prepare(stock)
        self.claim().check()

    def test_a_hard_reboot_proves_no_claim(self):
        # An earlier process was killed before it had made anything.
        self.claims.begin(destinations.UUID, str(self.home), ['disk'], 'req')
        self.home.mkdir()
        (self.home / 'disk').touch()
        self.arrivals.note(self.instance)
        self.assertIsNone(self.claim().proof)

    def test_nor_does_one_after_a_preparation(self):
        self.prepare()
        self.claims.begin(destinations.UUID, str(self.home), ['disk'], 'req')
        self.arrivals.note(self.instance)
        self.assertIsNone(self.claim().proof)

    def test_a_link_that_leads_nowhere_is_there_too(self):
        self.home.symlink_to('/nowhere')
        with self.assertRaises(exception.DestinationDiskExists):
            self.prepare()

    def test_what_cannot_be_claimed_is_not_made(self):
        self.journal.touch()
        stock = mock.Mock()
        with self.assertRaisesRegex(exception.MigrationError, 'journal'):
            self.prepare(stock)
        stock.assert_not_called()

    def test_nor_is_what_nobody_understands(self):
        stock = mock.Mock()
        for told in ('{', '[1]', '[{}]', '7'):
            with self.assertRaisesRegex(exception.MigrationError, 'journal'):
                self.prepare(stock, told)
        stock.assert_not_called()

    def test_a_proof_that_cannot_be_had_does_no_harm(self):
        with mock.patch.object(
            self.claims, 'prove', side_effect=exceptions.NotOurs('link')
        ):
            self.prepare()
        self.assertIsNone(self.claim().proof)

    def test_a_shared_directory_is_nobody_s(self):
        self.data.is_shared_instance_path = True
        self.home.mkdir()
        self.prepare(lambda: None)
        self.assertIsNone(self.claim())

    def test_the_claim_goes_when_the_guest_has_come(self):
        self.prepare()
        self.arrivals.finish(self.instance)
        self.assertIsNone(self.claim())
        self.assertEqual([], os.listdir(self.home))

    def test_a_claim_that_stays_does_no_harm(self):
        failed = exceptions.JournalFailed('full')
        with mock.patch.object(self.claims, 'drop', side_effect=failed):
            self.arrivals.finish(self.instance)

    def test_images_beside_shared_ones_are_made(self):
        self.data.is_shared_block_storage = True
        self.prepare(disk_info='[]')
        self.driver._create_images_and_backing.assert_called_once()

    def test_a_source_without_the_plugin_is_told_nothing(self):
        self.data.is_shared_block_storage = True
        self.prepare()
        self.driver._create_images_and_backing.assert_not_called()

    def test_it_is_acknowledged(self):
        self.data.filename = MARKED
        self.prepare()
        self.assertTrue(protocol.Note.PREPARED.is_in(self.data.filename))

    def test_what_fails_is_not_acknowledged(self):
        self.data.filename = MARKED
        self.driver._create_images_and_backing.side_effect = ValueError
        self.data.is_shared_block_storage = True
        with self.assertRaises(ValueError):
            self.prepare(disk_info='[]')
        self.assertEqual(MARKED, self.data.filename)

    def test_another_destination_s_name_stays(self):
        self.prepare()
        self.assertEqual('tmpx', self.data.filename)

    def test_nothing_is_made_for_a_source_that_has_lost_its_plan(self):
        self.data.filename = protocol.Note.PLANNED.added_to(MARKED)
        stock = mock.Mock()
        ours = {'path': '/x/disk', 'selective_migrate': told()}
        entries = [ours, {'path': '/x/disk.config'}]
        with self.assertRaisesRegex(exception.MigrationError, 'without the'):
            self.prepare(stock, json.dumps(entries))
        stock.assert_not_called()
        self.assertIsNone(self.claim())
        self.prepare(disk_info=json.dumps([ours]))

    def test_a_source_that_has_planned_nothing_is_served(self):
        self.data.filename = MARKED
        self.prepare(disk_info='[{"path": "/x/disk"}]')

    def test_a_console_log_is_there_as_nova_makes_it(self):
        self.prepare(disk_info='[]')
        made = self.driver._ensure_console_log_for_instance
        made.assert_called_once_with(self.instance)

    def test_nova_makes_it_where_it_is_told_of_no_disk(self):
        self.prepare()
        self.driver._ensure_console_log_for_instance.assert_not_called()
