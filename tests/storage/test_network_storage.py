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
_GROUP = 'shared'


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


class SharedVolumeGroupTest(base.StorageTestCase):
    """One volume group on a unit that both hosts have; LVM locks nothing."""

    def setUp(self) -> None:
        super().setUp()
        target = iscsi_target.IscsiTarget.create(self.storage)
        unit = target.create_unit(4, 2 * _MIB)
        self.addCleanup(target.remove_unit, unit)
        for host in self.lab.hosts:
            self.addCleanup(target.detach, host)
            target.attach(host)
        paths = [target.await_unit(host, unit) for host in self.lab.hosts]
        self.group = volume_groups.VolumeGroup.create(self.a, _GROUP, paths[0])
        self.addCleanup(self.group.remove)
        self.volume = self.group.create_volume('shared', _MIB)
        # What both have must not be active where it is removed elsewhere.
        self.addCleanup(self.b.run, ['vgchange', '-qan', _GROUP], check=False)
        self.b.run(['pvscan', '-q', '--cache'])
        self.b.run(['vgchange', '-qay', _GROUP])

    def define_pools(self) -> None:
        for host in self.lab.hosts:
            host.virsh(
                *('pool-define-as', _GROUP, 'logical'),
                *('--source-name', _GROUP, '--target', f'/dev/{_GROUP}'),
            )
            self.addCleanup(host.virsh, 'pool-undefine', _GROUP, check=False)
            host.virsh('pool-start', _GROUP)
            # Taken off at the end: to destroy it would end the volumes.
            self.addCleanup(host.virsh, 'pool-destroy', _GROUP, check=False)

    def test_it_is_never_copied(self) -> None:
        """Refused where nothing shows it; kept where both UUIDs do."""
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(size_mib=_MIB),
                'vdb': shared_disks.SharedDevice(
                    path=self.volume.path, size_mib=_MIB
                ),
            }
        )
        unproven = self.run_json('plan', guest)
        self.assertEqual(
            {'vdb': 'shared-not-confirmed'}, self.refused(unproven)
        )
        self.define_pools()
        # What is shown goes before what is declared.
        words = ('--local-path', self.volume.path, '--existing', 'vdb')
        declared = self.run_json('plan', guest, *words)
        self.assertEqual(['vdb'], [*self.refused(declared)])
        self.assertEqual([], declared.tree['migrate_disks'])
        uuid = self.volume.uuid
        self.migrate(guest, copied={'vda'})
        self.assertEqual(uuid, self.volume.uuid)
        self.assert_nothing_lost(guest, self.b)

    def refused(self, planned: e2e_base.Result) -> dict[str, str]:
        return {r['target']: r['reason'] for r in planned.tree['refusals']}
