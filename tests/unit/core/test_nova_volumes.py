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

"""What nova makes for a guest in a volume group of the destination."""

import unittest

import ddt

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import nova_volumes
from tests.unit.core import builders as b
from tests.unit.core import planned

HOME = '/nova/uuid'
FILE = '/nova/uuid/disk'
GROUP = '/dev/vg'
ROOT = f'{GROUP}/{b.UUID}_disk'
SWAP = f'{GROUP}/{b.UUID}_disk.swap'
CRYPT = f'/dev/mapper/{b.UUID}_disk-dmcrypt'
OTHER = f'{GROUP}/other_disk'
MAPPER = f'/dev/mapper/{b.UUID}_disk'
OTHER_CRYPT = '/dev/mapper/other_disk-dmcrypt'
MINE = {'group_uuid': 'here'}
GONE = {'exists': False, 'group_uuid': 'there'}
_FREE = {'exists': True, 'group_uuid': 'there', 'free_bytes': 8 * b.GIB}


def device(path, **more):
    return b.device(
        'dm', 'sata', logical_volume=path, **{**MINE, 'thin': False, **more}
    )


def case(*disks, here=None, known=None, group=None, **prepared):
    """A guest of nova with its disks in a volume group."""
    return b.case(
        *(disks or (b.disk('vda', b.block(ROOT)),)),
        source={
            ROOT: device(ROOT) if here is None else here,
            SWAP: device(SWAP, virtual_bytes=b.MIB),
            **dict.fromkeys((CRYPT, OTHER_CRYPT), b.device('dm', 'sata')),
            MAPPER: device(ROOT),
            OTHER: device(OTHER),
            FILE: b.local(),
        },
        destination={
            HOME: {'exists': False, 'free_bytes': 2 * b.MIB},
            FILE: b.GONE,
            GROUP: _FREE if group is None else group,
            ROOT: GONE if known is None else known,
            SWAP: GONE,
        },
        prepared={
            'directory': HOME,
            'images_type': 'lvm',
            'volume_group': 'vg',
            'destination_group': 'vg',
            **prepared,
        },
    )


def without(path, *disks):
    """A case in which the destination knows nothing of a path."""
    tree = case(*disks)
    del tree['storage']['destination'][path]
    return tree


#: A case, its reason, and words of its message.
REFUSED = {
    'encrypted': (
        case(b.disk('vda', b.block(CRYPT))),
        'encrypted-disk',
        'nova has encrypted it for ephemeral_storage_encryption',
        'shut the server down and move its data in another way; nova moves '
        'no encrypted logical volume to another host',
    ),
    'of_another_server': (
        case(b.disk('vda', b.block(OTHER))),
        'local-block-device',
        '',
        '',
    ),
    'encrypted_of_another_server': (
        case(b.disk('vda', b.block(OTHER_CRYPT))),
        'local-block-device',
        '',
        '',
    ),
    'by_its_mapper_name': (
        case(b.disk('vda', b.block(MAPPER))),
        'local-block-device',
        'images_volume_group of the source is vg',
        '',
    ),
    'forbidden': (
        case(block_migration=False),
        'block-migration-forbidden',
        '',
        '',
    ),
    'no_group_and_another_type': (
        case(volume_group='', same_images_type=False),
        'local-block-device',
        'images_type of the source is not lvm any more, so that nova would '
        'leave it behind there',
        '',
    ),
    'nothing_is_known_of_it_there': (
        without(ROOT),
        'volume-group-unfit',
        'the UUID of its volume group on the destination is not known',
        '',
    ),
    'not_lvm_any_more': (
        case(volume_group='', images_type='qcow2'),
        'local-block-device',
        'images_type of the source is not lvm any more, so that nova would '
        'leave it behind there',
        'make a snapshot of the server and boot another one from it',
    ),
    'of_a_release_that_did_not_tell_the_group': (
        case(volume_group='', same_images_type=True),
        'local-block-device',
        '',
        '',
    ),
    'in_another_group': (
        case(volume_group='other'),
        'local-block-device',
        'images_volume_group of the source is other',
        '',
    ),
    'shared_instances': (
        case(shared_directory=True),
        'shared-instance-directory',
        HOME,
        'give each host an instances_path of its own: where it is shared, '
        'nova cleans up no logical volume on either host',
    ),
    'without_the_plugin': (
        case(makes_images=False),
        'volume-group-unfit',
        'the destination does not run this plugin',
        'enable the plugin on the destination',
    ),
    'of_another_images_type': (
        case(images_type='qcow2'),
        'other-images-type',
        'it is a logical volume, and images_type there is qcow2',
        'give both hosts the same images_type',
    ),
    'no_group_there': (
        case(destination_group=''),
        'volume-group-unfit',
        'the destination tells of no volume group: its plugin is of a '
        'release that makes no logical volumes, or could not read it',
        'upgrade the plugin on the destination, or look into the log of its '
        'nova-compute',
    ),
    'no_uuid_here': (
        case(here=device(ROOT, group_uuid=None)),
        'volume-group-unfit',
        'the UUID of its volume group on the source is not known',
        'look there whether vgs and lvs show the volume group',
    ),
    'no_uuid_there': (
        case(known=b.GONE),
        'volume-group-unfit',
        'the UUID of its volume group on the destination is not known',
        'look there whether vgs and lvs show the volume group',
    ),
    'one_group': (
        case(known={**GONE, **MINE}),
        'same-volume-group',
        '',
        '',
    ),
    'in_the_way': (
        case(known={**GONE, 'exists': True}),
        'destination-exists',
        'the destination has logical volumes of this server',
        'look there with lvs and virsh domblklist what they are: they may be '
        'left from an earlier migration or evacuation; remove them only '
        'where nothing needs them',
    ),
    'perhaps_in_the_way': (
        case(known={'group_uuid': 'there'}),
        'destination-exists',
        'the destination has logical volumes of this server',
        '',
    ),
    'of_no_known_size': (
        case(here=device(ROOT, virtual_bytes=None)),
        'image-not-reproducible',
        'its size in bytes is not known',
        'find out why libvirt does not tell it, with virsh domblkinfo',
    ),
}


