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

"""Claims prove what they may remove, also those of a process that ended."""

import json
import pathlib
import tempfile
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.destination import incoming_journal

UUID = '3a0c4a5e-0000-4000-8000-000000000001'


class ClaimTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.top = pathlib.Path(folder, 'instances')
        self.top.mkdir()
        self.home = self.top / UUID
        self.journal = pathlib.Path(folder, 'arrivals')
        self.claims = incoming_journal.IncomingJournal(
            str(self.journal), str(self.top)
        )

    def begin(self):
        self.claims.begin(UUID, str(self.home), ['disk'], 'req-1')

    def make(self, *names):
        self.home.mkdir(exist_ok=True)
        for name in names:
            (self.home / name).touch()

    def claim(self):
        return self.claims.entry(UUID)

    def assert_foreign(self, *words):
        for act in (self.claim().check, self.claim().remove):
            with self.assertRaises(exceptions.NotOurs) as raised:
                act()
            for word in words:
                self.assertIn(word, str(raised.exception))
        self.assertTrue(self.home.exists())

    def test_none(self):
        self.assertIsNone(self.claim())
        self.claims.prove(UUID, complete=True)
        self.assertIsNone(self.claim())
        self.claims.drop(UUID)

    def test_what_was_made(self):
        self.begin()
        self.make('disk', 'disk.info')
        self.claims.prove(UUID, complete=True)
        self.make('console.log', 'console.log.0')
        self.assertEqual([UUID], self.claims.instances())
        self.claim().check()
        self.claim().remove()
        self.assertFalse(self.home.exists())

    def test_what_is_promised(self):
        """Until the guest is here, or the migration is rolled back."""
        self.claims.begin(UUID, str(self.home), ['disk'], 'req', (), 700)
        self.assertEqual(700, self.claim().promised_bytes)
        self.assertEqual(700, self.claims.promised_bytes())
        self.assertEqual([], self.claims.waiting())
        self.claims.drop(UUID)
        self.assertEqual(0, self.claims.promised_bytes())
        self.assertEqual([], self.claims.waiting())

    def test_what_no_migration_has_waits_for_somebody(self):
        self.claims.begin(UUID, str(self.home), ['disk'], 'req', (), 700)
        self.claims.ends(UUID)
        self.assertEqual([UUID], self.claims.waiting())
        self.assertEqual(0, self.claims.promised_bytes())

    def test_an_earlier_process_s_waits_until_it_is_known_to_go_on(self):
        self.claims.begin(UUID, str(self.home), ['disk'], 'req', (), 700)
        started = incoming_journal.IncomingJournal(
            str(self.journal), str(self.top)
        )
        self.assertEqual([UUID], started.waiting())
        started.comes(UUID)
        self.assertEqual([], started.waiting())
        self.assertEqual(700, started.promised_bytes())

    def test_a_doubt_waits_for_somebody(self):
        self.begin()
        self.claims.doubt(UUID, 'both ran it')
        self.assertEqual([UUID], self.claims.waiting())

    def test_an_entry_of_an_earlier_release_promises_nothing(self):
        self.begin()
        (path,) = self.journal.glob('*.json')
        self.assertNotIn('promised_bytes', json.loads(path.read_text()))
        self.assertEqual(0, self.claims.promised_bytes())

    def test_a_doubt_stays(self):
        """The first that was told of it; a proof does not take it away."""
        self.begin()
        self.claims.doubt(UUID, 'both ran it')
        self.claims.doubt(UUID, 'another')
        self.make('disk')
        self.claims.prove(UUID, complete=True)
        self.assertEqual('both ran it', self.claim().doubt)
        self.claims.drop(UUID)
        self.claims.doubt(UUID, 'x')
        self.assertIsNone(self.claim())

    def test_an_entry_of_an_earlier_release_has_none(self):
        self.begin()
        (file,) = self.journal.iterdir()
        tree = json.loads(file.read_text())
        del tree['doubt']
        file.write_text(json.dumps(tree))
        self.assertEqual('', self.claim().doubt)

    def test_ended_before_anything_is_proven(self):
        self.begin()
        self.make('disk')
        self.assert_foreign('not proven')

    def test_ended_while_content_was_written(self):
        for scratch in (
            *('disk.seed', '.disk.seed.0123abc_', '.disk.0123abc_'),
            *('.disk.0123abc_.part', '.disk.0123abc_.converted'),
        ):
            with self.subTest(scratch):
                self.begin()
                self.make()
                self.claims.prove(UUID, complete=False)
                self.make('disk', scratch)
                self.claim().remove()
                self.assertFalse(self.home.exists())

    def test_what_only_looks_half_made(self):
        self.begin()
        self.make()
        self.claims.prove(UUID, complete=False)
        for name in ('other.seed', 'disk.seed.old', '.disk.x', 'disk.part'):
            self.make(name)
            self.assert_foreign(name)
            (self.home / name).unlink()

    def test_nothing_is_half_made_in_the_end(self):
        self.begin()
        self.make('disk')
        self.claims.prove(UUID, complete=True)
        self.make('disk.seed')
        self.assert_foreign('disk.seed')

    def test_ended_while_images_were_made(self):
        self.begin()
        self.make('disk.info')
        self.claims.prove(UUID, complete=False)
        self.make('disk', 'kernel')
        self.claim().remove()
        self.assertFalse(self.home.exists())

    def test_what_else_is_there_then(self):
        self.begin()
        self.make('disk.info')
        self.claims.prove(UUID, complete=False)
        self.make('disk', 'notes')
        self.assert_foreign('notes')

    def test_images_of_the_right_name_that_came_later(self):
        self.begin()
        self.make()
        self.claims.prove(UUID, complete=True)
        self.make('disk')
        self.assert_foreign('disk')

    def test_a_proof_does_not_change_once_it_is_complete(self):
        self.begin()
        self.make()
        self.claims.prove(UUID, complete=True)
        self.make('notes')
        self.claims.prove(UUID, complete=True)
        self.assert_foreign('notes')

    def test_another_directory_is_not_proven_in_its_place(self):
        self.begin()
        self.home.symlink_to('/')
        with self.assertRaises(exceptions.NotOurs):
            self.claims.prove(UUID, complete=True)

    def test_what_is_no_claim(self):
        self.begin()
        file = self.journal / f'{UUID}.json'
        file.write_text('{"version": 1}')
        with self.assertRaisesRegex(exceptions.JournalFailed, 'no claim'):
            self.claim()
