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

"""What the images at the destination are filled with."""

import os
import subprocess
from unittest import mock

from nova import exception

from nova_selective_migrate.compute.destination import incoming_images
from nova_selective_migrate.compute.wire import media_transfer
from tests.nova import destinations


def run(command):
    subprocess.run(command.split(), check=True)


def told(**ours):
    return {'medium': None, 'seed': None, 'base_digest': '', **ours}


class IncomingImagesTest(destinations.DestinationTest):
    def setUp(self):
        super().setUp()
        self.contents = mock.Mock()
        self.images = incoming_images.IncomingImages(self.contents)

    def fill(self, **entry):
        self.images.fill(self.context, self.instance, str(self.home), [entry])

    def test_another_base_image(self):
        self.contents.of.return_value = 'other'
        with self.assertRaisesRegex(
            exception.MigrationError, 'is not the image of the same name'
        ):
            self.fill(
                path='/x/disk',
                backing_file='0123',
                selective_migrate=told(base_digest='one'),
            )

    def test_the_same_base_image(self):
        self.contents.of.return_value = 'one'
        self.fill(
            path='/x/disk',
            backing_file='0123',
            selective_migrate=told(base_digest='one'),
        )

    def test_media_that_cannot_be_written(self):
        medium = {'size': 0, 'digest': 'x', 'data': ''}
        with self.assertRaises(exception.MigrationError):
            self.fill(
                path='/x/disk.config',
                backing_file='',
                selective_migrate=told(medium=medium),
            )

    def seeded(self, size, content=b'swap space', **change):
        """Have an image made by nova filled; return what it holds."""
        base = self.home.with_name('swap_1')
        base.write_bytes(content)
        self.home.mkdir()
        disk = self.home / 'disk.swap'
        run(f'qemu-img create -q -f qcow2 {disk} {size}')
        seed = media_transfer.read_medium(
            str(base), None, refetched=False
        ).tree()
        try:
            self.fill(
                path='/x/disk.swap',
                backing_file='',
                selective_migrate=told(seed={**seed, **change}),
            )
        finally:
            self.assertEqual(['disk.swap'], os.listdir(self.home))
        raw = self.home.with_name('raw')
        run(f'qemu-img convert -f qcow2 -O raw {disk} {raw}')
        return raw.read_bytes()

    def test_an_image_gets_the_content_of_the_source_s_base(self):
        size = 2**20
        holds = self.seeded(size)
        self.assertEqual(size, len(holds))
        self.assertEqual(b'swap space', holds.rstrip(b'\0'))

    def test_a_base_that_is_not_the_source_s(self):
        with self.assertRaisesRegex(
            exception.MigrationError, 'not those of the source'
        ):
            self.seeded(2**20, digest='sha256-0')

    def test_a_base_larger_than_the_image(self):
        with self.assertRaisesRegex(
            exception.MigrationError, 'qemu-img cannot fill .*smaller'
        ):
            self.seeded(2**20, b'x' * 2**20 + b'y')

    def test_a_base_that_did_not_come(self):
        with self.assertRaisesRegex(exception.MigrationError, 'no content'):
            self.seeded(2**20, data=None)

    def test_entries_of_nova_alone(self):
        self.fill(path='/x/disk', backing_file='')
