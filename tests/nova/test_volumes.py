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

"""Volumes whose device has another name on the destination.

nova gives a volume the destination's path where the serials are equal, and
leaves the others as they are. Both hosts deal the names of their devices.
"""

import typing
from xml.etree import ElementTree

import fixtures

from tests.nova import base
from tests.nova import endings
from tests.nova import hosts
from tests.nova import ours

OLD = '11111111-2222-4333-8444-555555555555'
THERE = '/dev/dm-9'
SERIAL = f'<serial>{base.VOLUME}</serial>'


class VolumesTest(base.MigrationTest):
    """Has the destination connect the volume as another device."""

    def connect(self, change: typing.Any = None) -> None:
        """Let the destination's os-brick name the device.

        :param change: changes the connection instead
        """
        driver = self.computes['dest'].driver
        real = driver._connect_volume

        def connect(context, info, instance, *args, **kwargs):
            found = real(context, info, instance, *args, **kwargs)
            info['data']['device_path'] = THERE
            if change is not None:
                change(info)
            return found

        self.useFixture(
            fixtures.MockPatchObject(driver, '_connect_volume', connect)
        )

    def change(self, server: base.Server, old: str, new: str) -> None:
        """Change the XML of a server's domain."""
        domain = self.domain(server)
        assert old in domain.defined, domain.defined
        domain.defined = domain.defined.replace(old, new)

    def swap(self, server: base.Server) -> None:
        """Let the guest keep the serial of the volume it had before."""
        self.change(server, SERIAL, f'<serial>{OLD}</serial>')

    def pass_through(self, server: base.Server) -> None:
        """Let the volume be named by its alias alone, as that of a LUN."""
        alias = f'<alias name="ua-{base.VOLUME}"/>'
        domain = self.domain(server)
        if alias in domain.defined:
            alias = ''
        self.change(server, SERIAL, alias)

    def sent(self, server: base.Server) -> str:
        """The device of the volume in the XML for the destination."""
        call = self.fake.call_of(server['id'])
        for name in ('destination_xml', 'persistent_xml'):
            root = ElementTree.fromstring(call.params[name])
            (path,) = (
                disk.find('source').attrib['dev']
                for disk in root.iterfind('devices/disk')
                if disk.find('target').attrib['dev'] == 'vdd'
            )
        return path


class StockTest(VolumesTest):
    DRIVER = hosts.STOCK

    def setUp(self):
        super().setUp()
        self.start_hosts()

    def test_a_swapped_volume_has_the_path_of_the_source(self):
        server = self.make_server()
        self.swap(server)
        self.connect()
        self.live_migrate(server)
        self.assertNotEqual(THERE, self.sent(server))


class OursVolumesTest(VolumesTest, ours.OursTest):
    def _moved(self, change: typing.Any) -> None:
        server = self.make_server()
        change(server)
        self.connect()
        self.live_migrate(server)
        self.assertEqual(endings.MOVED, self.outcome(server))
        self.assertEqual(THERE, self.sent(server))
        self.assertEqual(base.LOCAL, self.fake.call_of(server['id']).disks)

    def test_an_ordinary_volume(self):
        self._moved(lambda server: None)

    def test_a_swapped_volume(self):
        self._moved(self.swap)

    def test_a_volume_that_its_alias_names(self):
        self._moved(self.pass_through)

    def _rolled_back(self, change: typing.Any) -> None:
        server = self.make_server()
        self.swap(server)
        self.connect(change)
        self.live_migrate(server)
        self.rolled_back.wait()
        self.assertEqual(endings.FAILED, self.outcome(server))
        self.assertEqual([], self.fake.calls)
        told = '\n'.join(
            f'{fault.message} {fault.details}' for fault in self.faults(server)
        )
        self.assertIn('vdd: the destination has', told)
        self.assertIn(base.VOLUME, told)

    def test_the_destination_has_it_as_something_else(self):
        def change(info):
            info['driver_volume_type'] = 'rbd'
            info['data'].update(
                name='volumes/x', hosts=['h'], ports=['1'], secret_type='ceph'
            )

        self._rolled_back(change)

    def test_the_destination_has_connected_another_volume(self):
        self._rolled_back(lambda info: info.update(serial=OLD[::-1]))