@ddt.ddt
class NovaVolumesTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*REFUSED)
    def test_refused(self, name):
        tree, reason, detail, remedy = REFUSED[name]
        refusal = planned.refusal(tree)
        self.assertEqual(reason, refusal['reason'])
        self.assertIn(f' ({detail}). ' if detail else '', refusal['message'])
        if not detail:
            self.assertNotIn(' (', refusal['message'].partition('): ')[2])
        self.assertIn(f'Remedy: {remedy}', refusal['message'])

    def test_room_in_the_group_and_beside_it(self):
        """A volume is allocated in full, a file as much as it has."""
        disks = (
            b.disk('vda', b.block(ROOT)),
            b.disk('vdb', b.block(SWAP)),
            b.disk('vdc', b.file(FILE)),
        )
        size = b.GIB + b.MIB
        for free, lacks in ((size, False), (size - 1, True), (None, False)):
            group = {**_FREE, 'free_bytes': free}
            plan = planned.plan(case(*disks, group=group))
            messages = [r['message'] for r in plan['refusals']]
            self.assertEqual(lacks, not plan['ready'])
            if lacks:
                (message,) = messages
                self.assertIn(
                    f'(the volume group vg needs {size} bytes (1025.0 MiB) '
                    f'and has {free} bytes',
                    message,
                )

    def test_room_of_which_nothing_is_known(self):
        self.assertTrue(planned.plan(without(GROUP))['ready'])

    def test_the_last_guard_against_one_group(self):
        """What is found of the disk before it says so already."""
        tree = case(known={**GONE, **MINE})
        facts = case_facts.Facts.of(migration_case.loads(b.text(tree)))
        (disk,) = facts.domain.disks
        refusal = nova_volumes.problem(disk, facts, facts.prepared)
        self.assertEqual('same-volume-group', refusal.reason.value)

    def test_a_file_is_no_volume(self):
        tree = case(b.disk('vda', b.file(ROOT)))
        facts = case_facts.Facts.of(migration_case.loads(b.text(tree)))
        (disk,) = facts.domain.disks
        refusal = nova_volumes.problem(disk, facts, facts.prepared)
        self.assertEqual('local-block-device', refusal.reason.value)
        self.assertFalse(nova_volumes.is_made_in_group(disk, facts.prepared))

    def test_a_file_beside_a_volume_needs_its_own_room(self):
        disks = b.disk('vda', b.block(ROOT)), b.disk('vdc', b.file(FILE))
        tree = case(*disks)
        tree['storage']['destination'][HOME]['free_bytes'] = b.MIB - 1
        (refusal,) = planned.plan(tree)['refusals']
        self.assertEqual('destination-full', refusal['reason'])
        self.assertIn(f'({HOME} needs {b.MIB} bytes', refusal['message'])

    def test_a_name_of_nova_s_crypt_elsewhere(self):
        """In the group itself it is a volume like any other."""
        path = f'{ROOT}-dmcrypt'
        tree = case(b.disk('vda', b.block(path)))
        tree['storage']['source'][path] = device(path)
        tree['storage']['destination'][path] = GONE
        self.assertTrue(planned.plan(tree)['ready'])

    def test_volumes_take_no_room_of_the_directory(self):
        self.assertTrue(planned.plan(case())['ready'])

    def test_the_room_of_a_file_is_in_the_directory(self):
        disk = b.disk('vda', b.file(FILE))
        tree = case(disk, group={**_FREE, 'free_bytes': 0})
        self.assertTrue(planned.plan(tree)['ready'])
