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

"""A destination that cannot hold the disks is known before the copy."""

import re

from lab.guests import written_records
from lab.nova import nova_settings
from lab.storage import loop_devices
from tests.e2e import nova_base

MUCH = {'root_mib': 40, 'workload': written_records.Workload(cold_mib=24)}
# Enough for the disk alone, and not for kernel and ramdisk beside it.
SMALL_MIB = 36
LV = 'vg-lab-root'


class _Room(nova_base.NovaTestCase):
    def shrink(self) -> None:
        """Give host b's instances a small file system of their own."""
        file = self.lab.home.of_host('b') / 'backing' / 'small'
        file.parent.mkdir(exist_ok=True)
        with file.open('wb') as stream:
            stream.truncate(SMALL_MIB * 2**20)
        device, inside = loop_devices.attach(file), '/dev/lab/small'
        loop_devices.show(device, [self.b], inside)
        self.b.run(['mkfs.ext4', '-q', '-O', '^has_journal', inside])
        self.b.run(['mount', inside, nova_settings.INSTANCES])
        self.addCleanup(self.b.run, ['rm', inside])
        self.addCleanup(
            self.b.run, ['umount', '--lazy', nova_settings.INSTANCES]
        )

    def with_logical_volume(self):
        """Start a server whose root disk is a block device of host a.

        As images_type=lvm makes it, whose tools are not needed for that.
        """
        server = self.server()
        image = server.disks(self.a)['vda']
        domain = self.a.virsh('dumpxml', server.name, '--inactive').stdout
        server.stop(self.a)
        raw = server.raw(self.a, image)
        path = f'/dev/lab/{server.id}_disk'
        loop_devices.show(loop_devices.attach(raw), [self.a], path)
        changed = (
            domain.replace("<disk type='file'", "<disk type='block'")
            .replace("type='qcow2'", "type='raw'")
            .replace(f"<source file='{image[1]}'", f"<source dev='{path}'")
        )
        self.a.virsh('define', '/dev/stdin', input=changed)
        self.a.virsh('start', server.name)
        self.a.run(['rm', image[1]])
        server.wait_for_records(self.a, {'vda': nova_base.BEFORE})
        return server


class StockTestCase(_Room):
    """Nova's own driver finds out when it is late."""

    def setUp(self) -> None:
        super().setUp()
        self.stock()

    def test_small(self) -> None:
        """It copies until the file system is full."""
        self.shrink()
        server = self.server(**MUCH)
        moved = self.migrate(server)
        self.assertNotEqual('completed', moved.status)
        self.assertEqual(['vda'], moved.mirrored)
        self.assertEqual([], server.faults)

    def test_logical_volume(self) -> None:
        """It prepares the destination, and then libvirt refuses."""
        server = self.with_logical_volume()
        moved = self.migrate(server)
        status = 'error' if nova_base.ENDS_IN_ERROR else 'failed'
        self.assertEqual(status, moved.status)
        self.assertEqual([], server.faults)


class PluginTestCase(_Room):
    """Our driver refuses before anything is touched."""

    def setUp(self) -> None:
        super().setUp()
        self.plugin()

    def test_small(self) -> None:
        """It says how much there is and how much it takes."""
        self.shrink()
        server = self.server(**MUCH)
        told = self.assert_refused(server, 'destination-full')
        figures = re.search(r'needs (\d+) bytes .* has (\d+) bytes', told)
        self.assertIsNotNone(figures, told)
        needed, free = map(int, figures.groups())
        kernel = server.directory(self.a) / 'kernel'
        self.assertGreater(needed, 24 * 2**20 + kernel.stat().st_size)
        self.assertLess(free, SMALL_MIB * 2**20)

    def test_logical_volume(self) -> None:
        """It says that it cannot make one at the destination."""
        server = self.with_logical_volume()
        self.assert_refused(server, 'vda: local-block-device')
