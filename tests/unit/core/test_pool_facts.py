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

"""Where the volume of a pool is."""

import dataclasses
import unittest

import ddt

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts

STORE = domains.DiskSource(type=domains.SourceType.FILE, path='/store')
VOLUME = domains.DiskSource(
    type=domains.SourceType.VOLUME,
    pool='p',
    volume='v',
    format='qcow2',
    encrypted=True,
    data_file=STORE,
)


def place(source, *pool):
    return pool_facts.in_pool(source, {'p': pool_facts.StoragePool(*pool)})


@ddt.ddt
class PoolTest(unittest.TestCase):
    def test_a_file(self):
        self.assertEqual(
            domains.DiskSource(
                type=domains.SourceType.FILE,
                path='/pool/v',
                format='qcow2',
                encrypted=True,
                data_file=STORE,
            ),
            place(VOLUME, 'dir', '/pool'),
        )

    @ddt.data(
        ('rbd', 'rbd', 'name/v'),
        ('gluster', 'gluster', 'name/d/v'),
        ('sheepdog', 'sheepdog', 'name/v'),
        ('iscsi-direct', 'iscsi', 'iqn.x/v'),
    )
    @ddt.unpack
    def test_an_image_on_the_network(self, kind, protocol, name):
        hosts = (domains.NetworkHost(name='h'),)
        folder = '/d/' if kind == 'gluster' else None
        self.assertEqual(
            domains.DiskSource(
                type=domains.SourceType.NETWORK,
                protocol=protocol,
                name=name,
                hosts=hosts,
                format='qcow2',
                encrypted=True,
            ),
            place(VOLUME, kind, None, hosts, 'name', folder, ('iqn.x',)),
        )

    def test_a_unit_of_an_iscsi_target(self):
        source = dataclasses.replace(VOLUME, volume='unit:0:0:7')
        found = place(source, 'iscsi-direct', None, (), None, None, ('iqn.x',))
        self.assertEqual('iqn.x/7', found.name)

    def test_a_device_whose_path_the_name_does_not_tell(self):
        found = place(
            VOLUME, 'mpath', '/dev/mapper', (), None, None, (), {'v': '/dev/x'}
        )
        self.assertEqual(
            domains.DiskSource(
                type=domains.SourceType.BLOCK,
                path='/dev/x',
                format='qcow2',
                encrypted=True,
            ),
            found,
        )

    def test_nothing_is_known(self):
        self.assertIsNone(place(VOLUME, 'dir'))
        self.assertIsNone(pool_facts.in_pool(VOLUME, {}))
        no_volume = domains.DiskSource(
            type=domains.SourceType.VOLUME, pool='p'
        )
        self.assertIsNone(place(no_volume, 'dir', '/pool'))
        no_pool = domains.DiskSource(
            type=domains.SourceType.VOLUME, volume='v'
        )
        self.assertIsNone(place(no_pool, 'dir', '/pool'))

    def test_what_is_in_no_pool(self):
        self.assertIs(STORE, place(STORE, 'dir', '/pool'))
