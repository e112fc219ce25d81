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

"""What libvirt keeps of a guest beside its disks moves with it."""

from lab.hosts import lab_host
from lab.storage import local_disks
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='qcow2')
_URI = 'https://example.org/owner'


class MovedWithItTestCase(base.EndToEndTestCase):
    """Its definition, title, description and metadata, and autostart."""

    def test_definition(self) -> None:
        """All is at the destination as it was, and nothing is doubled."""
        self.check()

    def test_definition_sid(self) -> None:
        """The same with what is newest."""
        self.use_lab({'a': 'sid', 'b': 'sid'})
        self.check()

    def check(self) -> None:
        """Migrate a guest that has all of it."""
        guest = self.guest({'vda': LOCAL})
        name = guest.name
        both = ('--live', '--config')
        self.a.virsh('desc', name, *both, '--title', 'The shop')
        self.a.virsh('desc', name, *both, 'Sells cheese.\nAsk Ann.')
        self.a.virsh(
            *('metadata', name, _URI, *both, '--key', 'own'),
            *('--set', "<owner who='ann'/>"),
        )
        self.a.virsh('autostart', name)
        before = self.told(self.a, name)
        self.assertIn('The shop', before)
        self.migrate(guest, copied=['vda'])
        self.assertEqual(before, self.told(self.b, name))
        info = self.b.virsh('dominfo', name).stdout
        self.assertRegex(info, r'Persistent: +yes')
        self.assertRegex(info, r'Autostart: +enable')
        listed = self.a.virsh('list', '--all', '--name').stdout
        self.assertNotIn(name, listed.split())

    def told(self, host: lab_host.Host, name: str) -> str:
        """Return title, description and metadata, live and defined."""
        found = []
        for flags in (('--live',), ('--config',)):
            for command in (
                ('desc', name, '--title', *flags),
                ('desc', name, *flags),
                ('metadata', name, _URI, *flags),
            ):
                found.append(host.virsh(*command).stdout)
        return ''.join(found)
