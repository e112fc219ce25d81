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


"""What nova's definition of a server keeps of a copy that was kept thin."""

from xml.etree import ElementTree

from tests.e2e import content
from tests.e2e import nova_base

RAW = {'libvirt': {'images_type': 'raw'}}
_SLACK = 1 << 20


class ThinTestCase(nova_base.NovaTestCase):
    """Our driver, where disks are raw files."""

    def drivers(self, server, *flags):
        """Return discard and detect_zeroes of each disk on host b."""
        text = self.b.virsh('dumpxml', *flags, server.name).stdout
        return {
            (driver.get('discard'), driver.get('detect_zeroes'))
            for disk in ElementTree.fromstring(text).iterfind('devices/disk')
            for driver in disk.iterfind('driver')
        }

    def test_raw(self) -> None:
        """The copy is kept thin, and the server's next start is nova's."""
        self.plugin(**RAW)
        server = self.server()
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda'])
        self.assertEqual({('unmap', 'unmap')}, self.drivers(server))
        self.assertEqual({(None, None)}, self.drivers(server, '--inactive'))
        disk = server.directory(self.b) / 'disk'
        # In this order: it goes on writing.
        taken = disk.stat().st_blocks * 512
        holds = content.not_zero(disk.read_bytes())
        self.assertLess(holds, disk.stat().st_size / 2)
        self.assertLessEqual(taken, 1.02 * holds + _SLACK)
        self.assert_intact(server, self.b)

    def test_thick_on_purpose(self) -> None:
        """What nova allocates in full is not made thin."""
        self.plugin(**RAW, DEFAULT={'preallocate_images': 'space'})
        server = self.server()
        moved = self.migrate(server)
        self.assert_moved(server, moved, mirrored=['vda'])
        self.assertEqual({(None, None)}, self.drivers(server))
        self.assert_intact(server, self.b)
