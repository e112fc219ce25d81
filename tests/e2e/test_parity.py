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


"""Options that virsh migrate has as well, on real hosts."""

from lab.guests import lab_guest
from lab.storage import local_disks
from tests.e2e import base

RAW = local_disks.LocalFile(format='raw')


class ParityTestCase(base.EndToEndTestCase):
    """Names, definitions and memory."""

    def test_another_name_in_one_definition(self) -> None:
        """The guest has its new name, and its old definition stays."""
        guest = self.guest({'vda': RAW})
        uuid = self.a.virsh('domuuid', guest.name).stdout.strip()
        self.a.virsh('autostart', guest.name)
        name = f'{guest.name}-there'
        self.addCleanup(self.b.virsh, 'undefine', name, check=False)
        self.addCleanup(self.b.virsh, 'destroy', name, check=False)
        result = self.run_json(
            'migrate',
            guest,
            *('--dname', name, '--no-undefine-source', '--suspend'),
            *('--parallel', '--parallel-connections', '3'),
            '--compressed',
        )
        self.assertEqual(3, result.exit_code)
        self.assertEqual(
            ['options-conflict'],
            [r['reason'] for r in result.tree['plan']['refusals']],
        )
        result = self.run_json(
            'migrate',
            guest,
            *('--dname', name, '--no-undefine-source', '--suspend'),
            *('--comp-methods', 'xbzrle', '--comp-xbzrle-cache', '16777216'),
        )
        self.assertEqual('moved', result.tree['outcome'], result.tree)
        there = self.b.virsh('dominfo', uuid).stdout
        for part in (name, 'paused', 'Persistent:     yes', 'Autostart:'):
            self.assertIn(part, there)
        self.assertRegex(there, r'Autostart: +enable')
        here = self.a.virsh('dominfo', uuid).stdout
        for part in (guest.name, 'shut off'):
            self.assertIn(part, here)
        self.assertRegex(here, r'Autostart: +disable')

    def test_not_defined_there(self) -> None:
        """The definition stays where it was alone."""
        guest = self.guest({'vda': RAW})
        result = self.run_json(
            'migrate',
            guest,
            *('--no-persistent', '--parallel', '--parallel-connections', '2'),
        )
        self.assertEqual('moved', result.tree['outcome'], result.tree)
        there = self.b.virsh('dominfo', guest.name).stdout
        self.assertRegex(there, r'Persistent: +no')
        self.assertEqual('shut off', guest.state(self.a))
        self.wait_for_more(guest)

    def test_a_transient_guest_is_defined_there(self) -> None:
        """Its definition is that of what arrives."""
        guest = self.guest({'vda': RAW}, transient=True)
        self.migrate(guest, '--persistent', copied=['vda'])
        there = self.b.virsh('dominfo', guest.name).stdout
        self.assertRegex(there, r'Persistent: +yes')
        self.assert_nothing_lost(guest, self.b)

    def test_after_a_time_the_guest_is_held(self) -> None:
        """A guest that would be slow to move is suspended, and runs there."""
        guest = self.guest({'vda': RAW})
        result = self.migrate(
            guest, '--timeout', '1', '--bandwidth', '8', copied=['vda']
        )
        self.assertIn('is suspended until', result.stderr)
        self.assert_nothing_lost(guest, self.b)

    def test_post_copy_begins_after_a_time(self) -> None:
        """Whatever is still to be sent."""
        guest = self.guest({'vda': RAW})
        result = self.migrate(
            guest,
            *('--post-copy', '--timeout', '1', '--timeout-postcopy'),
            *('--bandwidth', '24'),
            copied=['vda'],
        )
        self.assertIn('post-copy has begun', result.stderr)
        self.assert_nothing_lost(guest, self.b)

    def wait_for_more(self, guest: lab_guest.Guest) -> None:
        """Wait until the guest goes on at the destination."""
        now = guest.acknowledged()
        guest.wait_for_records(
            self.b, {t: n + base.AFTER for t, n in now.items()}
        )
