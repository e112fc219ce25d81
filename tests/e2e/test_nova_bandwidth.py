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

"""live_migration_bandwidth is for disks and memory together."""

from lab.guests import monitor_log
from lab.guests import written_records
from tests.e2e import nova_base

_MIB = 1 << 20
# Slow enough for a second look, fast enough for the lab's patience.
_TOTAL = {'libvirt': {'live_migration_bandwidth': 16}}
MUCH = {
    'root_mib': 56,
    'ephemeral': 'ext4',
    'workload': written_records.Workload(cold_mib=40),
}


class NovaBandwidthTestCase(nova_base.NovaTestCase):
    """A server with two disks to copy."""

    def told(self) -> dict[str, list[int | None]]:
        """Return what each was told, in MiB/s; None in the moment it did."""
        server = self.server(**MUCH)
        since = monitor_log.mark(self.a)
        moved = self.migrate(server)
        found: dict[str, list[int | None]] = {}
        for one in monitor_log.speeds(self.a, server, since):
            limit = None if one.limit is None else one.limit // _MIB
            found.setdefault(one.of, []).append(limit)
        self.assert_moved(server, moved, mirrored=['vda', 'vdb'])
        return found

    def test_stock(self) -> None:
        """With nova's own driver each disk takes as much."""
        self.stock(**_TOTAL)
        told = self.told()
        self.assertEqual((16, 16), (told['vda'][0], told['vdb'][0]))

    def test_plugin(self) -> None:
        """With ours they share it, and memory has all of it."""
        self.plugin(**_TOTAL)
        told = self.told()
        self.assertEqual((8, 8), (told['vda'][0], told['vdb'][0]))
        begun = told['memory'].index(None)
        self.assertEqual([8, 16], told['memory'][:begun])

    def test_libvirt_11_3(self) -> None:
        """It is shared out by what remains."""
        self.use_lab({'a': 'trixie', 'b': 'trixie'})
        self.plugin(**_TOTAL)
        told = self.told()
        self.assertEqual((8, 8), (told['vda'][0], told['vdb'][0]))
        shared = [n for n in (*told['vda'], *told['vdb']) if n is not None]
        self.assertGreater(len(shared), 2)
        self.assertLessEqual(max(shared), 16)
