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

"""A case is written as it was read, field by field."""

import json
import unittest

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from tests.unit.core import builders as b

_FACTS = {
    'exists': True,
    'kind': 'block',
    'resolved': '/dev/dm-0',
    'fstype': 'devtmpfs',
    'mount_source': 'udev',
    'mount_point': '/dev',
    'identity': 'i',
    'transport': 'dm',
    'slaves': ['sata'],
    'virtual_bytes': 3,
    'allocated_bytes': 2,
    'format': 'raw',
    'content': 'c',
    'free_bytes': 1,
    'internal_snapshots': 4,
    'group_uuid': 'g',
    'volume_uuid': 'v',
}
_PREPARED = {
    'directory': '/nova/uuid',
    'shared_directory': True,
    'block_migration': True,
    'carried': ['hda'],
    'not_carried': {'hdb': 'it is too large', 'hdc': ''},
    'seeded': ['vdb'],
    'makes_images': False,
    'images_type': 'raw',
    'same_images_type': False,
    'fetched_bytes': 4,
    'sets_volume_paths': True,
    'also_sent': ['bandwidth'],
    'volume_group': 'vg',
    'destination_group': 'vg2',
}
_POOL = {
    'type': 'scsi',
    'path': '/p',
    'hosts': [
        {'name': 'h', 'port': '1', 'transport': 'tcp'},
        {'transport': 'unix', 'socket': '/s'},
    ],
    'name': 'n',
    'directory': '/d',
    'devices': ['iqn.x'],
    'volumes': {'unit:0:0:1': '/dev/x'},
    'active': True,
}
#: Every field of version 1, and none with its default.
FULL = {
    'version': 1,
    'domain_xml': b.domain(),
    'block_device_info': b.mapping(b.row('vdb', b.VOLUME)),
    'storage': {
        'source': {'/a': _FACTS},
        'destination': {'/b': {**_FACTS, 'exists': False, 'slaves': []}},
        'pools': {'p': _POOL},
        'destination_pools': {'p': {**_POOL, 'type': 'iscsi'}},
    },
    'domain_state': {
        'state': 'paused',
        'snapshots': 1,
        'block_jobs': ['vda'],
        'persistent': True,
        'paused_without_io': True,
        'job_active': True,
        'checkpoints': 2,
    },
    'hypervisor': {
        'source': {'libvirt': 1, 'qemu': 2, 'shared_filesystems': ['/m']},
        'destination': {'libvirt': 3, 'qemu': 4, 'shared_filesystems': []},
    },
    'policy': {'shared_paths': ['/s'], 'local_paths': ['/l']},
    'options': {
        'destination_uri': 'qemu+tcp://there/system',
        'accept_known_bad': ['qemu-mirror-deadlock'],
        'media': {'copy': True, 'eject': True, 'limit_bytes': 7},
        'remove_source_images': True,
        'trim': {'on': True, 'seconds': 9},
        'bandwidth': 5,
        'migrate_uri': 'tcp://there',
        'listen_address': '10.0.0.1',
        'direct': True,
        'tunnelled': True,
        'tls': True,
        'create_images': True,
        'existing': ['vda'],
        'prepared': _PREPARED,
        'postcopy': True,
        'parallel': True,
        'converge': True,
        'auto_converge': True,
        'synchronous_writes': True,
        'disks_port': 49200,
        'disks_uri': 'tcp://10.0.0.2',
        'thin': 'on',
        'parallel_mirrors': 2,
        'mapping': {
            'paths': [{'source': '/s', 'destination': '/d'}],
            'pools': [{'source': 'one', 'destination': 'two'}],
            'formats': {'vda': 'raw'},
        },
        'transport': {
            'dname': 'other',
            'compression': {
                'compressed': True,
                'methods': ['mt', 'zstd'],
                'mt_level': 1,
                'mt_threads': 2,
                'mt_dthreads': 3,
                'xbzrle_cache': 4,
                'zlib_level': 5,
                'zstd_level': 6,
            },
            'parallel_connections': 7,
            'postcopy_after_precopy': True,
            'suspend': True,
            'timeout': 8,
            'timeout_action': 'postcopy',
            'persistent': False,
            'undefine_source': True,
            'abort_on_error': True,
            'auto_converge_initial': 9,
            'auto_converge_increment': 10,
            'postcopy_bandwidth': 11,
            'switchover_bandwidth': 12,
            'tls_destination': 'there',
            'graphics_uri': 'spice://there',
            'accept_unready': ['destination-memory'],
        },
    },
    'persistent_xml': b.domain(name='defined'),
}
LEAST = {'version': 1, 'domain_xml': '<domain/>'}


class CaseTest(unittest.TestCase):
    maxDiff = None

    def test_every_field_is_read_and_written(self):
        self.assertEqual(
            FULL,
            json.loads(
                migration_case.dumps(migration_case.loads(b.text(FULL)))
            ),
        )

    def test_a_line_for_each_field(self):
        lines = migration_case.dumps(
            migration_case.loads(b.text(LEAST))
        ).splitlines(True)
        self.assertEqual(['{\n', ' "version": 1,\n'], lines[:2])
        self.assertEqual('}\n', lines[-1])

    def test_where_the_document_is_wrong(self):
        for text, said in (
            ('[]', 'case is not an object'),
            (b.text({**LEAST, 'policy': 1}), 'case.policy is not an object'),
        ):
            with self.assertRaises(exceptions.InvalidCase) as caught:
                migration_case.loads(text)
            self.assertEqual(said, str(caught.exception))

    def test_what_is_not_known_is_not_written(self):
        written = json.loads(
            migration_case.dumps(migration_case.Case('<domain/>'))
        )
        self.assertLessEqual(LEAST.items(), written.items())
        self.assertNotIn('block_device_info', written)
        self.assertNotIn('persistent_xml', written)

    def test_a_case_of_a_domain_alone(self):
        self.assertEqual(
            migration_case.Case('<domain/>'),
            migration_case.loads(b.text(LEAST)),
        )

    def test_numbers_that_are_absent_are_zero(self):
        case = migration_case.loads(b.text(LEAST))
        self.assertEqual(0, case.domain_state.snapshots)
        self.assertEqual(0, case.options.bandwidth)
