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

from unittest import mock

import fixtures
from lxml import etree
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import base


class TestPathOfSwappedVolume(
    base.LibvirtMigrationMixin, base.ServersTestBase
):
    """Regression test for bug NNNNNNN: a swapped volume keeps its old path

    A host deals the names of its block devices by itself, so that a volume is
    /dev/sda at the source and may be /dev/sdb at the destination.
    nova.virt.libvirt.migration._update_volume_xml gives a disk of the domain
    the destination's path when its serial is that of a volume. A disk whose
    volume was swapped still has the serial of the volume before it: libvirt
    does not change that in a block copy, as the guest can see it. Such a disk
    is passed by without a word, and the guest opens, at the destination,
    whatever has the source's name there.

    Since the fix of bug 2112187 a user cannot swap a volume directly. Guests
    whose volume was swapped before their host was upgraded still run, and
    nothing rewrites their domain until they are stopped. The fixture of Cinder
    has volumes for which the API lets a swap through.
    """

    ADMIN_API = True
    microversion = '2.74'

    def setUp(self):
        super().setUp()
        self.old = self.cinder.SWAP_OLD_VOL
        self.new = self.cinder.SWAP_NEW_VOL
        iscsi = self.cinder.VOLUME_CONNECTION_INFO[
            self.cinder.ISCSI_BACKED_VOL
        ]
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.CinderFixture.VOLUME_CONNECTION_INFO',
                {self.old: iscsi, self.new: iscsi},
            )
        )
        self._keep_serials()
        self.useFixture(
            fixtures.MockPatch(
                'nova.virt.libvirt.LibvirtDriver._swap_volume', self._pivot
            )
        )
        self.start_compute('src')
        self.start_compute('dest')
        self.src = self.computes['src']
        self.dest = self.computes['dest']
        for name, compute in self.computes.items():
            self.useFixture(
                fixtures.MockPatchObject(
                    *(compute.driver, '_connect_volume', self._connect(name))
                )
            )
        self.server = self._create_server_with_volume()

    def _create_server_with_volume(self):
        body = self._build_server(networks='none', host='src')
        body['block_device_mapping_v2'] = [
            {
                'boot_index': 0,
                'uuid': body['imageRef'],
                'source_type': 'image',
                'destination_type': 'local',
            },
            {
                'boot_index': -1,
                'uuid': self.old,
                'source_type': 'volume',
                'destination_type': 'volume',
            },
        ]
        server = self.api.post_server({'server': body})
        return self._wait_for_state_change(server, 'ACTIVE')

    def _keep_serials(self):
        """Have the fake domain keep the serial of a disk, as libvirt does."""
        parse = fakelibvirt._parse_disk_info
        describe = fakelibvirt.Domain.XMLDesc

        def parse_disk_info(element):
            return {**parse(element), 'serial': element.findtext('serial')}

        def xml_desc(domain, flags):
            root = etree.fromstring(describe(domain, flags))
            for disk, kept in zip(
                root.iterfind('./devices/disk'),
                domain._def['devices']['disks'],
                strict=True,
            ):
                if kept['serial']:
                    etree.SubElement(disk, 'serial').text = kept['serial']
            return etree.tostring(root, encoding='unicode')

        module = 'nova.tests.fixtures.libvirt'
        for name, patch in {
            '_parse_disk_info': parse_disk_info,
            'Domain.XMLDesc': xml_desc,
        }.items():
            self.useFixture(fixtures.MonkeyPatch(f'{module}.{name}', patch))

    def _pivot(self, guest, disk_dev, conf, *args):
        """Do what a block copy does: change the source, and keep the rest."""
        (disk,) = (
            disk
            for disk in guest._domain._def['devices']['disks']
            if disk['target_dev'] == disk_dev
        )
        disk['source'] = conf.source_path

    @staticmethod
    def _connect(host):
        """Have a host name a device after itself."""

        def connect_volume(context, connection_info, instance, **kwargs):
            data = connection_info['data']
            data['device_path'] = f'/dev/{host}/{data["volume_id"]}'

        return mock.Mock(side_effect=connect_volume)

    def _migrate_stub(self, domain, destination, params, flags):
        root = etree.fromstring(params['destination_xml'])
        self.opened = [
            source.get('dev')
            for source in root.iterfind("./devices/disk[@type='block']/source")
        ]
        super()._migrate_stub(domain, destination, params, flags)

    def test_volume_not_swapped(self):
        self._live_migrate(self.server, 'completed')
        self.assertEqual([f'/dev/dest/{self.old}'], self.opened)

    def test_volume_swapped(self):
        self.api.put_server_volume(self.server['id'], self.old, self.new)
        self._wait_for_volume_attach(self.server['id'], self.new)
        self._live_migrate(self.server, 'completed')
        self.assertEqual([f'/dev/dest/{self.new}'], self.opened)
