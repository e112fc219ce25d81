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

"""The real binding and library, with libvirt's own test driver.

It keeps everything in memory, makes a pool of any directory and migrates
nothing; what it cannot do is left to tests/e2e.
"""

import contextlib
import json
import tempfile
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from tests.unit.cli import command

URI = 'test:///default'
# The URI names no host.
LISTEN = ('--listen-address', '192.0.2.1')
UUID = '8c0d9f5e-6e43-4a3f-9b3a-0d3f3ad5b6c1'
NAME = 'selective'
DOMAIN = f"""
<domain type='test'>
  <name>{NAME}</name>
  <uuid>{UUID}</uuid>
  <memory>1024</memory>
  <os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='/no/such/dir/disk'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='network' device='disk'>
      <source protocol='rbd' name='vms/image'><host name='mon'/></source>
      <target dev='vdb' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <graphics type='vnc' passwd='s3cret'/>
  </devices>
</domain>
"""


class DriverCase(unittest.TestCase):
    """A running domain on test:///default, which lives in this process."""

    def setUp(self):
        libvirt_codes.silence_errors()
        self.host = connection.Connection.open(URI)
        self.addCleanup(self.host.virt.close)
        self.domain = self.host.virt.createXML(DOMAIN)
        self.addCleanup(self._destroy)

    def _destroy(self):
        with contextlib.suppress(libvirt.libvirtError):
            self.domain.destroy()


