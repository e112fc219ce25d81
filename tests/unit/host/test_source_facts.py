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

"""What the source, and QEMU on it, tell of the images of a guest."""

import os
import pathlib
import struct
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import source_facts
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.hypervisor import storage_answers
from tests.unit.host import fake_domain
from tests.unit.host import test_case_gathering

MIB = test_case_gathering.MIB


class SourceFactsTest(test_case_gathering.GatherCase):
    def test_sizes_come_from_qemu_and_allocation_from_the_file(self):
        self.domain.sizes['vda'] = (8 * MIB, 3, 3)
        found = self.gather().storage.source[self.disk]
        self.assertEqual(8 * MIB, found.virtual_bytes)
        self.assertEqual(
            os.stat(self.disk).st_blocks * 512, found.allocated_bytes
        )
        self.assertEqual(
            local_storage.local_facts(self.disk).identity, found.identity
        )

    def test_of_a_device_all_is_copied(self):
        """What libvirt tells is how far QEMU has written to it."""
        self.domain.sizes['vda'] = (8 * MIB, 3, 3)
        facts = source_facts.collect(
            libvirt_guest.Guest(self.domain),
            domain_xml.parse(self.domain.XMLDesc()),
            {},
            lambda path: storage_facts.StorageFacts(
                exists=True, kind=storage_facts.PathKind.BLOCK
            ),
        )
        self.assertEqual(8 * MIB, facts[self.disk].virtual_bytes)
        self.assertIsNone(facts[self.disk].allocated_bytes)

    def test_snapshots_inside_of_an_image(self):
        header = b'QFI\xfb' + struct.pack('>I', 3) + bytes(52)
        for count, version in ((0, 3), (2, 3), (None, 9)):
            header = b'QFI\xfb' + struct.pack('>I', version) + bytes(52)
            content = header + struct.pack('>I', count or 0) + bytes(80)
            pathlib.Path(self.disk).write_bytes(content)
            self.domain.disks = (
                fake_domain.file_disk(self.disk, driver='qcow2'),
            )
            found = self.gather().storage.source[self.disk]
            self.assertEqual(count, found.internal_snapshots)

    def test_of_persistent_memory(self):
        domain = domain_xml.parse(
            self.domain.XMLDesc().replace(
                '</devices>',
                "<memory model='virtio-pmem'><source><path>/srv/p</path>"
                '</source></memory></devices>',
            )
        )
        seen = storage_facts.StorageFacts(exists=True)
        guest = libvirt_guest.Guest(self.domain)
        for see, known in ((lambda _: seen, seen), (None, None)):
            facts = source_facts.collect(guest, domain, {}, see)
            self.assertEqual(known, facts.get('/srv/p'))

    def test_what_is_no_qcow2_has_none_inside(self):
        self.domain.disks = (fake_domain.file_disk(self.disk, driver='qcow2'),)
        found = self.gather().storage.source[self.disk]
        self.assertIsNone(found.internal_snapshots)
        pathlib.Path(self.disk).write_bytes(b'QFI')
        found = self.gather().storage.source[self.disk]
        self.assertIsNone(found.internal_snapshots)

    def test_without_qemus_sizes_the_files_facts_stay(self):
        self.assertEqual(
            local_storage.local_facts(self.disk),
            self.gather().storage.source[self.disk],
        )

    def test_qemu_is_asked_when_all_storage_has_answered(self):
        """Whichever disk it is asked for, it looks at every one."""
        other = str(self.top / 'other')
        self.domain = fake_domain.FakeDomain(
            fake_domain.file_disk(self.disk)
            + fake_domain.file_disk(other, target='vdb')
        )
        asked = []

        def require(*paths):
            if other in paths:
                raise exceptions.StorageSilent(f'{other} is silent')

        with (
            mock.patch.object(storage_answers, 'require', require),
            mock.patch.object(self.domain, 'blockInfo', asked.append),
            self.assertRaisesRegex(exceptions.StorageSilent, other),
        ):
            self.gather(alone=True)
        self.assertEqual([], asked)

    def test_a_socket_is_no_storage_to_look_at(self):
        self.domain.disks = (
            "<disk type='vhostuser' device='disk'><source type='unix' "
            f"path='{self.disk}'/><target dev='vdu' bus='virtio'/></disk>",
        )
        self.assertEqual({}, self.gather().storage.source)
