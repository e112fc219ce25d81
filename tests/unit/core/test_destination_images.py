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

"""What the images at the destination must be."""

import unittest

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons
from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import destinations as d
from tests.unit.core.scenarios import volumes

TOP, BASE = '/data/top', '/data/base'
ROOM = {'/data': {'exists': True, 'kind': 'directory'}, TOP: b.GONE}
ODD_SIZE = b.GIB + 512


class ImageTest(unittest.TestCase):
    def _images(self, *disks, known=None, **more):
        plan = planned.plan(
            b.case(
                *disks,
                source={
                    TOP: b.local(virtual_bytes=ODD_SIZE),
                    BASE: b.local(identity='i'),
                },
                destination=known or ROOM,
                create_images=True,
                **more,
            )
        )
        return plan['images']

    def test_size_to_the_byte_and_format(self):
        for image_format in ('raw', 'qcow2'):
            with self.subTest(format=image_format):
                (image,) = self._images(
                    b.disk('vda', b.file(TOP, image_format))
                )
                self.assertEqual('vda', image['target'])
                self.assertEqual(TOP, image['path'])
                self.assertEqual(ODD_SIZE, image['virtual_bytes'])
                self.assertEqual(image_format, image['format'])
                self.assertIsNone(image.get('backing_path'))

    def test_no_format_is_raw(self):
        (image,) = self._images(b.disk('vda', b.file(TOP, None)))
        self.assertEqual('raw', image['format'])

    def test_backing_file_where_the_chain_exists_there(self):
        (image,) = self._images(
            b.disk('vda', b.file(TOP), over=[b.file(BASE, 'raw')]),
            known={**ROOM, BASE: b.local(identity='i')},
        )
        self.assertEqual(
            {
                'target': 'vda',
                'path': TOP,
                'format': 'qcow2',
                'virtual_bytes': ODD_SIZE,
                'backing_path': BASE,
                'backing_format': 'raw',
            },
            image,
        )

    def test_no_backing_file_where_the_whole_content_is_copied(self):
        (image,) = self._images(
            b.disk('vda', b.file(TOP), over=[b.file(BASE)])
        )
        self.assertIsNone(image.get('backing_path'))

    def test_none_for_what_the_caller_made(self):
        known = {**ROOM, TOP: b.local(virtual_bytes=ODD_SIZE)}
        self.assertEqual(
            [],
            self._images(
                b.disk('vda', b.file(TOP)), known=known, existing=['vda']
            ),
        )

    def test_none_for_a_refused_plan(self):
        self.assertEqual(
            [],
            self._images(
                b.disk('vda', b.file(TOP)), b.disk('vdb', b.file('/odd'))
            ),
        )

    def test_a_file_of_a_pool(self):
        (image,) = self._images(
            b.disk('vda', b.volume('pool', 'top')),
            pools={'pool': {'type': 'dir', 'path': '/data'}},
        )
        self.assertEqual(TOP, image['path'])

    def test_none_where_the_caller_wants_none(self):
        plan = planned.plan(
            b.case(
                b.disk('vda', b.file(TOP)),
                source={TOP: b.local()},
                destination=ROOM,
            )
        )
        self.assertTrue(plan['ready'])
        self.assertFalse(plan.get('images'))


