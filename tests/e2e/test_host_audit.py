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
"""The audit of a host: what it says is what migrations then do."""

import json

from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base


class HostAuditTestCase(base.EndToEndTestCase):
    """Two guests of host a, one of which cannot move."""

    def audit(self, *arguments: str) -> base.Result:
        """Audit host a, and check that it has changed nothing."""
        with self.unchanged():
            done = self.program('host', 'audit', '-f', 'json', *arguments)
        return base.Result(
            done.returncode, json.loads(done.stdout), done.stderr
        )

    def test_two_guests(self) -> None:
        """One moves as it was told; the other is refused as it was told."""
        local = {'vda': local_disks.LocalFile(format='qcow2')}
        mixed = {
            'vda': local_disks.LocalFile(format='raw'),
            'vdb': shared_disks.SharedBlock(),
        }
        movable, refused = self.guest(local), self.guest(mixed)
        found = self.audit(self.b.remote_uri, '--rate', '100')
        self.assertEqual(3, found.exit_code, found)
        guests = {each['name']: each for each in found.tree['guests']}
        self.assertEqual({movable.name, refused.name}, {*guests})
        told = guests[movable.name]
        self.assertTrue(told['movable'], told)
        self.assertLess(0, told['copy_bytes'])
        self.assertLess(0, told['seconds'])
        why = guests[refused.name]['refusals']
        self.assertEqual(['vdb'], [each['target'] for each in why])
        self.assertEqual(1, found.tree['totals']['movable'])
        self.assert_refused(refused, reasons={'vdb': why[0]['reason']})
        self.migrate(movable, copied=told['copied'])
        self.assert_nothing_lost(movable, self.b)
        self.assertEqual(
            [refused.name],
            [each['name'] for each in self.audit().tree['guests']],
        )
