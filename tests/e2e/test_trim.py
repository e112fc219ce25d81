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

"""--trim: what a guest has deleted does not travel."""

from benchmarks import wire_counter
from lab.guests import trimming_guest
from tests.e2e import aborted_migration
from tests.e2e import base

MIB = 1 << 20


class TrimTestCase(base.EndToEndTestCase):
    """A guest with an ext4 that holds deleted data."""

    def trimming(self, **options) -> trimming_guest.TrimmingGuest:
        """Start a guest at host a."""
        guest = trimming_guest.TrimmingGuest(
            self.lab, self.new_name(), **options
        )
        for host in self.lab.hosts:
            self.addCleanup(guest.stop, host)
        guest.start(self.a)
        return guest

    def migrated(
        self, guest: trimming_guest.TrimmingGuest, *arguments: str
    ) -> tuple[base.Result, int]:
        """Migrate it; return the outcome and the disk's bytes on the wire."""
        with wire_counter.Counted(self.lab) as counted:
            result = self.run_json('migrate', guest, *arguments)
        self.assertEqual('moved', result.tree['outcome'], result.stderr)
        return result, counted.bytes - result.tree['memory_bytes']

    def assert_same(self, guest: trimming_guest.TrimmingGuest) -> None:
        """Check that what the guest has not deleted is the same."""
        self.b.virsh('destroy', guest.name)
        self.assertEqual(guest.live(self.a), guest.live(self.b))

    def test_trimmed(self) -> None:
        """At most 1.10 times the live data is on the wire."""
        guest = self.trimming()
        self.assertGreater(guest.allocated(self.a), 120 * MIB)
        result, sent = self.migrated(guest, '--trim')
        trim = result.tree['trim']
        self.assertIsNone(trim['why_not'])
        self.assertGreater(trim['saved_bytes'], 90 * MIB)
        self.assertLess(sent, 1.1 * guest.live_mib * MIB)
        self.assertLess(guest.allocated(self.b), 1.1 * guest.live_mib * MIB)
        self.assert_same(guest)

    def test_nobody_answers(self) -> None:
        """Where the agent is silent it moves as it is, and that is said."""
        guest = self.trimming(agent=trimming_guest.Agent.SILENT, dead_mib=32)
        result, sent = self.migrated(guest, '--trim', '--trim-timeout', '5')
        trim = result.tree['trim']
        self.assertIn('agent', trim['why_not'])
        self.assertLess(trim['seconds'], 15)
        self.assertGreater(sent, 60 * MIB)
        self.assert_same(guest)

    def test_no_discard(self) -> None:
        """Nothing is asked of a guest whose disk ignores discards."""
        guest = self.guest({'vda': aborted_migration.LARGE})
        with self.unchanged():
            tree = aborted_migration.abort(self, guest, '--trim')
        self.assertIn("discard='unmap'", tree['trim']['why_not'])
        self.assert_goes_on(guest)
