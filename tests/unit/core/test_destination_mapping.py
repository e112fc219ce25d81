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

"""What the operator wants otherwise at the destination."""

import copy
import unittest
from xml.etree import ElementTree

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import destination_xml
from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core import profiles
from tests.unit.core import scenarios
from tests.unit.core.scenarios import destinations as d

Map = destination_mapping.PathMap


@ddt.ddt
class MappingTest(unittest.TestCase):
    @ddt.data(
        ('/a', '/b', '/a/x', '/b/x'),
        ('/a', '/b', '/a', '/b'),
        ('/a', '/b', '/ab/x', None),
        ('/a/', '/b//c/', '/a/x', '/b/c/x'),
        ('/', '/b', '/a/x', '/b/a/x'),
        ('/a', '/', '/a/x', '/x'),
        ('/a', '/b', '/a/link/../x', None),
    )
    @ddt.unpack
    def test_a_prefix(self, source, destination, path, there):
        wanted = destination_mapping.DestinationMapping(
            (Map.of(source, destination),)
        )
        found = wanted.path([path])
        self.assertEqual(there, found and found[1])

    def test_the_longest_of_all_names_wins(self):
        wanted = destination_mapping.DestinationMapping(
            (Map.of('/dev', '/x'), Map.of('/dev/vg', '/y'))
        )
        names = ('/dev/mapper/vg-lv', '/dev/vg/lv')
        self.assertEqual('/y/lv', wanted.path(names)[1])

    @ddt.data(('a', '/b'), ('/a', 'b'), ('/a/../b', '/c'), ('/a\n', '/b'))
    def test_no_prefix(self, ends):
        with self.assertRaises(exceptions.InvalidInput):
            Map.of(*ends)

    @ddt.data(
        {'paths': (Map('/a', '/b'), Map('/a', '/c'))},
        {
            'pools': (
                destination_mapping.PoolMap('a', 'b'),
                destination_mapping.PoolMap('a', 'c'),
            )
        },
        {'pools': (destination_mapping.PoolMap('a', ''),)},
        {'formats': {'vda': 'vmdk'}},
    )
    def test_no_mapping(self, fields):
        with self.assertRaises(exceptions.InvalidInput):
            destination_mapping.DestinationMapping(**fields)


class NotesTest(unittest.TestCase):
    def notes(self, *disks, **more):
        return ' '.join(planned.plan(d.case(*disks, **more))['notes'])

    def test_what_no_disk_uses_is_said(self):
        wanted = d.mapping(
            [*d.MAP, {'source': '/none', 'destination': '/x'}],
            [{'source': 'none', 'destination': 'y'}],
            vdz='raw',
        )
        notes = self.notes(wanted=wanted)
        self.assertIn('--map /none=/x: no disk is below /none', notes)
        self.assertIn('--map-pool none=y: no disk is in none', notes)
        self.assertIn('no disk with a source is vdz', notes)
        self.assertNotIn('--map /data=/srv', notes)

    def test_what_is_kept_is_said(self):
        wanted = d.mapping(
            [*d.MAP, {'source': '/nfs', 'destination': '/srv'}], vdc='raw'
        )
        shared = b.on('nfs4', identity='n')
        notes = self.notes(
            b.disk('vda', b.file(d.HERE)),
            b.disk('vdb', b.file('/nfs/x')),
            b.disk('vdc', b.rbd()),
            wanted=wanted,
            source={'/nfs/x': shared},
            there={**d.ROOM, '/nfs/x': shared},
        )
        self.assertIn('vdb: it is kept, so that --map /nfs=/srv', notes)
        self.assertIn('vdc: it is kept, so that --to-format vdc', notes)

    def test_an_existing_one_is_named_by_its_place(self):
        notes = self.notes(
            wanted=d.mapping(d.MAP),
            there={**d.ROOM, d.THERE: b.local(identity='other')},
            existing=['vda'],
        )
        self.assertIn(f'at the destination: {d.THERE}', notes)

    def test_whole_extents(self):
        for size, libvirt, said in (
            (b.GIB, 9_000_000, False),
            (b.GIB + b.MIB, 9_000_000, True),
            (b.GIB + b.MIB, 10_000_000, False),
        ):
            notes = self.notes(
                wanted=d.mapping(d.TO_GROUP),
                source={d.HERE: b.local(virtual_bytes=size)},
                there={d.VOLUME: b.GONE},
                pools_there={'vg': {**d.POOL, 'free_bytes': 2 * b.GIB}},
                versions={'destination': {'libvirt': libvirt}},
            )
            self.assertIn('made in whole extents', notes)
            self.assertEqual(said, 'no whole extents of 4 MiB' in notes)

    def test_nova_has_its_own_paths(self):
        plan = planned.plan(
            d.case(
                wanted=d.mapping(d.MAP, vda='raw'),
                prepared={'directory': '/data'},
            )
        )
        (disk,) = plan['disks']
        self.assertIn(disk['destination'], (None, d.HERE))
        options = migration_options.MigrationOptions(
            prepared=migration_options.Preparation('/data'),
            mapping=destination_mapping.DestinationMapping(
                (Map.of('/data', '/srv'),), formats={'vda': 'raw'}
            ),
        )
        (own,) = domain_xml.parse(
            b.domain(b.disk('vda', b.file(d.HERE)))
        ).disks
        storage = storage_facts.Storage()
        place = destination_places.of(own, storage, options)
        self.assertEqual((d.HERE, 'qcow2'), (place.path, place.format))
        self.assertNotIn('--map', ' '.join(plan['notes']))


