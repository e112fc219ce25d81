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

import os
from unittest import mock

import fixtures
from lxml import etree
from nova import conf
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import base

CONF = conf.CONF


class TestConfigDriveOfBlockMigration(
    base.LibvirtMigrationMixin, base.ServersTestBase
):
    """Regression test for bug NNNNNNN: config drive lost in a block migration

    A config drive in iso9660, the default, is a CD-ROM, and libvirt marks
    each CD-ROM as read-only. So LibvirtDriver._live_migration_copy_disk_paths
    leaves it out of the disks that libvirt is to copy, and libvirt takes no
    read-only disk. But LibvirtDriver._create_images_and_backing makes an empty
    image of the same size at the destination. Nothing fills it since the ssh
    copy was reverted (bug 1939869): the server arrives with a config drive
    that is all zeroes, and the migration is reported as completed.
    """

    ADMIN_API = True
    microversion = 'latest'
    CONTENT = {'disk': b'the root disk', 'disk.config': b'the config drive'}

    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MockPatch(
                'nova.virt.libvirt.LibvirtDriver'
                '._check_shared_storage_test_file',
                return_value=False,
            )
        )
        # What qemu-img makes of a raw image.
        self.useFixture(
            fixtures.MockPatch(
                'nova.virt.libvirt.utils.create_image', self._create_image
            )
        )
        real = fakelibvirt.Domain.XMLDesc

        def xml_desc(domain, flags):
            # libvirt adds this to every CD-ROM.
            root = etree.fromstring(real(domain, flags))
            for disk in root.iterfind("./devices/disk[@device='cdrom']"):
                etree.SubElement(disk, 'readonly')
            return etree.tostring(root, encoding='unicode')

        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Domain.XMLDesc', xml_desc
            )
        )
        self.start_compute('src')
        self.start_compute('dest')
        self.src = self.computes['src']
        self.dest = self.computes['dest']
        # Both hosts share one configuration here.
        self.path = {
            'src': CONF.instances_path,
            'dest': self.useFixture(fixtures.TempDir()).path,
        }
        self.arrived = {}

    @staticmethod
    def _create_image(path, disk_format, disk_size, **kwargs):
        with open(path, 'wb') as image:
            image.truncate(int(disk_size))

    def _migrate_stub(self, domain, destination, params, flags):
        """Copy what libvirt is told to copy, and no more."""
        targets = {}
        for disk in etree.fromstring(domain.XMLDesc(0)).iterfind(
            "./devices/disk[@type='file']"
        ):
            name = os.path.basename(disk.find('source').get('file'))
            targets[disk.find('target').get('dev')] = name
        here, there = (
            os.path.join(self.path[host], self.server['id'])
            for host in ('src', 'dest')
        )
        for target in params['migrate_disks']:
            name = targets[target]
            with open(os.path.join(here, name), 'rb') as source:
                content = source.read()
            with open(os.path.join(there, name), 'r+b') as copy:
                copy.write(content)
        for name in self.CONTENT:
            with open(os.path.join(there, name), 'rb') as image:
                self.arrived[name] = image.read().rstrip(b'\0')
        super()._migrate_stub(domain, destination, params, flags)

    def test_config_drive_arrives(self):
        body = self._build_server(networks='none', host='src')
        body['config_drive'] = True
        server = self.api.post_server({'server': body})
        self.server = self._wait_for_state_change(server, 'ACTIVE')
        here = os.path.join(self.path['src'], self.server['id'])
        os.makedirs(here, exist_ok=True)
        for name, content in self.CONTENT.items():
            with open(os.path.join(here, name), 'wb') as image:
                image.write(content.ljust(4096, b'\0'))

        prepare = self.dest.driver.pre_live_migration

        def pre_live_migration(*args, **kwargs):
            CONF.set_override('instances_path', self.path['dest'])
            try:
                return prepare(*args, **kwargs)
            finally:
                CONF.set_override('instances_path', self.path['src'])

        with mock.patch.object(
            self.dest.driver, 'pre_live_migration', pre_live_migration
        ):
            self._live_migrate(self.server, 'completed')

        # The model of libvirt is right: a disk that is copied arrives.
        self.assertEqual(self.CONTENT['disk'], self.arrived['disk'])
        self.assertEqual(
            self.CONTENT['disk.config'], self.arrived['disk.config']
        )
