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

"""The last audit is read from its file, and nothing else is believed."""

import json
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.metrics import audit_results
from nova_selective_migrate.core.plan import host_audit

TOTALS = {
    'guests': 3,
    'movable': 1,
    'refused': 1,
    'not_planned': 1,
    'copy_bytes': 5,
    'memory_bytes': 7,
    'seconds': None,
    'reasons': {'locality-unknown': 1},
}


@ddt.ddt
class AuditFileTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder, 'audit.json')
        self.file = audit_results.AuditFile(str(self.path))

    def write(self, totals):
        self.path.write_text(json.dumps({'totals': totals}))

    def test_none(self):
        self.assertIsNone(self.file.results())

    def test_what_an_audit_writes(self):
        """The tree of the real one has what is read."""
        audit = host_audit.HostAudit('qemu:///system', None, None, ())
        self.path.write_text(json.dumps(audit.tree()))
        found = self.file.results()
        self.assertEqual(
            (0, 0, 0), (found.movable, found.refused, found.not_planned)
        )
        self.assertEqual({}, found.refused_by)

    def test_totals(self):
        self.write(TOTALS)
        found = self.file.results()
        self.assertEqual(1, found.movable)
        self.assertEqual(5, found.copy_bytes)
        self.assertEqual(7, found.memory_bytes)
        self.assertEqual({'locality-unknown': 1}, found.refused_by)
        self.assertAlmostEqual(self.path.stat().st_mtime, found.time)

    def test_a_code_that_nobody_knows_is_no_label(self):
        self.write({**TOTALS, 'reasons': {'x"} 1\n': 4, 'snapshots': 2}})
        self.assertEqual({'snapshots': 2}, self.file.results().refused_by)

    def test_it_is_read_once(self):
        self.write(TOTALS)
        first = self.file.results()
        with mock.patch.object(json, 'loads') as loads:
            self.assertIs(first, self.file.results())
            loads.assert_not_called()

    def test_a_newer_one_is_read(self):
        self.write(TOTALS)
        self.file.results()
        other = self.path.with_suffix('.new')
        other.write_text(json.dumps({'totals': {**TOTALS, 'movable': 2}}))
        os.rename(other, self.path)
        self.assertEqual(2, self.file.results().movable)

    @ddt.data(
        '',
        '[]',
        '{}',
        '{"totals": 1}',
        '{"totals": {}}',
        json.dumps({'totals': {**TOTALS, 'movable': 'x'}}),
        json.dumps({'totals': {**TOTALS, 'movable': None}}),
        json.dumps({'totals': {**TOTALS, 'reasons': []}}),
        '[' * 100_000,
    )
    def test_no_audit(self, text):
        self.path.write_text(text)
        with self.assertRaisesRegex(exceptions.InvalidInput, 'no audit'):
            self.file.results()

    def test_bytes_that_are_no_text(self):
        self.path.write_bytes(b'\xff\xfe')
        with self.assertRaisesRegex(exceptions.InvalidInput, 'no audit'):
            self.file.results()


if __name__ == '__main__':
    unittest.main()
