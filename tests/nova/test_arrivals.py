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

"""The destination deletes only what a migration made there."""

import os
import pathlib
import tempfile
import types
import unittest
from unittest import mock

from nova import exception

from nova_selective_migrate.compute.destination import arrival
from nova_selective_migrate.core.job import outcome

P = outcome.Presence


class ArrivalsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.instances = pathlib.Path(folder)
        self.home = self.instances / 'uuid'
        self.instance = types.SimpleNamespace(
            uuid='uuid', image_ref='', trusted_certs=None, host='here'
        )
        self.data = types.SimpleNamespace(
            is_shared_instance_path=False,
            is_shared_block_storage=False,
            instance_relative_path='uuid',
        )
        conf = self.enterContext(mock.patch.object(arrival, 'CONF'))
        conf.instances_path, conf.host = folder, 'there'
        conf.workarounds.ensure_libvirt_rbd_instance_dir_cleanup = False
        self.enterContext(
            mock.patch.object(arrival, '_directory', lambda *_: str(self.home))
        )
        self.host = self.enterContext(
            mock.patch.object(arrival.connection, 'Connection')
        ).return_value
        self.host.look.return_value = outcome.Side(P.ABSENT)
        self.driver = mock.Mock()
        self.contents = mock.Mock()
        self.arrivals = arrival.Arrivals(self.driver, self.contents)

    def prepare(self, stock=None, disk_info=None):
        return self.arrivals.prepare(
            stock or (lambda *_: self.home.mkdir()),
            *('context', self.instance, None, None, disk_info, self.data),
        )

    def roll_back(self):
        stock = mock.Mock()
        self.arrivals.roll_back(
            stock, 'context', self.instance, None, None, True, self.data
        )
        stock.assert_called_once()
        destroy_disks, data = stock.call_args.args[-2:]
        return destroy_disks and not data.is_shared_instance_path

    def test_what_was_prepared_is_deleted(self):
        self.prepare()
        self.assertTrue(self.roll_back())

    def test_what_was_prepared_in_part_is_deleted(self):
        def stock(*_):
            self.home.mkdir()
            raise ValueError('no image')

        with self.assertRaises(ValueError):
            self.prepare(stock)
        self.assertTrue(self.roll_back())

    def test_what_was_there_before_is_not(self):
        self.home.mkdir()
        stock = mock.Mock()
        with self.assertRaises(exception.DestinationDiskExists):
            self.prepare(stock)
        stock.assert_not_called()
        self.assertFalse(self.roll_back())
        self.assertFalse(self.data.is_shared_instance_path)

    def test_a_link_that_leads_nowhere_is_there_too(self):
        self.home.symlink_to('/nowhere')
        with self.assertRaises(exception.DestinationDiskExists):
            self.prepare()
        self.assertFalse(self.roll_back())

    def test_a_shared_directory_is_nobody_s(self):
        self.data.is_shared_instance_path = True
        self.home.mkdir()
        self.prepare(lambda *_: None)
        self.assertEqual([], os.listdir(self.home))

    def test_a_guest_that_is_here_is_not_destroyed(self):
        self.prepare()
        for presence in (P.RUNNING, P.PAUSED):
            self.host.look.return_value = outcome.Side(presence)
            stock = mock.Mock()
            with self.assertRaisesRegex(
                exception.MigrationError, 'not touched'
            ):
                self.arrivals.roll_back(
                    stock,
                    *('context', self.instance, None, None, True, self.data),
                )
            stock.assert_not_called()

    def test_a_guest_that_waits_for_its_source_is(self):
        self.prepare()
        self.host.look.return_value = outcome.Side(P.SWITCHING)
        self.assertTrue(self.roll_back())

    def test_the_mark_goes_when_the_guest_has_come(self):
        self.prepare()
        with mock.patch.object(
            arrival.libvirt_utils, 'get_instance_path', lambda _: self.home
        ):
            self.arrivals.finish(self.instance)
        self.assertEqual([], os.listdir(self.home))

    def test_a_mark_that_stays_does_no_harm(self):
        with (
            mock.patch.object(arrival.claim, 'take', side_effect=OSError),
            mock.patch.object(arrival.libvirt_utils, 'get_instance_path'),
        ):
            self.arrivals.finish(self.instance)

    def test_a_workaround_of_nova_s_that_deletes_it_all_the_same(self):
        self.home.mkdir()
        arrival.CONF.workarounds.ensure_libvirt_rbd_instance_dir_cleanup = True
        stock = mock.Mock()
        with self.assertRaisesRegex(exception.MigrationError, 'not made by'):
            self.arrivals.roll_back(
                stock,
                *('context', self.instance, None, None, True, self.data),
            )
        stock.assert_not_called()

    def test_images_beside_shared_ones_are_made(self):
        self.data.is_shared_block_storage = True
        self.prepare(disk_info='[]')
        self.driver._create_images_and_backing.assert_called_once()

    def test_a_source_without_the_plugin_is_told_nothing(self):
        self.data.is_shared_block_storage = True
        self.prepare()
        self.driver._create_images_and_backing.assert_not_called()

    def fill(self, **entry):
        self.arrivals.fill('context', self.instance, str(self.home), [entry])

    def test_another_base_image(self):
        self.contents.of.return_value = 'other'
        with self.assertRaisesRegex(
            exception.MigrationError, 'is not the image of the same name'
        ):
            self.fill(
                path='/x/disk',
                backing_file='0123',
                selective_migrate={'medium': None, 'base_digest': 'one'},
            )

    def test_the_same_base_image(self):
        self.contents.of.return_value = 'one'
        self.fill(
            path='/x/disk',
            backing_file='0123',
            selective_migrate={'medium': None, 'base_digest': 'one'},
        )

    def test_media_that_cannot_be_written(self):
        medium = {'size': 0, 'digest': 'x', 'data': ''}
        with self.assertRaises(exception.MigrationError):
            self.fill(
                path='/x/disk.config',
                backing_file='',
                selective_migrate={'medium': medium, 'base_digest': ''},
            )

    def test_entries_of_nova_alone(self):
        self.fill(path='/x/disk', backing_file='')
