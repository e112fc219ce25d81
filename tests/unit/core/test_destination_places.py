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

"""Where the copy of a disk is at the destination, and as what."""

import dataclasses
import unittest

import ddt

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.model import domains
from tests.unit.core import builders as b
from tests.unit.core.scenarios import destinations as d

TO_NEW = [{'source': 'vms', 'destination': 'new'}]
VMS = {'vms': {'type': 'dir', 'path': '/vmsX/'}}
NEW = {'new': {'type': 'dir', 'path': '/newX/', 'active': True}}
GROUP = {'new': {'type': 'logical', 'path': '/dev/vg', 'active': True}}
ZFS = {'new': {'type': 'zfs', 'path': '/dev/zvol/tank', 'active': True}}
LV = {'kind': 'block', 'logical_volume': '/dev/old/x', 'transport': 'dm'}


def facts(*disks, **more):
    tree = d.case(*disks, **more)
    return case_facts.Facts.of(migration_case.loads(b.text(tree)))


def place(image, paths=(), pool_maps=(), formats=None, **more):
    found = facts(
        b.disk('vda', image),
        wanted=d.mapping(paths, pool_maps, **(formats or {})),
        **more,
    )
    (disk,) = found.domain.disks
    return destination_places.of(disk, found.storage, found.options)


def by_pool(image, there=None, **more):
    return place(
        image,
        pool_maps=TO_NEW,
        pools_there=NEW if there is None else there,
        **{'pools': VMS, **more},
    )


#: A place, and what of it is told.
PLACES = {
    'unmapped': (
        place(b.file(d.HERE)),
        {'type': 'file', 'path': d.HERE, 'format': 'qcow2'},
    ),
    'unmapped_in_another_format': (
        place(b.file(d.HERE), formats={'vda': 'raw'}),
        {'type': 'file', 'path': d.HERE, 'format': 'raw', 'changed': True},
    ),
    'unmapped_in_the_format_that_it_has': (
        place(b.file(d.HERE), formats={'vda': 'qcow2'}),
        {'type': 'file', 'path': d.HERE, 'format': 'qcow2'},
    ),
    'an_unmapped_volume': (
        place(b.volume('vms', 'x'), pools={}),
        {
            'type': 'volume',
            'path': None,
            'format': 'raw',
            'pool': 'vms',
            'volume': 'x',
            'device': True,
        },
    ),
    'an_unmapped_device_as_a_file': (
        place(b.file(d.HERE), source={d.HERE: b.device('sata')}),
        {'type': 'file', 'path': d.HERE, 'format': 'qcow2', 'device': True},
    ),
    'a_prefix': (
        place(b.file(d.HERE), d.MAP),
        {
            'type': 'file',
            'path': d.THERE,
            'format': 'qcow2',
            'by': '--map /data=/srv',
            'volume': 'vda',
            'changed': True,
        },
    ),
    'a_prefix_of_a_mapper_name': (
        place(
            b.block('/dev/mapper/old-x'),
            [{'source': '/dev/mapper', 'destination': '/srv'}],
        ),
        {
            'type': 'file',
            'path': '/srv/old-x',
            'format': 'raw',
            'by': '--map /dev/mapper=/srv',
            'volume': 'old-x',
            'changed': True,
        },
    ),
    'a_device_is_there': (
        place(b.file(d.HERE), d.MAP, there={d.THERE: b.device('sata')}),
        {
            'type': 'block',
            'path': d.THERE,
            'format': 'raw',
            'by': '--map /data=/srv',
            'volume': 'vda',
            'changed': True,
            'device': True,
        },
    ),
    'below_dev': (
        place(b.file(d.HERE), d.TO_GROUP),
        {
            'type': 'block',
            'path': d.VOLUME,
            'format': 'raw',
            'by': '--map /data=/dev/vg',
            'volume': 'vda',
            'device': True,
            'changed': True,
        },
    ),
    'in_a_group_that_is_not_below_dev': (
        place(
            b.file(d.HERE),
            d.MAP,
            pools_there={'vg': {'type': 'logical', 'path': '/srv'}},
        ),
        {
            'type': 'block',
            'path': d.THERE,
            'format': 'raw',
            'by': '--map /data=/srv',
            'pool': 'vg',
            'volume': 'vda',
            'device': True,
            'changed': True,
        },
    ),
    'mapped_to_where_it_is': (
        place(
            b.file(d.HERE), [*d.MAP, {'source': d.HERE, 'destination': d.HERE}]
        ),
        {'type': 'file', 'path': d.HERE, 'format': 'qcow2'},
    ),
    'the_root': (
        place(
            b.file('/data'),
            [{'source': '/data', 'destination': '/'}],
        ),
        {
            'type': 'file',
            'path': '/',
            'format': 'qcow2',
            'volume': '',
            'by': '--map /data=/',
            'changed': True,
            'problem': 'it names no file',
        },
    ),
    'a_file_of_a_pool': (
        by_pool(b.file('/vmsX/x')),
        {
            'type': 'file',
            'path': '/newX/x',
            'format': 'qcow2',
            'by': '--map-pool vms=new',
            'pool': 'new',
            'volume': 'x',
            'changed': True,
        },
    ),
    'a_volume_of_a_pool_that_nobody_knows': (
        by_pool(b.volume('vms', 'x'), pools={}),
        {
            'type': 'volume',
            'path': '/newX/x',
            'format': 'raw',
            'by': '--map-pool vms=new',
            'pool': 'new',
            'volume': 'x',
            'changed': True,
        },
    ),
    'a_logical_volume_by_its_own_name': (
        by_pool(
            b.block('/dev/dm-3'),
            pools={'vms': {'type': 'logical', 'path': '/dev/old'}},
            source={'/dev/dm-3': {'exists': True, **LV}},
        ),
        {
            'type': 'file',
            'path': '/newX/x',
            'format': 'raw',
            'by': '--map-pool vms=new',
            'pool': 'new',
            'volume': 'x',
            'changed': True,
        },
    ),
    'into_a_volume_group': (
        by_pool(b.file('/vmsX/x'), GROUP),
        {
            'type': 'block',
            'path': '/dev/vg/x',
            'format': 'raw',
            'by': '--map-pool vms=new',
            'pool': 'new',
            'volume': 'x',
            'device': True,
            'changed': True,
        },
    ),
    'of_another_pool_of_the_same_directory': (
        by_pool(b.volume('other', 'x'), pools={**VMS, 'other': VMS['vms']}),
        {
            'type': 'volume',
            'path': '/vmsX/x',
            'format': 'raw',
            'pool': 'other',
            'volume': 'x',
        },
    ),
    'a_pool_without_a_path': (
        by_pool(b.file(d.HERE), pools={'vms': {'type': 'rbd'}}),
        {'type': 'file', 'path': d.HERE, 'format': 'qcow2'},
    ),
    'a_network_disk': (
        by_pool(b.rbd()),
        {'type': 'network', 'path': None, 'format': 'raw'},
    ),
}
REST = {
    'device': False,
    'by': '',
    'pool': None,
    'volume': None,
    'changed': False,
    'problem': '',
}
#: A pool there, and why nothing can be made in it.
POOLS = {
    'none': ({}, 'the destination has no storage pool new'),
    'of_the_network': (
        {'new': {'type': 'rbd', 'path': '/rbd', 'active': True}},
        'the storage pool new there is of type rbd, and not one of dir, fs, '
        'logical, netfs, zfs',
    ),
    'stopped': (
        {'new': {**NEW['new'], 'active': False}},
        'the storage pool new there does not run',
    ),
    'without_a_path': (
        {'new': {'type': 'dir', 'active': True}},
        'the storage pool new there has no path',
    ),
}
# lvm(8): of its own, or no name at all.
BAD_NAMES = (
    *('snapshot1', 'pvmove0', 'x_cdata', 'x_mlog', 'x_pmspare', 'x_wcorig'),
    *('-x', 'a b', 'a:b', 'x' * 128),
)
NAMES = ('x', '.x', 'a-b', 'a+b_c.d', 'mysnapshot', 'rimage', 'x' * 127)


