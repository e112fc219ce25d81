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

import unittest
from xml.etree import ElementTree

import ddt

from tests.unit.core import builders as b
from tests.unit.core import planned

LIST = 'migrate_disks_detect_zeroes'
RAW, QCOW2, BLOCK = '/d/raw', '/d/qcow2', '/dev/sdz'
DISKS = (
    b.disk('vda', b.file(RAW, 'raw')),
    b.disk('vdb', b.file(QCOW2)),
    b.disk('vdc', b.block(BLOCK)),
    b.disk('vdd', b.rbd()),
)
FACTS = {RAW: b.local(), QCOW2: b.local(), BLOCK: b.device('sata')}
OLD, NEW = 9_000_000, 10_009_000


def plan(*disks, here=NEW, there=NEW, qemu=7_002_022, thin='auto', **more):
    return planned.plan(
        b.case(
            *(disks or DISKS),
            source={**FACTS, **more.pop('source', {})},
            versions={
                'source': {'libvirt': here, 'qemu': qemu},
                'destination': {'libvirt': there},
            },
            state={'state': 'running', 'persistent': True},
            persistent_xml=b.domain(*(disks or DISKS)),
            thin=thin,
            **more,
        )
    )


def drivers(found, parameter='destination_xml'):
    """Return what each disk's driver has of discard and detect_zeroes."""
    text = found['parameters'].get(parameter)
    root = ElementTree.fromstring(text) if text else ElementTree.Element('d')
    return {
        disk.find('target').get('dev'): (
            disk.find('driver').get('discard'),
            disk.find('driver').get('detect_zeroes'),
        )
        for disk in root.iterfind('devices/disk')
    }


NONE = (None, None)


@ddt.ddt
class ThinTest(unittest.TestCase):
    def test_the_source_finds_zeroes_where_both_daemons_can(self):
        found = plan()
        self.assertEqual(['vda', 'vdb', 'vdc'], found['parameters'][LIST])
        # A raw destination without it would grow to its full size.
        self.assertEqual(
            {
                'vda': ('unmap', None),
                'vdb': NONE,
                'vdc': ('unmap', None),
                'vdd': NONE,
            },
            drivers(found),
        )

    @ddt.data((OLD, NEW), (NEW, OLD), (NEW, None), (NEW - 1, NEW))
    @ddt.unpack
    def test_the_destination_finds_them_otherwise(self, here, there):
        found = plan(here=here, there=there)
        self.assertNotIn(LIST, found['parameters'])
        self.assertEqual(
            {
                'vda': ('unmap', 'unmap'),
                'vdb': (None, 'on'),
                'vdc': ('unmap', 'unmap'),
                'vdd': NONE,
            },
            drivers(found),
        )

    @ddt.data(OLD, NEW)
    def test_the_definition_stays_as_it_is(self, libvirt):
        found = plan(here=libvirt)
        self.assertEqual({NONE}, {*drivers(found, 'persistent_xml').values()})
        (note,) = [n for n in found['notes'] if 'vda' in n]
        self.assertIn("discard='unmap'", note)
        self.assertIn('started anew', note)

    def test_of_qcow2_alone_the_xml_stays_libvirt_s_own(self):
        found = plan(DISKS[1])
        self.assertEqual({'migrate_disks', LIST}, {*found['parameters']})
        self.assertFalse([n for n in found['notes'] if 'vdb' in n])

    def test_nothing_where_it_is_not_wanted_or_not_said(self):
        for thin in ('off', None):
            found = plan(thin=thin)
            self.assertEqual(
                ['migrate_disks'], list(found['parameters']), thin
            )
            self.assertFalse([n for n in found['notes'] if 'vda' in n])

    def test_nothing_where_nothing_is_copied(self):
        self.assertEqual({}, plan(DISKS[3])['parameters'])

    @ddt.data(
        ("discard='unmap' detect_zeroes='unmap'", OLD, {}),
        ("discard='unmap'", OLD, ('unmap', 'unmap')),
        ("discard='ignore'", NEW, ('unmap', None)),
        ("discard='unmap'", NEW, {}),
    )
    @ddt.unpack
    def test_a_disk_that_has_it_already(self, has, libvirt, wanted):
        disk = DISKS[0].replace("type='raw'", f"type='raw' {has}")
        if disk == DISKS[0]:
            disk = DISKS[0].replace('type="raw"', f'type="raw" {has}')
        self.assertNotEqual(DISKS[0], disk)
        found = drivers(plan(disk, here=libvirt))
        self.assertEqual({'vda': wanted} if wanted else {}, found)

    @ddt.data(
        (7_002_000, True),
        (7_002_999, True),
        (7_001_999, False),
        (8_001_000, False),
        (10_000_999, False),
        (10_001_000, True),
        (None, False),
    )
    @ddt.unpack
    def test_holes_that_qemu_writes_out(self, qemu, thin):
        said = plan(DISKS[0], here=OLD, qemu=qemu)
        noted = [n for n in said['notes'] if 'more room' in n]
        self.assertEqual(not thin, bool(noted))
        asked = plan(DISKS[0], here=OLD, qemu=qemu, thin='on')
        self.assertEqual(thin, asked['ready'])
        # The parameter is as good on each of them.
        self.assertTrue(plan(DISKS[0], qemu=qemu, thin='on')['ready'])
        self.assertTrue(plan(DISKS[1], here=OLD, qemu=qemu, thin='on'))

    @ddt.data((30, NEW, True), (31, NEW, False), (60, OLD, False))
    @ddt.unpack
    def test_few_parameters_are_left(self, count, libvirt, detects):
        disks = [
            b.disk(f'vd{n}', b.file(f'/m/{n}', 'raw')) for n in range(count)
        ]
        facts = {f'/m/{n}': b.local() for n in range(count)}
        found = plan(*disks, here=libvirt, source=facts)
        self.assertTrue(found['ready'])
        self.assertEqual(detects, LIST in found['parameters'])
        self.assertIn('destination_xml', found['parameters'])

    def test_no_parameter_is_left(self):
        disks = [b.disk(f'vd{n}', b.file(f'/m/{n}')) for n in range(60)]
        more = {
            'here': OLD,
            'source': {f'/m/{n}': b.local() for n in range(60)},
            'migrate_uri': 'tcp://there',
            'listen_address': '10.0.0.2',
            # The destination is sent the definition as well.
            'direct': True,
        }
        found = plan(*disks, **more)
        self.assertEqual([], found['refusals'])
        self.assertNotIn('destination_xml', found['parameters'])
        self.assertTrue([n for n in found['notes'] if 'more room' in n])
        asked = plan(*disks, thin='on', **more)
        self.assertEqual(
            ['not-thin'], [r['reason'] for r in asked['refusals']]
        )
