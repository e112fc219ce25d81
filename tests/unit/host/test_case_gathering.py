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

"""A case holds what both hosts know, and no secret."""

import os
import pathlib
import socket
import tempfile
import unittest
from unittest import mock

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.hypervisor import libvirt_guest
from tests.unit.core import planted
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain

MIB = 1 << 20
SECRET = 's3cret'
RBD = (
    "<disk type='network' device='disk'><driver type='raw'/>"
    "<auth username='admin'><secret type='ceph' uuid='s3cret-uuid'/></auth>"
    "<source protocol='rbd' name='vms/image'><host name='mon'/></source>"
    "<target dev='vdn' bus='virtio'/></disk>"
)
BLOCK_DEVICE_INFO = {
    'root_device_name': '/dev/vda',
    'block_device_mapping': [
        {
            'mount_device': '/dev/vdn',
            'connection_info': {
                'driver_volume_type': 'rbd',
                'serial': 'volume-id',
                'data': {'name': 'vms/image', 'auth_password': SECRET},
            },
        }
    ],
}

UNMAPPED = destination_mapping.DestinationMapping()


def volume_disk(pool: str, volume: str) -> str:
    return (
        f"<disk type='volume' device='disk'><source pool='{pool}' "
        f"volume='{volume}'/><target dev='vdv' bus='virtio'/></disk>"
    )


class GatherCase(unittest.TestCase):
    """A guest with a disk, on real files, and two daemons."""

    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.top = pathlib.Path(top.name).resolve()
        self.disk = str(self.top / 'disk')
        self.base = str(self.top / 'base')
        for path in (self.disk, self.base):
            pathlib.Path(path).write_bytes(b'x' * 4096)
        self.here = fake_daemon.FakeDaemon()
        self.there = fake_daemon.FakeDaemon()
        self.domain = fake_domain.FakeDomain(
            fake_domain.file_disk(self.disk),
            secret=f"<graphics type='vnc' passwd='{SECRET}'/>",
        )

    def gather(
        self,
        *,
        local: bool = True,
        alone: bool = False,
        uri: str = 'qemu:///system',
        mapping: destination_mapping.DestinationMapping = UNMAPPED,
        **asked,
    ) -> migration_case.Case:
        self.here.host = socket.gethostname() if local else 'far-away'
        return case_gathering.gather(
            fake_daemon.connect(self.here, uri),
            libvirt_guest.Guest(self.domain),
            None if alone else fake_daemon.connect(self.there),
            case_gathering.CaseRequest(
                policy=declared_paths.LocalityPolicy(),
                options=migration_options.MigrationOptions(
                    bandwidth=3, mapping=mapping
                ),
                **asked,
            ),
        )


