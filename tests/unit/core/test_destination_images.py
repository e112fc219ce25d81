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

from tests.unit.core import builders as b
from tests.unit.core import planned

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