class PlanTest(unittest.TestCase):
    def plan(self, *disks, **more):
        plan = planned.plan(d.case(*disks, **more))
        self.assertTrue(plan['ready'], plan['refusals'])
        return plan

    def test_from_to_format_and_bytes(self):
        plan = self.plan(wanted=d.mapping(d.MAP, vda='raw'))
        (disk,) = plan['disks']
        self.assertEqual(
            (d.HERE, 'qcow2', d.THERE, 'raw', b.MIB),
            (
                *(disk['source'], disk['format'], disk['destination']),
                *(disk['destination_format'], disk['copy_bytes']),
            ),
        )
        self.assertEqual(
            [
                {
                    'target': 'vda',
                    'path': d.THERE,
                    'format': 'raw',
                    'virtual_bytes': b.GIB,
                    'source_path': d.HERE,
                }
            ],
            plan['images'],
        )

    def test_a_refused_plan_says_where_copies_would_be(self):
        two = (b.disk('vda', b.file(d.HERE)), b.disk('vdb', b.file('/odd')))
        plan = planned.plan(d.case(*two, wanted=d.mapping(d.MAP)))
        self.assertFalse(plan['ready'])
        first, second = plan['disks']
        self.assertEqual(d.THERE, first['destination'])
        self.assertIsNone(second['destination'])

    def test_the_format_that_it_has_changes_nothing(self):
        plan = self.plan(
            wanted=d.mapping(vda='qcow2'),
            there={'/data': d.FOLDER, d.HERE: b.GONE},
        )
        self.assertNotIn('destination_xml', plan['parameters'])

    def test_what_is_mapped_onto_an_existing_image_has_no_chain_there(self):
        plan = self.plan(
            b.disk('vda', b.file(d.HERE), over=[b.file('/base')]),
            wanted=d.mapping(d.MAP),
            source={'/base': b.local(identity='x')},
            there={
                **d.ROOM,
                d.THERE: b.local(identity='other', format='qcow2'),
            },
            existing=['vda'],
        )
        text = plan['parameters']['destination_xml']
        self.assertNotIn('/base', text)

    def test_raw_over_a_base_is_a_full_copy(self):
        over = b.disk('vda', b.file(d.HERE), over=[b.file('/base', 'raw')])
        base = {'/base': b.local(identity='x')}
        for wanted, flag in (
            (d.mapping(d.MAP), 'VIR_MIGRATE_NON_SHARED_INC'),
            (d.mapping(d.MAP, vda='raw'), 'VIR_MIGRATE_NON_SHARED_DISK'),
        ):
            plan = self.plan(
                over, wanted=wanted, source=base, there={**d.ROOM, **base}
            )
            self.assertIn(flag, plan['flags'])
            (image,) = plan['images']
            above = 'backing_path' in image
            self.assertEqual(flag.endswith('INC'), above)
            self.assertEqual(
                above, '/base' in plan['parameters']['destination_xml']
            )

    def test_the_definition_is_changed_alike(self):
        definition = b.domain(b.disk('vda', b.file(d.HERE)))
        plan = self.plan(
            wanted=d.mapping(d.MAP),
            persistent_xml=definition,
            state={'state': 'running', 'persistent': True},
        )
        for name in ('destination_xml', 'persistent_xml'):
            root = ElementTree.fromstring(plan['parameters'][name])
            source = root.find('devices/disk/source')
            self.assertEqual({'file': d.THERE}, source.attrib)

    def test_zeroes_are_found_for_the_format_there(self):
        plan = self.plan(
            wanted=d.mapping(d.MAP, vda='raw'),
            versions={
                'source': {'libvirt': 9_000_000, 'qemu': 7_002_022},
                'destination': {'libvirt': 9_000_000},
            },
            thin='auto',
        )
        self.assertIn('discard="unmap"', plan['parameters']['destination_xml'])

    def test_a_volume_is_written_once(self):
        plan = self.plan(
            wanted=d.mapping(d.TO_GROUP),
            there={d.VOLUME: b.GONE},
            pools_there={'vg': d.POOL},
            thin='auto',
        )
        self.assertNotIn(
            'detect_zeroes', plan['parameters']['destination_xml']
        )
        (image,) = plan['images']
        self.assertEqual(('vg', 'raw'), (image['pool'], image['format']))


