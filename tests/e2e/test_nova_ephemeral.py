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

import ddt

from tests.e2e import nova_base

MIB = 2**20
# There the guest keeps its records: see lab.guests.written_records.
WRITTEN = slice(MIB, 12 * MIB)
# Of ext4 and of swap space: where, and what.
_MAGIC = (
    (slice(0x438, 0x43A), b'\x53\xef'),
    (slice(4086, 4096), b'SWAPSPACE2'),
)


@ddt.ddt
class EphemeralTestCase(nova_base.NovaTestCase):
    """Qcow2 disks over bases that nova makes anew on each host."""

    def content_at(self, server, host) -> list[tuple[bytes, str]]:
        """Return what these say on a host, except for the records."""
        found = []
        for target in ('vdb', 'vdc'):
            raw = server.raw(host, server.disks(host)[target])
            content = raw.read_bytes()
            raw.unlink()
            head, tail = content[: WRITTEN.start], content[WRITTEN.stop :]
            found.append((head, hashlib.sha256(tail).hexdigest()))
        return found

    def move(self):
        """Move such a server; return its content before and after."""
        server = self.server(ephemeral='ext4', swap_mib=32)
        before = self.content_at(server, self.a)
        for (where, magic), (head, _) in zip(_MAGIC, before, strict=True):
            self.assertEqual(magic, head[where])
        moved = self.migrate(server)
        disks = ['vda', 'vdb', 'vdc']
        self.assert_moved(server, moved, mirrored=disks)
        self.assertEqual(dict.fromkeys(disks, 'top'), moved.sync)
        return before, self.content_at(server, self.b)

    def test_stock(self) -> None:
        """Nova's own driver makes another file system below the copy."""
        self.stock()
        before, after = self.move()
        where, magic = _MAGIC[0]
        self.assertNotEqual(magic, after[0][0][where])
        self.assertNotEqual(before[0][1], after[0][1])

    @ddt.data('', 'trixie', 'sid')
    def test_plugin(self, release: str) -> None:
        """Ours changes nothing, and copies what is above the bases alone."""
        if release:
            self.use_lab({'a': release, 'b': release})
        self.plugin()
        before, after = self.move()
        self.assertEqual(before, after)