class GatherTest(GatherCase):
    def test_checkpoints(self):
        self.domain.checkpoints = 3
        self.assertEqual(3, self.gather().domain_state.checkpoints)

    def test_a_directory_that_the_guest_has(self):
        shared = self.top / 'shared'
        shared.mkdir()
        self.domain.disks += (
            "<filesystem type='mount'><driver type='virtiofs'/>"
            f"<source dir='{shared}'/><target dir='t'/></filesystem>",
        )
        found = self.gather().storage
        self.assertIs(
            storage_facts.PathKind.DIRECTORY, found.source[str(shared)].kind
        )
        # No pool and no marker where the guest would see it.
        self.assertNotIn(str(shared), found.destination)
        plan = planner.plan(self.gather())
        self.assertIn(
            'files-left-behind', [r.reason.value for r in plan.refusals]
        )

    def test_a_source_elsewhere_is_not_taken_for_this_host(self):
        self.domain.sizes['vda'] = (8 * MIB, 3, 3)
        self.assertEqual(
            {
                self.disk: storage_facts.StorageFacts(
                    virtual_bytes=8 * MIB, allocated_bytes=3
                )
            },
            self.gather(local=False).storage.source,
        )

    def test_a_server_of_our_name_is_not_taken_for_this_host(self):
        # Through a tunnel, or another host that is called the same.
        found = self.gather(uri='qemu+ssh://localhost/system')
        self.assertEqual(
            {self.disk: storage_facts.StorageFacts()}, found.storage.source
        )

    def test_all_images_of_a_chain_are_looked_at(self):
        chain = (
            f"<backingStore type='file'><format type='raw'/>"
            f"<source file='{self.base}'/><backingStore/></backingStore>"
        )
        disk = fake_domain.file_disk(self.disk)
        self.domain.disks = (disk.replace('<backingStore/>', chain),)
        found = self.gather().storage
        self.assertEqual({self.disk, self.base}, {*found.source})
        self.assertEqual(
            {self.disk, self.base, str(self.top)}, {*found.destination}
        )

    def _medium(self, theirs: bytes, **asked):
        """Gather a guest with a medium that each host has for itself."""
        top = self.enterContext(tempfile.TemporaryDirectory())
        copy = pathlib.Path(top, self.disk[1:])
        copy.parent.mkdir(parents=True)
        copy.write_bytes(theirs)
        self.there = fake_daemon.FakeDaemon(top)
        disk = fake_domain.file_disk(self.disk)
        self.domain.disks = (disk.replace("'disk'", "'cdrom'"),)
        found = self.gather(**asked).storage
        return found.source[self.disk], found.destination[self.disk]

    def test_a_medium_is_held_against_that_of_the_destination(self):
        here, there = self._medium(b'x' * 4096)
        self.assertIsNotNone(here.content)
        self.assertEqual(here.content, there.content)
        self.assertEqual(1, len(self.there.names('download')))

    def test_another_medium_of_the_same_size_is_seen(self):
        here, there = self._medium(b'x' * 4095 + b'y')
        self.assertIsNotNone(there.content)
        self.assertNotEqual(here.content, there.content)

    def test_a_medium_of_another_size_is_not_read(self):
        self.domain.sizes['vda'] = (4096, 4096, 4096)
        here, there = self._medium(b'x' * 4097)
        self.assertEqual((None, None), (here.content, there.content))

    def test_without_leave_no_medium_is_read(self):
        here, there = self._medium(b'x' * 4096, probe=False)
        self.assertEqual((None, None), (here.content, there.content))
        self.assertEqual([], self.there.names('download'))

    def test_a_medium_that_cannot_be_read_is_not_the_same(self):
        with mock.patch.object(
            fake_daemon.FakeVolume,
            'download',
            side_effect=fake_daemon.broken(),
        ):
            here, there = self._medium(b'x' * 4096)
        self.assertEqual((None, None), (here.content, there.content))

    def test_a_volume_is_found_in_its_pool(self):
        self.domain.disks = (volume_disk('images', 'disk'),)
        for daemon in (self.here, self.there):
            daemon.pools.append(fake_daemon.FakePool(daemon, str(self.top)))
        found = self.gather().storage
        self.assertEqual(
            {
                'images': pool_facts.StoragePool(
                    'dir', str(self.top), active=True
                )
            },
            found.pools,
        )
        self.assertTrue(found.source[self.disk].exists)

    def _pool(self, daemon, text, **paths):
        pool = fake_daemon.FakePool(daemon, '/nowhere', 'images')
        pool.text = f'<pool {text}</pool>'
        pool.paths = paths
        daemon.pools.append(pool)

    def test_pools_of_one_name_are_told_apart(self):
        """Two clusters, two cells: libvirt looks a volume up anew there."""
        self.domain.disks = (volume_disk('images', 'image'),)
        for daemon, cell in ((self.here, 'one'), (self.there, 'two')):
            self._pool(
                daemon,
                f"type='rbd'><source><host name='{cell}' port='6789'/>"
                f"<host name='mon'/><dir path='/d'/>"
                f"<device path='iqn.{cell}'/>"
                f'<name>pool-{cell}</name>'
                f"<auth type='ceph' username='{SECRET}'/></source>",
            )
        case = self.gather()
        for found, cell in (
            (case.storage.pools, 'one'),
            (case.storage.destination_pools, 'two'),
        ):
            self.assertEqual(
                {
                    'images': pool_facts.StoragePool(
                        'rbd',
                        hosts=(
                            domains.NetworkHost(name=cell, port='6789'),
                            domains.NetworkHost(name='mon'),
                        ),
                        name=f'pool-{cell}',
                        directory='/d',
                        devices=(f'iqn.{cell}',),
                        active=True,
                    )
                },
                found,
            )
        self.assertNotIn(SECRET, migration_case.dumps(case))
        (disk,) = planner.plan(case).disks
        self.assertEqual('pool-unknown', disk.reason.value)

    def test_a_volume_of_a_pool_of_devices_has_its_own_path(self):
        unit = 'unit-0-0-1'
        self.domain.disks = (volume_disk('images', unit),)
        text = "type='mpath'><target><path>/dev/mapper</path></target>"
        self._pool(self.here, text, **{unit: '/dev/null'})
        self._pool(self.there, text)
        found = self.gather().storage
        self.assertEqual({unit: '/dev/null'}, found.pools['images'].volumes)
        self.assertEqual({}, found.destination_pools['images'].volumes)
        self.assertEqual(['/dev/null'], [*found.source])

    def test_a_pool_of_devices_that_is_mapped_too(self):
        """A pool that a disk and --map-pool name keeps its volumes' paths."""
        unit = 'unit-0-0-1'
        self.domain.disks = (volume_disk('images', unit),)
        text = "type='mpath'><target><path>/dev/mapper</path></target>"
        for daemon in (self.here, self.there):
            self._pool(daemon, text, **{unit: '/dev/null'})
        to_itself = destination_mapping.PoolMap('images', 'images')
        found = self.gather(
            mapping=destination_mapping.DestinationMapping(pools=(to_itself,))
        ).storage
        for pools in (found.pools, found.destination_pools):
            self.assertEqual({unit: '/dev/null'}, pools['images'].volumes)

    def test_a_pool_that_is_not_there_is_left_out(self):
        self.domain.disks = (volume_disk('none', 'disk'),)
        found = self.gather().storage
        self.assertEqual(({}, {}), (found.pools, found.source))

    def test_a_network_disk_has_no_path_to_look_at(self):
        self.domain.disks = (RBD,)
        found = self.gather().storage
        self.assertEqual(({}, {}), (found.source, found.destination))

    def test_the_destination_sees_the_same_file(self):
        found = self.gather().storage
        self.assertEqual(
            found.source[self.disk].identity,
            found.destination[self.disk].identity,
        )

    def test_a_marker_only_with_leave(self):
        found = self.gather(probe=False).storage
        self.assertIsNone(found.destination[self.disk].identity)
        self.assertEqual([], self.there.names('createXML'))

    def test_without_a_destination_nothing_is_known_of_it(self):
        found = self.gather(alone=True)
        self.assertEqual({}, found.storage.destination)
        self.assertIsNone(found.storage.destination_pools)
        self.assertEqual(domains.Versions(), found.hypervisors.destination)
        self.assertEqual(
            domains.Versions(9000000, 7002000), found.hypervisors.source
        )

    def test_versions_of_both_daemons(self):
        versions = domains.Versions(9000000, 7002000)
        self.assertEqual(
            domains.Hypervisors(versions, versions),
            self.gather().hypervisors,
        )

    def test_no_secret_enters(self):
        self.domain.disks += (RBD,)
        self.domain.persistent = True
        # What libvirt itself would not hold back.
        self.domain.open_secrets = True
        text = migration_case.dumps(
            self.gather(block_device_info=BLOCK_DEVICE_INFO)
        )
        self.assertNotIn(SECRET, text)
        self.assertIn('vms/image', text)

    def test_no_secret_of_any_volume_enters(self):
        text = migration_case.dumps(
            self.gather(block_device_info=planted.mapping())
        )
        self.assertNotIn(planted.SECRET, text)
        self.assertIn('vms/image', text)

    def test_a_disk_at_a_loop_of_links_is_refused(self):
        os.unlink(self.disk)
        os.symlink('disk', self.disk)
        plan = planner.plan(self.gather(alone=True))
        self.assertEqual(
            ['locality-unknown'], [r.reason.value for r in plan.refusals]
        )

    def test_a_disk_that_is_gone_is_refused(self):
        os.unlink(self.disk)
        plan = planner.plan(self.gather())
        self.assertEqual(
            ['source-missing'], [r.reason.value for r in plan.refusals]
        )

    def test_a_disk_that_goes_before_the_destination_is_asked(self):
        self.there.on_list = lambda: pathlib.Path(self.disk).unlink(True)
        found = self.gather()
        self.assertTrue(found.storage.source[self.disk].exists)
        self.assertFalse(found.storage.destination[self.disk].exists)
        self.assertIsNone(found.storage.destination[self.disk].identity)
        self.assertEqual(
            found, migration_case.loads(migration_case.dumps(found))
        )

    def test_what_is_gathered_replays_as_it_was(self):
        self.domain.disks += (RBD,)
        self.domain.sizes['vda'] = (8 * MIB, 3, 3)
        found = self.gather(block_device_info=BLOCK_DEVICE_INFO)
        self.assertEqual(
            found, migration_case.loads(migration_case.dumps(found))
        )

    def test_nothing_is_left_on_either_host(self):
        self.gather()
        self.assertTrue(self.here.released)
        self.assertTrue(self.there.released)
        self.assertEqual({'disk', 'base'}, {*os.listdir(self.top)})
