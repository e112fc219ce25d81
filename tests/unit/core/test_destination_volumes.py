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

"""The volumes of a guest as the destination has connected them."""

import unittest
from xml.etree import ElementTree

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import destination_volumes
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b

PROVEN = destination_volumes.KeptVolume('vdb', 'volume v', 'v', proven=True)
NAMED = destination_volumes.KeptVolume('vdb', 'volume v', 'v', proven=False)


def there(source, type='block'):
    """Write a <disk> as nova's volume drivers do."""
    return f"<disk type='{type}'>{source}<target dev='vdz' bus='x'/></disk>"


@ddt.ddt
class ConnectTest(unittest.TestCase):
    def connect(self, disk, wanted, volume=PROVEN):
        text = b.domain(b.disk('vda', b.file('/d')), disk)
        found = destination_volumes.connect(
            text, [volume], lambda asked: wanted
        )
        self.unchanged = found == text
        _other, disk = ElementTree.fromstring(found).iterfind('devices/disk')
        self.target = disk.find('target').attrib['dev']
        return disk.find('source')

    def test_a_device_that_has_another_name_there(self):
        disk = b.disk(
            'vdb',
            b.block('/dev/dm-4', inside="<reservations managed='yes'/>"),
            alias=f'ua-{b.VOLUME}',
            device='lun',
        )
        source = self.connect(disk, there("<source dev='/dev/dm-9'/>"))
        self.assertEqual('/dev/dm-9', source.get('dev'))
        self.assertEqual('vdb', self.target)
        # What else libvirt has of it stays.
        self.assertIsNotNone(source.find('reservations'))

    def test_the_same_device_there(self):
        disk = b.disk('vdb', b.block('/dev/dm-4'))
        self.connect(disk, there("<source dev='/dev/dm-4'/>"))
        self.assertTrue(self.unchanged)

    def test_a_file(self):
        disk = b.disk('vdb', b.file('/m/volume'))
        source = self.connect(disk, there("<source file='/n/v'/>", 'file'))
        self.assertEqual('/n/v', source.get('file'))

    def test_an_image_of_other_servers(self):
        disk = b.disk('vdb', b.network('rbd', 'a/b', 'old', inside='<x/>'))
        wanted = (
            "<source protocol='rbd' name='a/c'><host name='n' port='1'/>"
            "<host name='m' port='1'/></source>"
        )
        source = self.connect(disk, there(wanted, 'network'))
        self.assertEqual('a/c', source.get('name'))
        self.assertEqual(['host', 'host', 'x'], [e.tag for e in source])

    def test_the_same_servers_in_another_order(self):
        disk = b.disk('vdb', b.network('rbd', '/a/b', 'm', 'n'))
        wanted = (
            "<source protocol='rbd' name='a/b'><host name='n'/>"
            "<host name='m'/></source>"
        )
        self.connect(disk, there(wanted, 'network'))
        self.assertTrue(self.unchanged)

    def test_a_device_name_proves_nothing_to_go_by(self):
        disk = b.disk('vdb', b.block('/dev/disk/by-id/wwn-0x1'))
        wanted = there("<source dev='/dev/dm-9'/>")
        self.connect(disk, wanted, NAMED)
        self.assertTrue(self.unchanged)

    def test_no_connection(self):
        disk = b.disk('vdb', b.block('/dev/dm-4'))
        for volume in (PROVEN, NAMED):
            with self.assertRaisesRegex(
                exceptions.PreparationFailed, r'vdb: .*volume v'
            ):
                self.connect(disk, None, volume)

    @ddt.data(
        there("<source protocol='rbd' name='a/b'/>", 'network'),
        there("<source file='/n/v'/>", 'file'),
        there(''),
        there('<source/>'),
    )
    def test_what_cannot_take_its_place(self, wanted):
        disk = b.disk('vdb', b.block('/dev/dm-4'))
        with self.assertRaisesRegex(
            exceptions.PreparationFailed, r'vdb: .*volume v .*/dev/dm-4'
        ):
            self.connect(disk, wanted)

    def test_a_disk_that_is_not_there(self):
        with self.assertRaises(exceptions.PreparationFailed):
            destination_volumes.connect(
                b.domain(), [PROVEN], lambda asked: there('')
            )


class OfDomainTest(unittest.TestCase):
    def test_each_volume(self):
        """Read-only ones too: the guest is not to read another's."""
        case = b.case(
            b.disk('vda', b.file('/d')),
            b.disk('vdb', b.block('/dev/dm-4'), 'readonly', serial=b.VOLUME),
            b.disk('vdc', b.block('/dev/disk/by-id/wwn-0x1')),
            b.cdrom('sda'),
            rows=[
                b.row('vdb', b.VOLUME, 'iscsi'),
                b.row('vdc', b.OTHER_VOLUME, 'iscsi'),
            ],
            source={'/d': b.local()},
        )
        case['block_device_info']['block_device_mapping'][1]['volume_id'] = (
            b.THIRD_VOLUME
        )
        plan = planner.plan(migration_case.loads(b.text(case)))
        self.assertEqual(
            [('vdb', b.VOLUME, True), ('vdc', b.THIRD_VOLUME, False)],
            [(v.target, v.serial, v.proven) for v in plan.volumes],
        )