@ddt.ddt
class DestinationPlacesTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*PLACES)
    def test_place(self, name):
        found, expected = PLACES[name]
        told = dataclasses.asdict(found)
        told['type'] = found.type.value
        self.assertEqual({**REST, **expected}, told)

    @ddt.data(*POOLS)
    def test_no_place_in_a_pool(self, name):
        there, problem = POOLS[name]
        found = by_pool(b.file('/vmsX/x'), there)
        self.assertEqual((None, problem), (found.path, found.problem))

    def test_names_of_volumes(self):
        for name in (*BAD_NAMES, *NAMES):
            source = b.file(f'/vmsX/{name}')
            bad = f'LVM takes no volume of the name {name}'
            with self.subTest(name):
                self.assertEqual(
                    bad if name in BAD_NAMES else '',
                    by_pool(source, GROUP).problem,
                )
                self.assertEqual('', by_pool(source, ZFS).problem)
                self.assertEqual('', by_pool(source).problem)
        file = b.file('/data/snapshot1')
        self.assertEqual('', place(file, d.MAP).problem)

    def test_label(self):
        for kind, path, label in (
            ('volume', None, 'pool new, volume x'),
            ('volume', '/newX/x', '/newX/x'),
            ('file', '/newX/x', '/newX/x'),
            ('network', None, 'network'),
        ):
            found = destination_places.DestinationPlace(
                domains.SourceType(kind),
                path,
                'raw',
                device=False,
                pool='new',
                volume='x',
            )
            self.assertEqual(label, found.label)

    def test_targets(self):
        disks = b.disk('vda', b.file(d.HERE)), b.disk('vdb', b.file('/other'))
        disks += b.disk('vdc', b.file('/third')), b.disk('sda', device='cdrom')
        wanted = d.mapping(d.MAP, vdc='raw', sda='raw')
        for prepared, expected in (
            (None, ['vda', 'vdc']),
            ({'directory': '/data'}, []),
        ):
            found = facts(*disks, wanted=wanted, prepared=prepared)
            targets = destination_places.targets(
                found.domain, found.storage, found.options
            )
            self.assertEqual(expected, [disk.target for disk, _ in targets])