class CommandTest(DriverCase):
    """The application on it; the driver knows one host, so we feign two."""

    def both(self):
        source = []

        def host_uuid(host):
            source.append(host)
            return 'a' if host is source[0] else 'b'

        return mock.patch.object(
            connection.Connection,
            'host_uuid',
            autospec=True,
            side_effect=host_uuid,
        )

    def run_it(self, *arguments):
        return command.run('--connect', URI, *arguments)

    def test_disk_list(self):
        found = self.run_it('disk', 'list', NAME, '-f', 'json')
        self.assertEqual((0, ''), (found.status, found.err))
        self.assertEqual(
            {'vda': 'unknown', 'vdb': 'shared'},
            {
                disk['target']: disk['locality']
                for disk in found.json
                if disk['device'] == 'disk'
            },
        )
        self.assertIsInstance(found.json[0]['virtual_bytes'], int)

    def test_disk_list_for_people_and_for_programs(self):
        for form in ('table', 'value', 'yaml'):
            with self.subTest(form=form):
                found = self.run_it('disk', 'list', NAME, '-f', form)
                self.assertEqual((0, ''), (found.status, found.err))
                self.assertIn('vdb', found.out)

    def test_disk_list_by_uuid_and_id(self):
        by_name = self.run_it('disk', 'list', NAME)
        for key in (UUID, str(self.domain.ID())):
            self.assertEqual(by_name, self.run_it('disk', 'list', key))

    def test_a_declaration_settles_the_unknown(self):
        found = self.run_it(
            *('disk', 'list', NAME, '--local-path', '/no', '-f', 'json')
        )
        self.assertEqual('local', found.json[0]['locality'])

    def test_a_recorded_plan_replays_as_it_was(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        record = f'{top.name}/case.json'
        with self.both():
            planned = self.run_it(
                *('plan', NAME, URI, '--record', record, '-f', 'json'),
                *LISTEN,
                *('--local-path', '/no'),
            )
        self.assertIn(planned.status, (0, 3), planned)
        self.assertEqual(
            planned, command.run('plan', '--replay', record, '-f', 'json')
        )
        with open(record) as file:
            text = file.read()
        self.assertNotIn('s3cret', text)
        self.assertEqual(1, json.loads(text)['version'])

    def test_a_plan_leaves_nothing_on_the_destination(self):
        before = self.host.virt.listStoragePools()
        with self.both():
            self.run_it('plan', NAME, URI, '--local-path', '/no', *LISTEN)
        self.assertEqual(before, self.host.virt.listStoragePools())

    def test_an_existing_target_that_there_is_not(self):
        for name in ('plan', 'migrate'):
            with self.subTest(name=name), self.both():
                found = self.run_it(
                    name, NAME, URI, '--existing', 'vdz', *LISTEN
                )
            self.assertEqual(2, found.status)
            self.assertEqual('', found.out)
            (line,) = found.err.splitlines()
            for word in ('--existing vdz', NAME, 'vda, vdb'):
                self.assertIn(word, line)

    def test_a_refused_migration_exits_3_and_changes_nothing(self):
        with self.both():
            found = self.run_it('migrate', NAME, URI, '-f', 'json', *LISTEN)
        self.assertEqual(3, found.status, found)
        self.assertEqual('refused', found.json['outcome'])
        self.assertTrue(found.json['plan']['refusals'])
        self.assertTrue(self.domain.isActive())

    def test_no_daemon_output_gets_between(self):
        found = command.spawn('--connect', URI, 'disk', 'list', 'test')
        self.assertEqual((0, ''), (found.status, found.err))


class ConnectionTest(DriverCase):
    def test_a_guest_by_name_uuid_and_id(self):
        for key in (NAME, UUID, str(self.domain.ID())):
            self.assertEqual(UUID, self.host.guest(key).uuid)

    def test_a_uuid_beats_a_domain_of_that_name(self):
        # The migrator asks by UUID, and must get the guest of its plan.
        other = DOMAIN.replace(NAME, UUID).replace(
            f'<uuid>{UUID}', '<uuid>9c0d9f5e-6e43-4a3f-9b3a-0d3f3ad5b6c1'
        )
        domain = self.host.virt.createXML(other)
        self.addCleanup(domain.destroy)
        self.assertEqual(UUID, domain.name())
        self.assertEqual(UUID, self.host.guest(UUID).uuid)

    def test_no_such_guest(self):
        for key in ('none', '777', UUID.replace('8', '7')):
            with (
                self.subTest(key=key),
                self.assertRaises(exceptions.DomainNotFound) as caught,
            ):
                self.host.guest(key)
            self.assertIn(repr(key), str(caught.exception))

    def test_the_driver_is_on_this_machine(self):
        self.assertTrue(self.host.is_local)

    def test_what_it_has_of_a_domain(self):
        self.assertIs(
            guest_presence.Presence.RUNNING, self.host.look(UUID).presence
        )
        self.domain.suspend()
        self.assertIs(
            guest_presence.Presence.PAUSED, self.host.look(UUID).presence
        )
        self.domain.destroy()
        self.assertIs(
            guest_presence.Presence.ABSENT, self.host.look(UUID).presence
        )

    def test_a_closed_connection_is_unreachable_and_not_absent(self):
        with connection.Connection.open(URI) as other:
            pass
        self.assertIs(
            guest_presence.Presence.UNREACHABLE, other.look(UUID).presence
        )

    def test_versions(self):
        self.assertEqual(
            self.host.virt.getLibVersion(), self.host.versions().libvirt
        )

    def test_passwords_only_where_they_are_asked_for(self):
        guest = self.host.guest(NAME)
        self.assertNotIn('s3cret', guest.xml())
        self.assertIn('s3cret', guest.xml(secure=True))
        self.assertIn('s3cret', guest.migratable_xml())

    def test_errors_carry_libvirts_code_and_the_systems(self):
        with self.assertRaises(exceptions.ConnectFailed) as caught:
            connection.Connection.open('qemu+tcp://127.0.0.1:1/system')
        error = caught.exception
        self.assertEqual(libvirt.VIR_ERR_SYSTEM_ERROR, error.code)
        self.assertEqual(111, error.errno)
        self.assertNotIn('\n', str(error))


class VolumesTest(DriverCase):
    """The driver resizes nothing, so that sizes are whole KiB here."""

    def see(self, path: str = '/srv/images'):
        return storage_pools.directory(self.host, path)

    def test_a_transient_pool(self):
        before = self.host.virt.listStoragePools()
        with self.see() as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
            self.assertEqual(
                storage_facts.StorageFacts(exists=False), seen.facts('disk')
            )
        self.assertEqual(before, self.host.virt.listStoragePools())

    def test_a_pool_that_is_there_stays(self):
        before = self.host.virt.listStoragePools()
        with self.see('/default-pool/') as seen:
            self.assertIsInstance(seen, pool_directory.PoolDirectory)
            self.assertEqual(before, self.host.virt.listStoragePools())
        self.assertEqual(before, self.host.virt.listStoragePools())

    def test_an_image_is_made_seen_and_deleted(self):
        for form in ('raw', 'qcow2'):
            image = destination_images.DestinationImage(
                'vda', '/srv/images/disk', form, 1 << 20, '/base', 'raw'
            )
            with self.subTest(form=form), self.see() as seen:
                seen.create(image)
                found = seen.facts('disk')
                self.assertEqual(
                    (True, storage_facts.PathKind.FILE, 1 << 20, 0, form),
                    (
                        found.exists,
                        found.kind,
                        found.virtual_bytes,
                        found.allocated_bytes,
                        found.format,
                    ),
                )
                with self.assertRaises(exceptions.HypervisorError):
                    seen.create(image)
                self.assertIs(True, seen.delete('disk'))
                self.assertIs(False, seen.delete('disk'))
                self.assertIs(False, seen.facts('disk').exists)

    def test_a_marker_comes_and_goes(self):
        with self.see() as seen:
            with seen.marker() as name:
                self.assertTrue(seen.facts(name).exists)
            self.assertIs(False, seen.facts(name).exists)

    def test_pools_are_read_by_name(self):
        self.assertEqual(
            pool_facts.StoragePool('dir', '/default-pool', active=True),
            self.host.pool('default-pool'),
        )
        self.assertIsNone(self.host.pool('none'))

    def test_the_source_of_a_pool_is_read(self):
        self.host.virt.storagePoolDefineXML(
            "<pool type='rbd'><name>vms</name><source>"
            "<host name='mon' port='6789'/><name>pool1</name></source></pool>"
        )
        found = self.host.pool('vms')
        self.assertEqual(
            ('rbd', 'pool1', (domains.NetworkHost(name='mon', port='6789'),)),
            (found.type, found.name, found.hosts),
        )
