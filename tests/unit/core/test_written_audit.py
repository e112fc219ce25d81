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

"""The one reader of an audit: what host_audit writes, and nothing else."""

import json
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.core.plan import written_audit

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
class WrittenAuditTest(unittest.TestCase):
    def test_what_is_written_is_read(self):
        audit = host_audit.HostAudit(
            'qemu:///system',
            None,
            None,
            (host_audit.GuestAudit('a', 'uuid-a', None, 'no XML', 5),),
        )
        found = written_audit.WrittenAudit(json.dumps(audit.tree()))
        self.assertEqual(
            written_audit.WrittenGuest(
                'uuid-a', False, (), 'no XML', 0, 5, ()
            ),
            found.guests()[0],
        )
        self.assertEqual(1, found.totals().not_planned)

    @ddt.data(
        '',
        '[]',
        '1',
        '{}',
        json.dumps({'totals': 1}),
        json.dumps({'totals': {**TOTALS, 'movable': None}}),
        json.dumps({'totals': {**TOTALS, 'movable': True}}),
        json.dumps({'totals': {**TOTALS, 'copy_bytes': -1}}),
        json.dumps({'totals': {**TOTALS, 'reasons': {'x': 'y'}}}),
        '[' * 100_000,
    )
    def test_no_totals(self, text):
        with self.assertRaises(exceptions.InvalidInput):
            written_audit.WrittenAudit(text).totals()

    @ddt.data(
        '{}',
        '{"guests": 1}',
        '{"guests": [1]}',
        '{"guests": [{"uuid": "x"}]}',
        '{"guests": [{"movable": true}]}',
        '{"guests": [{"uuid": "x", "movable": 1}]}',
    )
    def test_no_guests(self, text):
        with self.assertRaises(exceptions.InvalidInput):
            written_audit.WrittenAudit(text).guests()
