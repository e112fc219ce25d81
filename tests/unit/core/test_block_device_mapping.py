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

"""Reading nova's rows: which of their fields name a volume."""

import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.model import domains
from tests.unit.core import builders as b


def parsed(*rows):
    return block_device_mapping.parse(b.mapping(*rows))


@ddt.ddt
class FieldTest(unittest.TestCase):
    def test_an_image(self):
        self.assertEqual(
            (
                domains.VolumeAttachment(
                    volume_id=b.VOLUME,
                    target='vdb',
                    driver_volume_type='rbd',
                    image='volumes/one',
                ),
            ),
            parsed(b.row('vdb', b.VOLUME, 'rbd', name='volumes/one')),
        )

    def test_a_file_of_an_export(self):
        self.assertEqual(
            (
                domains.VolumeAttachment(
                    volume_id=b.VOLUME,
                    driver_volume_type='nfs',
                    export='srv:/exp',
                    file_name='volume-1',
                ),
            ),
            parsed(
                b.row(
                    None, b.VOLUME, 'nfs', export='srv:/exp', name='volume-1'
                )
            ),
        )

    @ddt.data('device_path', 'path')
    def test_a_device(self, key):
        (found,) = parsed(b.row(None, b.VOLUME, 'x', **{key: '/dev/sdb'}))
        self.assertEqual(('/dev/sdb',), found.device_paths)

    @ddt.data(
        ({'target_iqn': 'i', 'target_lun': 0}, (('i', '0'),)),
        ({'target_wwn': 'w', 'target_lun': 1}, (('w', '1'),)),
        (
            {'target_wwn': ['v', 'w'], 'target_lun': 1},
            (('v', '1'), ('w', '1')),
        ),
        (
            {'target_iqns': ['i', 'j'], 'target_luns': [1, 2]},
            (('i', '1'), ('j', '2')),
        ),
        (
            {'target_wwn': ['v', 'w'], 'target_luns': [1, 2]},
            (('v', '1'), ('w', '2')),
        ),
        # Which LUN is whose cannot be told.
        ({'target_iqns': ['i', 'j', 'k'], 'target_luns': [1, 2]}, ()),
        ({'target_iqns': ['i'], 'target_luns': []}, ()),
    )
    @ddt.unpack
    def test_luns(self, data, expected):
        (found,) = parsed(b.row(None, b.VOLUME, 'iscsi', **data))
        self.assertEqual(expected, found.luns)

    @ddt.data(True, 1.5, [], {}, '')
    def test_what_is_neither_text_nor_number_names_nothing(self, value):
        row = b.row(None, None, 'iscsi')
        row['connection_info']['serial'] = value
        (found,) = parsed(row)
        self.assertIsNone(found.volume_id)


@ddt.ddt
class DanglingTest(unittest.TestCase):
    def test_no_mapping_has_no_row(self):
        self.assertIsNone(block_device_mapping.parse(None))
        self.assertEqual(0, block_device_mapping.dangling(None))

    @ddt.data(
        {'connection_info': ''},
        {'mount_device': '/dev/'},
        {'volume_id': ''},
        {'connection_info': {'driver_volume_type': '', 'data': ''}},
    )
    def test_empty_texts_name_nothing(self, row):
        self.assertEqual((), parsed(row))
        self.assertEqual(1, block_device_mapping.dangling(b.mapping(row)))

    def test_what_is_no_object(self):
        for rows, said in (
            ([1], 'a row of block_device_mapping is not an object'),
            ([{'connection_info': [1]}], 'connection_info is not an object'),
            ([{'connection_info': '{'}], 'connection_info is not JSON'),
            (
                [{'connection_info': {'data': [1]}}],
                'connection_info.data is not an object',
            ),
        ):
            with self.subTest(said=said):
                with self.assertRaises(exceptions.InvalidCase) as caught:
                    block_device_mapping.parse({'block_device_mapping': rows})
                self.assertEqual(said, str(caught.exception))

    def test_json_that_nests_too_deep(self):
        with self.assertRaises(exceptions.InvalidCase):
            parsed({'connection_info': '[' * 200_000})


class AsMigratedTest(unittest.TestCase):
    """The rows that a live migration goes by."""

    def test_of_those_that_nova_leaves_out_only_what_no_disk_is(self):
        disks = [
            domains.Disk('vda'),
            domains.Disk('vdb', serial=b.VOLUME),
            domains.Disk('vdc', alias=f'ua-{b.OTHER_VOLUME}'),
        ]
        connected = b.row('vdb', b.VOLUME)
        bare = [
            {'mount_device': '/dev/vdb', 'volume_id': volume}
            for volume in b.VOLUMES
        ]
        found = block_device_mapping.as_migrated([connected, *bare], disks)
        self.assertEqual([connected, bare[2]], found)
