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

"""A host tells what it has, or nothing; nova's check goes on either way."""

import os
import pathlib
import tempfile
import types
import unittest
from unittest import mock

import ddt
from nova import exception

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import nova_images
from nova_selective_migrate.compute.destination import check_destination
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.host.hypervisor import connection


@ddt.ddt
class CheckDestinationTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.instances = pathlib.Path(folder)
        (self.instances / 'tmpx').touch()
        for module in (check_destination, nova_images):
            conf = self.enterContext(mock.patch.object(module, 'CONF'))
            conf.instances_path = folder
            conf.image_cache.subdirectory_name = '_base'
            conf.libvirt.images_type = 'qcow2'
            self.conf = conf
        self.enterContext(
            mock.patch.object(
                check_destination.libvirt_utils,
                'get_instance_path',
                lambda _: str(self.instances / 'uuid'),
            )
        )
        self.host = self.enterContext(
            mock.patch.object(connection, 'Connection')
        ).return_value
        self.host.versions.return_value = domains.Versions(9, 7)
        self.driver, self.contents = mock.Mock(), mock.Mock()
        self.contents.within.return_value = 'digest'
        self.instance = types.SimpleNamespace(image_ref='image')

    def mark(self):
        data = types.SimpleNamespace(filename='tmpx')
        told = check_destination.DestinationCheck(self.driver, self.contents)
        self.assertIs(data, told.mark(self.instance, data))
        # nova removes the file of that name.
        self.assertTrue((self.instances / data.filename).exists())
        return protocol.DestinationReport.of(data.filename)

    def base(self):
        path = pathlib.Path(nova_images.image_base('image'))
        path.parent.mkdir()
        path.touch()

    def test_what_it_has(self):
        self.base()
        found = self.mark()
        self.assertFalse(found.directory_exists)
        self.assertEqual((9, 7), (found.libvirt, found.qemu))
        self.assertEqual(('qcow2', 'digest'), (found.images, found.base))
        self.assertGreater(found.free_bytes, 0)

    def test_a_directory_that_is_there(self):
        os.symlink('/nowhere', self.instances / 'uuid')
        self.assertTrue(self.mark().directory_exists)

    def test_no_base(self):
        self.assertEqual('', self.mark().base)
        self.contents.within.assert_not_called()

    def test_a_base_whose_digest_takes_too_long(self):
        self.base()
        self.contents.within.return_value = None
        self.assertEqual('', self.mark().base)

    @ddt.data(
        exceptions.HypervisorError('no'),
        exception.HypervisorUnavailable(),
        OSError('no'),
    )
    def test_a_host_that_cannot_tell_counts_as_one_without(self, error):
        self.host.versions.side_effect = error
        self.assertIsNone(self.mark())