class XmlTest(unittest.TestCase):
    """Only type, format and source differ."""

    def changed(self, disk, place):
        text = b.domain(disk, b.disk('vdb', b.file('/other')))
        changes = destination_xml.Changes(placed={'vda': place})
        made = ElementTree.fromstring(destination_xml.for_copy(text, changes))
        first, second = made.iterfind('devices/disk')
        before = ElementTree.fromstring(text).findall('devices/disk')[1]
        self.assertEqual(
            ElementTree.tostring(before), ElementTree.tostring(second)
        )
        self.assertEqual('virtio-vda', first.find('alias').get('name'))
        self.assertIsNotNone(first.find('address'))
        self.assertEqual('s', first.findtext('serial'))
        return first

    def place(self, kind, path, **more):
        more = {'format': 'raw', 'device': False, 'by': '--map', **more}
        return destination_places.DestinationPlace(kind, path, **more)

    def test_a_file_becomes_a_device(self):
        inside = (
            "<slices><slice type='storage' offset='0' size='1'/></slices>"
            "<seclabel model='dac' relabel='no'/>"
        )
        disk = b.disk('vda', b.file('/a', inside=inside), serial='s').replace(
            "<driver name='qemu'", '<driver'
        )
        disk = disk.replace('<source', "<source startupPolicy='optional'", 1)
        found = self.changed(
            disk, self.place(domains.SourceType.BLOCK, '/dev/vg/a')
        )
        self.assertEqual('block', found.get('type'))
        source = found.find('source')
        self.assertEqual(
            {'dev': '/dev/vg/a', 'startupPolicy': 'optional'}, source.attrib
        )
        self.assertEqual(['seclabel'], [each.tag for each in source])
        self.assertEqual('raw', found.find('driver').get('type'))

    def test_a_device_becomes_a_file(self):
        found = self.changed(
            b.disk('vda', b.block('/dev/vg/a'), serial='s'),
            self.place(domains.SourceType.FILE, '/a', format='qcow2'),
        )
        self.assertEqual('file', found.get('type'))
        self.assertEqual({'file': '/a'}, found.find('source').attrib)
        self.assertEqual('qcow2', found.find('driver').get('type'))

    def test_a_volume_is_in_another_pool(self):
        found = self.changed(
            b.disk('vda', b.volume('old', 'a'), serial='s'),
            self.place(
                domains.SourceType.VOLUME, '/a', pool='new', volume='a'
            ),
        )
        self.assertEqual(
            {'pool': 'new', 'volume': 'a'}, found.find('source').attrib
        )

    def test_what_qcow2_alone_has_goes_with_it(self):
        disk = b.disk('vda', b.file('/a'), serial='s').replace(
            '"qcow2"/>',
            '"qcow2" discard_no_unref="on"><metadata_cache/></driver>',
        )
        self.assertIn('metadata_cache', disk)
        for name, left in (('raw', 0), ('qcow2', 1)):
            found = self.changed(
                disk,
                self.place(domains.SourceType.FILE, '/a', format=name, by=''),
            )
            driver = found.find('driver')
            self.assertEqual(left, len(driver))
            self.assertEqual(bool(left), 'discard_no_unref' in driver.attrib)


# Of a guest with more the same is asked, many times.
_MOST = 8


class AnyCaseTest(unittest.TestCase):
    """A mapping of all there is changes where copies are, and nothing else."""

    #: What is found of a place, and not of the disk.
    OF_PLACES = {
        *('destination-exists', 'destination-unreachable'),
        *('destination-mismatch', 'image-unproven', 'device-unproven'),
        *('image-not-reproducible', 'mapping-unusable', 'pool-unknown'),
        *('duplicate-destination', 'format-unusable'),
    }

    def test_what_is_kept_or_refused_stays_so(self):
        for noun, found in scenarios.SCENARIOS.items():
            if noun == 'destinations':
                continue
            for scenario in found[:: 4 if profiles.brief() else 2]:
                if scenario.case['domain_xml'].count('<disk ') > _MOST:
                    continue
                with self.subTest(noun=noun, case=scenario.name):
                    self._compare(scenario.case)

    def _compare(self, case):
        before = planned.plan(case)
        case = copy.deepcopy(case)
        names = case['storage']['pools']
        case['options']['mapping'] = d.mapping(
            [{'source': '/', 'destination': '/elsewhere'}],
            [{'source': name, 'destination': 'new'} for name in names],
        )
        after = planned.plan(case)
        for old, new in zip(before['disks'], after['disks'], strict=True):
            if old['reason'] in self.OF_PLACES:
                continue
            if new['reason'] in self.OF_PLACES:
                self.assertEqual('refuse', new['action'])
                self.assertEqual('copy', old['action'], old)
                continue
            self.assertEqual(old['action'], new['action'], old)
            if new['action'] != 'copy':
                self.assertIsNone(new['destination'])
        if not after['ready']:
            return
        text = after['parameters'].get('destination_xml', case['domain_xml'])
        same = ElementTree.fromstring(case['domain_xml'])
        there = ElementTree.fromstring(text)
        disks = zip(
            after['disks'],
            same.findall('devices/disk'),
            there.findall('devices/disk'),
            strict=True,
        )
        for disk, here, made in disks:
            if disk['action'] != 'copy':
                self.assertEqual(
                    ElementTree.tostring(here), ElementTree.tostring(made)
                )
