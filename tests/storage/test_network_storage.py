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

"""A guest with a disk of each kind moves between two real kernels."""

import collections.abc

from lab.storage import iscsi_target
from lab.storage import local_disks
from lab.storage import luks_volumes
from lab.storage import multipath_maps
from lab.storage import shared_disks
from lab.storage import volume_groups
from tests.e2e import base as e2e_base
from tests.storage import base

_MIB = 64


class SanTest(base.StorageTestCase):
    """What a storage network brings to both hosts is kept."""

    def setUp(self) -> None:
        super().setUp()
        self.use_nfs()
        target = iscsi_target.IscsiTarget.create(self.storage)
        units = [target.create_unit(number, _MIB) for number in (1, 2, 3)]
        for unit in units:
            self.addCleanup(target.remove_unit, unit)
        by_path, in_map, in_luks = units
        # Other devices come first on one host, so that no number is equal.
        group = volume_groups.VolumeGroup.create(self.b, 'first')
        self.addCleanup(group.remove)
        group.create_volume('first', 16)
        self.attach(target, self.a, target.portals)
        self.attach(target, self.b, target.portals[::-1])
        first, _ = target.portals
        self.plain = by_path.by_path(first)
        self.map = f'/dev/mapper/{in_map.wwid}'
        self.crypt = '/dev/mapper/crypt-volume'
        encrypted = in_luks.by_path(first)
        luks_volumes.encrypt(self.a, encrypted)
        for host in self.lab.hosts:
            target.await_unit(host, by_path)
            self.addCleanup(multipath_maps.stop, host)
            multipath_maps.start(host, [in_map.wwid])
            multipath_maps.await_map(host, in_map.wwid)
            self.addCleanup(luks_volumes.lock, host, 'crypt-volume')
            luks_volumes.unlock(host, encrypted, 'crypt-volume')

    def attach(
        self,
        target: iscsi_target.IscsiTarget,
        host: e2e_base.lab_host.Host,
        portals: collections.abc.Sequence[str],
    ) -> None:
        self.addCleanup(target.detach, host)
        target.attach(host, portals)

    def test_kept(self) -> None:
        devices = {'vdc': self.plain, 'vdd': self.map, 'vde': self.crypt}
        numbers = {
            path: [self.real(host, path) for host in self.lab.hosts]
            for path in devices.values()
        }
        for path, (here, there) in numbers.items():
            self.assertNotEqual(here, there, path)
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(size_mib=_MIB),
                'vdb': shared_disks.SharedFile(size_mib=_MIB),
                **{
                    target: shared_disks.SharedDevice(path=path, size_mib=_MIB)
                    for target, path in devices.items()
                },
            }
        )
        # Without a word of anybody's the devices are not taken for shared.
        planned = self.run_json('plan', guest)
        self.assertEqual(
            dict.fromkeys(devices, 'shared-not-confirmed'),
            {r['target']: r['reason'] for r in planned.tree['refusals']},
        )
        shared = [w for p in devices.values() for w in ('--shared-path', p)]
        self.migrate(guest, *shared, copied={'vda'})
        self.assert_nothing_lost(guest, self.b)
