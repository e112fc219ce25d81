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

import pathlib
import tempfile
import unittest

from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import transfer_rates

_HOST = '0d3a9c1e-5b7f-4c2a-8e6d-1f2b3c4d5e6f'


class TransferRatesTest(unittest.TestCase):
    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.journal = f'{top.name}/journal'
        self.rates = transfer_rates.TransferRates(self.journal)

    def file(self) -> pathlib.Path:
        return pathlib.Path(self.journal) / 'rates' / f'{_HOST}.json'

    def test_the_last_one_counts(self):
        self.assertIsNone(self.rates.of(_HOST))
        for rate in (7, 9):
            self.rates.note(_HOST, rate)
        self.assertEqual(9, self.rates.of(_HOST))
        # It is no migration that waits for somebody.
        runs = migration_journal.MigrationJournal(self.journal).runs()
        self.assertEqual([], runs)

    def test_what_cannot_be_read_is_not_known(self):
        self.rates.note(_HOST, 7)
        for text in (
            'no json',
            '[]',
            '{"version": 2}',
            '{"version": 1}',
            '{"version": 1, "bytes_per_second": "7"}',
            '{"version": 1, "bytes_per_second": true}',
            '{"version": 1, "bytes_per_second": 0}',
        ):
            with self.subTest(text):
                self.file().write_text(text)
                self.assertIsNone(self.rates.of(_HOST))

    def test_a_host_without_a_uuid(self):
        """Neither is an error: a plan does without."""
        for name in ('', '../x'):
            self.rates.note(name, 7)
            self.assertIsNone(self.rates.of(name))
