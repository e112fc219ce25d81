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

"""A case that lies: facts that cannot all be true select nothing."""

import unittest

import ddt

from nova_selective_migrate.core.case import migration_case
from tests.unit.core import builders as b
from tests.unit.core import invariants
from tests.unit.core import planned

A, B = '/data/a', '/data/b'
_NFS = b.on('nfs')
# What contradicts itself, as source facts, destination facts or more.
LIES = {
    'gone_and_on_a_local_file_system': {'source': {A: b.local(exists=False)}},
    'gone_and_the_same_at_the_destination': {
        'source': {A: b.local(identity='i')},
        'destination': {A: {'exists': False, 'identity': 'i'}},
    },
    'shared_and_gone_and_the_same': {
        'source': {A: b.on('nfs', identity='i')},
        'destination': {A: {'exists': False, 'identity': 'i'}},
    },
    'local_and_the_same_at_the_destination': {
        'source': {A: b.local(identity='i')},
        'destination': {A: b.local(identity='i')},
    },
    'a_device_on_ext4': {'source': {A: b.local(kind='block')}},
    'a_socket_on_ext4': {'source': {A: b.local(kind='other')}},
    'sata_over_iscsi': {'source': {A: b.device('sata', 'iscsi')}},
    'md_over_nothing': {'source': {A: b.device('md')}},
    'dm_over_a_word': {
        'source': {A: b.device('dm', 'sata', 'carrier-pigeon')}
    },
    'local_but_shared_where_it_resolves_to': {
        'source': {A: b.local(resolved=B), B: _NFS}
    },
    'a_file_but_a_device_where_it_resolves_to': {
        'source': {A: b.local(resolved=B), B: b.device('iscsi')}
    },
    'local_but_another_file_where_it_resolves_to': {
        'source': {
            A: b.local(resolved=B, identity='i'),
            B: b.local(identity='j'),
        }
    },
    'the_pool_is_elsewhere': {
        'source': {A: b.local(resolved='/pool/a'), '/pool/a': _NFS},
        'pools': {'p': {'type': 'dir', 'path': '/pool'}},
    },
    'declared_local_and_shared_where_it_resolves_to': {
        'source': {A: b.local(resolved=B), B: _NFS},
        'local': ['/data'],
    },
    'local_and_a_volume_of_a_server': {
        'source': {A: b.local()},
        'rows': [b.row('vda', b.VOLUME, 'iscsi', device_path=A)],
    },
    'local_and_a_volume_by_a_mere_name': {
        'source': {A: b.local()},
        'rows': [b.row('vda', b.VOLUME, 'iscsi')],
    },
    'declared_shared_and_local': {'source': {A: b.local()}, 'shared': [A]},
    'facts_under_another_spelling': {'source': {'/data//a': b.local()}},
    'nothing_but_a_size': {'source': {A: {'virtual_bytes': 1}}},
    'nothing_but_that_it_exists': {'source': {A: {'exists': True}}},
}


@ddt.ddt
class LiesTest(unittest.TestCase):
    @ddt.data(*LIES)
    def test_it_is_refused(self, name):
        for options in ({}, {'create_images': True}, {'existing': ['vda']}):
            tree = b.case(b.disk('vda', b.file(A)), **LIES[name], **options)
            with self.subTest(options=options):
                plan = planned.plan(tree)
                invariants.check(self, plan)
                self.assertFalse(plan['ready'])
                self.assertNotEqual('copy', plan['disks'][0]['action'])

    def test_the_same_without_the_lie_is_copied(self):
        for facts in (b.local(), b.local(resolved=B), b.local(identity='i')):
            tree = b.case(
                b.disk('vda', b.file(A)), source={A: facts, B: facts}
            )
            with self.subTest(facts=facts):
                self.assertEqual(['vda'], planned.plan(tree)['migrate_disks'])

    def test_options_about_disks_that_there_are_not(self):
        plan = planned.plan(
            b.case(
                b.disk('vda', b.file(A)),
                source={A: b.local()},
                existing=['vdz', 'vda,vdb', '\0'],
                pools={'\0': {'type': 'dir', 'path': '\0'}},
            )
        )
        self.assertEqual(['vda'], plan['migrate_disks'])

    def test_the_last_of_two_fields_of_one_name_counts_for_all(self):
        # JSON leaves it open; what is planned is what is recorded.
        good = b.text(b.case(b.disk('vda', b.file(A)), source={A: b.local()}))
        twice = good[:-1] + ', "storage": {}}'
        case = migration_case.loads(twice)
        plan = planned.printed(case)
        self.assertFalse(plan['ready'])
        again = migration_case.loads(migration_case.dumps(case))
        self.assertEqual(plan, planned.printed(again))
