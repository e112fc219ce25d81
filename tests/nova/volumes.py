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

"""Servers of images_type=lvm on two hosts that have a volume group each."""

import os
import typing

import fixtures
from lxml import etree

from tests.nova import base
from tests.nova import libvirt_fixture
from tests.nova import lvm_fixture

MIB = lvm_fixture.MIB
GROUP = 'vg0'
SIZES = {'disk': 1024 * MIB, 'disk.eph0': 1024 * MIB, 'disk.swap': 64 * MIB}


class VolumesTest(base.MigrationTest):
    """Has LVM in place before the hosts start."""

    lvm: lvm_fixture.Lvm

    def have_groups(self) -> None:
        """Have a volume group of one name on each host."""
        self.lvm = self.useFixture(
            lvm_fixture.Lvm(
                lambda: (
                    'dest'
                    if getattr(self._at, 'destination', False)
                    else 'src'
                )
            )
        )
        for host in ('src', 'dest'):
            self.lvm.groups[host] = [lvm_fixture.Group(GROUP)]
        # What another server of the destination has.
        self.there.create('another_disk', 8 * MIB)
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Domain.blockInfo',
                lambda domain, target: self._block_info(domain, target),
            )
        )
        self.flags(
            images_type='lvm', images_volume_group=GROUP, group='libvirt'
        )

    @property
    def here(self) -> lvm_fixture.Group:
        """The source's volume group."""
        return self.lvm.groups['src'][0]

    @property
    def there(self) -> lvm_fixture.Group:
        """The destination's volume group."""
        return self.lvm.groups['dest'][0]

    def make_lvm_server(self, volume: str | None = base.VOLUME) -> base.Server:
        """Boot a server whose local disks are volumes, as nova names them.

        nova's fixture has made files of them.
        """
        server = self.make_server(volume)
        domain = self.domain(server)
        root = etree.fromstring(domain.defined)
        for disk in root.iterfind('./devices/disk[@type="file"]'):
            source = disk.find('source')
            name = os.path.basename(source.get('file'))
            size = SIZES.get(name.replace('disk.local', 'disk.eph0'))
            if size is None:
                continue  # the config drive is a file
            os.unlink(source.attrib.pop('file'))
            disk.set('type', 'block')
            disk.find('driver').set('type', 'raw')
            source.set('dev', self.device(server, name))
            self.here.create(f'{server["id"]}_{name}', size)
        domain.defined = etree.tostring(root, encoding='unicode')
        for disk in domain._def['devices']['disks']:
            name = os.path.basename(disk['source'] or '')
            if f'{server["id"]}_{name}' in self.here.volumes:
                disk['type'] = 'block'
                disk['source'] = self.device(server, name)
        return server

    def _block_info(self, domain: typing.Any, target: str) -> list[int]:
        for disk in domain._def['devices']['disks']:
            name = os.path.basename(disk['source'] or '')
            volume = self.here.volumes.get(name)
            if disk['target_dev'] == target and volume is not None:
                # libvirt knows of no allocation of a device.
                return [volume.size, 0, volume.size]
        return libvirt_fixture.block_info(domain, target)

    def device(self, server: base.Server, name: str) -> str:
        """The path of a server's volume."""
        return f'/dev/{GROUP}/{server["id"]}_{name}'

    def of_server(
        self, group: lvm_fixture.Group, server: base.Server
    ) -> dict[str, typing.Any]:
        """The sizes of a server's volumes in a group, by name of the disk."""
        prefix = f'{server["id"]}_'
        return {
            name.removeprefix(prefix): volume.size
            for name, volume in group.volumes.items()
            if name.startswith(prefix)
        }
