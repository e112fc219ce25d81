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

"""What stock nova would copy, and where that is not what disks need."""

import unittest

import ddt

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import nova_servers
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.core.plan import stock_choice
from tests.unit.core import builders as b

DIRECTORY = f'/var/lib/nova/instances/{b.UUID}'
ROOT = f'{DIRECTORY}/disk'
ELSEWHERE = '/data/own'
NFS = '/mnt/nfs/volume'
DATA = '/dev/vg/data'
VDA = b.disk('vda', b.file(ROOT))


def row(device, volume=b.VOLUME, **data):
    return {
        'mount_device': device,
        'volume_id': volume,
        'connection_info': {
            'driver_volume_type': 'nfs',
            'serial': volume,
            'data': data or {'name': 'volume', 'export': 'srv:/exp'},
        },
    }


def choice(*disks, rows=(), shared=(), facts=(), **server):
    """Plan a server's disks and choose as stock nova does."""
    source = {
        ROOT: b.local(),
        ELSEWHERE: b.local(),
        NFS: b.on('nfs4'),
        DATA: b.device('sata'),
        **dict(facts),
    }
    text = b.text(
        b.case(
            *disks,
            source=source,
            shared=shared,
            rows=rows,
        )
    )
    plan = planner.plan(migration_case.loads(text))
    values = {'images_type': 'qcow2', 'volume_backed': False, **server}
    return stock_choice.of_plan(
        plan,
        nova_servers.NovaServer(
            b.UUID,
            'web1',
            'active',
            None,
            {'block_device_mapping': [*rows]},
            DIRECTORY,
            **values,
        ),
    )


VOLUME = b.disk('vdb', b.file(NFS, 'raw'), serial=b.VOLUME)


@ddt.ddt
class StockChoiceTest(unittest.TestCase):
    def test_local_images_and_a_volume_by_its_name(self):
        found = choice(VDA, VOLUME, rows=[row('/dev/vdb')])
        self.assertIs(True, found.block_migration)
        self.assertEqual(('vda',), found.copied)
        self.assertFalse(found.differs, found)
        self.assertEqual('stock nova copies vda', found.message)

    @ddt.data(
        row('/dev/vdc'),
        {**row('/dev/vdb'), 'mount_device': None},
        {**row('/dev/vdb'), 'connection_info': None},
    )
    def test_a_volume_under_another_name_is_copied(self, mapping):
        found = choice(VDA, VOLUME, rows=[mapping], shared=['/mnt/nfs'])
        self.assertEqual(('vda', 'vdb'), found.copied)
        self.assertEqual(('vdb',), found.shared_copied)
        self.assertIn('of which both hosts reach vdb', found.message)

    def test_names_that_contradict_the_serials(self):
        found = choice(
            VDA,
            b.disk('vdb', b.file(ELSEWHERE)),
            b.disk('vdc', b.file(NFS, 'raw'), serial=b.VOLUME),
            rows=[row('/dev/vdb')],
            shared=['/mnt/nfs'],
        )
        self.assertEqual(('vda', 'vdc'), found.copied)
        self.assertEqual(
            'stock nova copies vda, vdc, of which nothing shows vdc to be '
            'local',
            found.message,
        )

    def test_what_nothing_shows_to_be_local_is_copied(self):
        found = choice(VDA, b.disk('vdb', b.file(NFS)))
        self.assertEqual(('vdb',), found.unproven_copied)
        self.assertTrue(found.differs)

    def test_a_shared_directory_leaves_all_others(self):
        disk = b.disk('vdb', b.file(ELSEWHERE))
        shared = {'shared': ['/var/lib/nova'], 'facts': {ROOT: b.on('nfs4')}}
        found = choice(VDA, disk, **shared)
        self.assertIs(False, found.block_migration)
        self.assertEqual(((), ('vdb',)), (found.copied, found.left_behind))
        self.assertFalse(choice(VDA, **shared.copy()).differs)

    def test_a_directory_of_which_nothing_is_known(self):
        facts = {ROOT: b.on('nfs4')}
        found = choice(VDA, facts=facts)
        self.assertIsNone(found.block_migration)
        self.assertEqual(('vda',), found.copied)
        self.assertFalse(found.differs, found)
        self.assertIn('else nothing', found.message)
        other = choice(VDA, b.disk('vdb', b.file(ELSEWHERE)), facts=facts)
        self.assertEqual(('vda', 'vdb'), other.copied)

    def test_ceph_is_never_copied_and_hides_a_local_disk(self):
        disks = (
            b.disk('vda', b.rbd()),
            b.disk('vdb', b.file(f'{DIRECTORY}/disk.eph0')),
        )
        facts = {f'{DIRECTORY}/disk.eph0': b.local()}
        found = choice(*disks, facts=facts, images_type='rbd')
        self.assertIs(False, found.block_migration)
        self.assertEqual(('vdb',), found.left_behind)

    def test_a_server_of_volumes_alone(self):
        volume = b.disk('vda', b.file(NFS, 'raw'), serial=b.VOLUME)
        rows = [row('/dev/vda')]
        found = choice(volume, rows=rows, volume_backed=True)
        self.assertIs(False, found.block_migration)
        found = choice(
            volume,
            b.disk('vdb', b.file(ELSEWHERE)),
            rows=rows,
            volume_backed=True,
        )
        self.assertEqual(('vdb',), found.copied)

    def test_read_only_and_shareable_are_never_copied(self):
        found = choice(
            VDA,
            b.cdrom('sda', b.file(ELSEWHERE, 'raw')),
            b.disk('vdb', b.block(DATA), 'shareable'),
        )
        self.assertEqual(('vda',), found.copied)
        self.assertEqual(('vdb',), found.left_behind)

    def test_tunnelled(self):
        found = choice(VDA, VOLUME, rows=[row('/dev/vdb')], tunnelled=True)
        self.assertTrue(found.differs)
        self.assertIn('refuses', found.message)
        self.assertEqual(('vda',), choice(VDA, tunnelled=True).copied)

    def test_its_tree_has_all_of_it(self):
        tree = choice(VDA).tree()
        self.assertEqual(['vda'], tree['copied'])
        self.assertIsNone(tree['refuses'])


if __name__ == '__main__':
    unittest.main()
