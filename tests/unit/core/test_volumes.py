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

"""Volumes: what is made of them, under which names, with how much room."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import volumes

OTHER = f'{volumes.GROUP}/other'
DISK = "dev='{}'"


class VolumeTest(unittest.TestCase):
    def _plan(self, *disks, path=volumes.PATH, here=None, there=None, **more):
        paths = {path: here or volumes.volume()}
        if len(disks) > 1:
            paths[OTHER] = volumes.volume(
                logical_volume=OTHER, volume_uuid='other'
            )
        pools = {'vg-0': volumes.pool(**(there or {}))}
        return planned.plan(
            b.case(
                *disks or [b.disk('vda', b.block(path))],
                source=paths,
                destination=dict.fromkeys(paths, b.GONE),
                pools_there=pools,
                create_images=True,
                **more,
            )
        )

    def test_a_plan_says_what_it_makes(self):
        for path in (volumes.PATH, volumes.MAPPER, volumes.KERNEL):
            with self.subTest(path=path):
                (image,) = self._plan(path=path)['images']
                self.assertEqual(
                    {
                        'target': 'vda',
                        'path': volumes.PATH,
                        'format': 'raw',
                        'virtual_bytes': b.GIB,
                        'pool': 'vg-0',
                    },
                    image,
                )

    def test_a_name_that_the_kernel_assigns_is_another_there(self):
        more = {'persistent_xml': None, 'state': {'persistent': True}}
        xml = b.domain(b.disk('vda', b.block(volumes.KERNEL)))
        parameters = self._plan(
            path=volumes.KERNEL, **{**more, 'persistent_xml': xml}
        )['parameters']
        for name in ('destination_xml', 'persistent_xml'):
            self.assertIn(
                DISK.format(volumes.PATH), parameters[name].replace('"', "'")
            )
            self.assertNotIn(volumes.KERNEL, parameters[name])

    def test_other_names_stay(self):
        for path in (volumes.PATH, volumes.MAPPER):
            with self.subTest(path=path):
                plan = self._plan(path=path)
                self.assertNotIn('destination_xml', plan['parameters'])

    def test_two_names_of_one_volume_are_one_source(self):
        for name in (volumes.MAPPER, volumes.KERNEL):
            plan = planned.plan(
                b.case(
                    b.disk('vda', b.block(volumes.PATH)),
                    b.disk('vdb', b.block(name)),
                    source={
                        volumes.PATH: volumes.volume(),
                        name: volumes.volume(),
                    },
                )
            )
            reasons = {refusal['reason'] for refusal in plan['refusals']}
            self.assertEqual({'duplicate-source'}, reasons)

    def test_the_room_is_said_with_both_figures(self):
        plan = self._plan(
            b.disk('vda', b.block(volumes.PATH)),
            b.disk('vdb', b.block(OTHER)),
            there={'free_bytes': 2 * b.GIB - b.MIB},
        )
        (refusal,) = plan['refusals']
        self.assertEqual('destination-full', refusal['reason'])
        self.assertIn(
            'the storage pool vg-0 needs 2147483648 bytes (2048.0 MiB) and '
            'has 2146435072 bytes (2047.0 MiB) free',
            refusal['message'],
        )

    def test_zeroes_of_a_volume_are_left_alone(self):
        versions = {'libvirt': 12_008_000, 'qemu': 11_001_000}
        for thin in (True, False):
            with self.subTest(thin=thin):
                plan = self._plan(
                    here=volumes.volume(thin=thin),
                    thin='auto',
                    versions={'source': versions, 'destination': versions},
                )
                self.assertEqual(
                    {'migrate_disks'},
                    {k for k in plan['parameters'] if 'disks' in k},
                )
                notes = ' '.join(plan['notes'])
                self.assertEqual(thin, 'a thin volume' in notes)

    def test_top_images_beside_a_volume_are_copied_whole(self):
        """NON_SHARED_INC asks for fresh images; a volume is none."""
        top, base = '/data/top', '/data/base'
        plan = planned.plan(
            b.case(
                b.disk('vda', b.block(volumes.PATH)),
                b.disk('vdb', b.file(top), over=[b.file(base)]),
                source={
                    volumes.PATH: volumes.volume(),
                    top: b.local(),
                    base: b.local(content='same'),
                },
                destination={
                    volumes.PATH: b.GONE,
                    '/data': {'exists': True, 'kind': 'directory'},
                    top: b.GONE,
                    base: b.local(content='same', identity='other'),
                },
                pools_there={'vg-0': volumes.pool()},
                create_images=True,
            )
        )
        self.assertTrue(plan['ready'], plan['refusals'])
        self.assertIn('VIR_MIGRATE_NON_SHARED_DISK', plan['flags'])
