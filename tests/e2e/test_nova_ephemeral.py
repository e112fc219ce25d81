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

"""An ephemeral disk has the same content wherever its server is."""

import hashlib

from tests.e2e import nova_base

MIB = 2**20
# There the guest keeps its records: see lab.records.
WRITTEN = slice(MIB, 12 * MIB)
_EXT4 = slice(0x438, 0x43A), b'\x53\xef'


class EphemeralTestCase(nova_base.NovaTestCase):
    """A qcow2 ephemeral disk that was made with ext4."""

    def content_at(self, server, host) -> tuple[bytes, str]:
        """Return what a host's disk says, except for the records."""
        raw = server.raw(host, server.disks(host)['vdb'])
        content = raw.read_bytes()
        raw.unlink()
        head, tail = content[: WRITTEN.start], content[WRITTEN.stop :]
        return head, hashlib.sha256(tail).hexdigest()

    def move(self):
        """Move such a server; return its content before and after."""
        server = self.server(ephemeral='ext4')
        before = self.content_at(server, self.a)
        where, magic = _EXT4
        self.assertEqual(magic, before[0][where])
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda', 'vdb'])
        return before, self.content_at(server, self.b)

    def test_stock(self) -> None:
        """Nova's own driver makes another file system below the copy."""
        self.stock()
        before, after = self.move()
        where, magic = _EXT4
        self.assertNotEqual(magic, after[0][where])
        self.assertNotEqual(before[1], after[1])

    def test_plugin(self) -> None:
        """Ours changes nothing."""
        self.plugin()
        before, after = self.move()
        self.assertEqual(before, after)
