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

"""A directory is in use when any path in any domain leads into it."""

import os
import tempfile
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

UUID = fake_domain.UUID
DISK = fake_domain.file_disk('/other/disk')
CHAIN = DISK.replace(
    '<backingStore/>',
    "<backingStore type='file'><source file='/i/uuid/base'/></backingStore>",
)


class UsersTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.gone = False
        self.domain = fake_domain.FakeDomain(DISK)
        self.host = connection.Connection(self, 'here')

    def listAllDomains(self):
        # All that a raw object of a list may be asked under eventlet.
        return [mock.Mock(['UUIDString'], **{'UUIDString.return_value': UUID})]

    def lookupByUUIDString(self, uuid):
        self.assertEqual(UUID, uuid)
        if self.gone:
            raise fake_daemon.libvirt_error(libvirt.VIR_ERR_NO_DOMAIN)
        return self.domain

    def users(self, *besides):
        return path_users.users_of(self.host, '/i/uuid', *besides)

    def test_nobody(self):
        self.domain.disks += (fake_domain.file_disk('/i/uuid2/disk'),)
        self.assertEqual([], self.users())

    def test_a_volume_that_a_domain_names_by_its_pool(self):
        self.domain.disks += (
            "<disk type='volume'><source pool='p' volume='v'/></disk>",
        )
        self.assertEqual([], self.users())
        volume = mock.Mock(**{'path.return_value': '/i/uuid/disk'})
        pool = mock.Mock(**{'storageVolLookupByName.return_value': volume})
        self.storagePoolLookupByName = lambda name: pool
        self.assertEqual(['guest'], self.users())

    def storagePoolLookupByName(self, name):
        raise fake_daemon.libvirt_error(libvirt.VIR_ERR_NO_STORAGE_POOL)

    def test_a_domain_that_goes_meanwhile(self):
        self.domain.disks = (fake_domain.file_disk('/i/uuid/disk'),)
        self.gone = True
        self.assertEqual([], self.users())

    def test_a_disk(self):
        self.domain.disks = (fake_domain.file_disk('/i/uuid/disk'),)
        self.assertEqual(['guest'], self.users())
        self.assertEqual([], self.users(fake_domain.UUID))

    def test_a_backing_file(self):
        self.domain.disks = (CHAIN,)
        self.assertEqual(['guest'], self.users())

    def test_a_kernel(self):
        self.domain.secret = '<x><kernel>/i/uuid/kernel</kernel></x>'
        self.domain.open_secrets = True
        self.assertEqual(['guest'], self.users())

    def test_the_definition_alone(self):
        def define(flags):
            if flags & libvirt.VIR_DOMAIN_XML_INACTIVE:
                self.domain.disks = (fake_domain.file_disk('/i/uuid/disk'),)

        self.domain.on_xml = define
        self.assertEqual(['guest'], self.users())

    def test_a_path_with_detours(self):
        self.domain.disks = (fake_domain.file_disk('/i/x/..//uuid/disk'),)
        self.assertEqual(['guest'], self.users())

    def test_a_path_through_a_link(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f'{folder}/uuid')
            os.symlink(folder, f'{folder}/link')
            self.domain.disks = (
                fake_domain.file_disk(f'{folder}/link/uuid/disk'),
            )
            found = path_users.users_of(self.host, f'{folder}/uuid')
        self.assertEqual(['guest'], found)

    def test_a_domain_that_does_not_answer(self):
        def fail(_):
            raise libvirt.libvirtError('no')

        self.domain.on_xml = fail
        with self.assertRaises(exceptions.HypervisorError):
            self.users()