class NoImageTest(unittest.TestCase):
    """Why there can be none, and what else can be done."""

    def refusal(self, tree):
        (refusal,) = planned.plan(tree)['refusals']
        return refusal['message']

    def over(self, base, **more):
        return b.case(
            b.disk('vda', b.file(TOP), over=[base]),
            source={TOP: b.local()},
            destination={**ROOM, TOP: more.pop('there', b.GONE)},
            create_images=True,
            **more,
        )

    def test_the_caller_has_made_one_over_such_a_base(self):
        there = b.local(format='qcow2', identity='other')
        plan = planned.plan(self.over(b.rbd(), there=there, existing=['vda']))
        self.assertEqual([], plan['refusals'])
        self.assertEqual([], plan['images'])

    def test_a_format_that_no_volume_has(self):
        message = self.refusal(
            d.case(
                wanted=d.mapping(d.TO_GROUP, vda='qcow2'),
                there={d.VOLUME: b.GONE},
                pools_there={'vg': d.POOL},
            )
        )
        self.assertIn(f'({d.VOLUME} is a volume of a volume group)', message)
        self.assertIn(
            'Remedy: leave --to-format vda out: such a volume is raw; or map '
            'the disk to a directory.',
            message,
        )

    def test_another_format_is_the_remedy_where_the_size_is_known(self):
        remedy = (
            'Remedy: have it made as another with --to-format, or make the '
            'image at the destination yourself and say so with --existing.'
        )
        for size, told in ((b.GIB, True), (None, False)):
            tree = b.case(
                b.disk('vda', b.file(TOP, 'vmdk')),
                source={TOP: b.local(virtual_bytes=size)},
                destination=ROOM,
                create_images=True,
            )
            self.assertEqual(told, remedy in self.refusal(tree))


class CallerMakesThemTest(unittest.TestCase):
    def test_nova_is_not_asked_what_it_finds_itself(self):
        """What is at a path on NFS may be what the source serves."""
        for prepared, refused in ((None, 1), ({'directory': '/data'}, 0)):
            case = b.case(
                b.disk('vda', b.file(TOP)),
                source={TOP: b.local()},
                destination={TOP: b.on('nfs')},
                prepared=prepared,
            )
            facts = case_facts.Facts.of(migration_case.loads(b.text(case)))
            copied = disk_strategy.Strategy(
                facts.domain.disks[0],
                domains.DiskAction.COPY,
                domains.Locality.LOCAL,
                reasons.Reason.LOCAL_FILESYSTEM,
            )
            found = destination_images.problems(facts, (copied,))
            self.assertEqual(refused, len(found))


class RenamedTest(unittest.TestCase):
    """Names that mean another volume at the destination."""

    def renamed(self, *disks, targets=('vda', 'vdb'), **more):
        case = b.case(
            *disks,
            source={
                volumes.KERNEL: volumes.volume(),
                volumes.PATH: volumes.volume(),
            },
            **{'create_images': True, **more},
        )
        facts = case_facts.Facts.of(migration_case.loads(b.text(case)))
        return destination_images.renamed(facts, targets)

    def test_what_is_no_volume_is_passed_over(self):
        self.assertEqual(
            {'vdb': volumes.PATH},
            self.renamed(
                b.disk('sda', None, device='cdrom', type='block'),
                b.disk('vda', b.file(volumes.KERNEL)),
                b.disk('vdc', b.block('/dev/sdz')),
                b.disk('vdb', b.block(volumes.KERNEL)),
            ),
        )

    def test_what_is_not_copied_or_has_its_own_name_stays(self):
        disk = b.disk('vda', b.block(volumes.KERNEL))
        own = b.disk('vdb', b.block(volumes.PATH))
        self.assertEqual({'vda': volumes.PATH}, self.renamed(disk, own))
        self.assertEqual({}, self.renamed(disk, own, targets=['vdb']))
        self.assertEqual({}, self.renamed(disk, create_images=False))

    def test_a_mapping_names_another_place(self):
        wanted = d.mapping([{'source': '/dev', 'destination': '/srv'}])
        disk = b.disk('vda', b.block(volumes.KERNEL))
        self.assertEqual({}, self.renamed(disk, mapping=wanted))

    def test_nova_has_another_group_there(self):
        """Of what is copied, and in the group that nova has here."""
        mine = f'/dev/vg/{b.UUID}_disk'
        disks = (
            b.disk('vda', b.block(mine)),
            b.disk('vdb', b.block('/dev/other/x')),
            b.disk('vdc', b.block(f'{mine}.swap')),
        )
        for group, expected in (
            ('there', {'vda': f'/dev/there/{b.UUID}_disk'}),
            ('vg', {}),
            ('', {}),
        ):
            prepared = {
                'directory': '/nova/uuid',
                'volume_group': 'vg',
                'destination_group': group,
            }
            found = self.renamed(
                *disks, create_images=False, prepared=prepared
            )
            self.assertEqual(expected, found)
