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

"""Volumes of a destination's volume group: seen, made, proven, removed."""

import tempfile
import threading
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import destination_storage
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.facts import volume_group_pools
from nova_selective_migrate.host.hypervisor import volume_pools
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import created_images
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain
from tests.unit.host import fake_volume_pool

SIZE = 8 << 20
PATH = '/dev/vg0/lv'


class VolumePoolCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        top = self.enterContext(tempfile.TemporaryDirectory())
        self.daemon = fake_daemon.FakeDaemon(top)
        self.group = fake_volume_pool.FakeVolumePool(self.daemon)
        self.daemon.pools.append(self.group)
        self.peer = fake_daemon.connect(self.daemon)
        self.made: list[migration_record.CreatedImage] = []

    def use(self, kind):
        self.daemon.pools.remove(self.group)
        self.group = fake_volume_pool.FakeVolumePool(self.daemon, kind=kind)
        self.daemon.pools.append(self.group)

    def node(self, name):
        """Make the device's node, which libvirt sees in its directory."""
        file = self.daemon.real(f'/dev/vg0/{name}')
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b'x' * 512)


class CreatedTest(VolumePoolCase):
    def create(self, size=SIZE, *names):
        images = [
            destination_images.DestinationImage(
                'vda', f'/dev/vg0/{name}', 'raw', size, pool='vg0'
            )
            for name in names or ['lv']
        ]
        created_images.create_images(self.peer, images, self.made.append)

    def refused(self, *arguments):
        with self.assertRaises(exceptions.PreparationFailed) as caught:
            self.create(*arguments)
        return str(caught.exception)

    def clean(self, **more):
        run = migration_record.MigrationRecord.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=tuple(self.made),
        )
        return created_images.examine(run, self.peer, None, **more)

    def test_it_is_noted_with_what_proves_it(self):
        self.create()
        (image,) = self.made
        self.assertEqual(('vg0', 'uuid-1'), (image.pool, image.key))
        # By which the outcome lists what was made.
        self.assertIsNotNone(image.stamp)
        self.assertEqual(SIZE, self.group.lvs['lv'].size)

    def test_it_is_removed_even_if_it_was_written_to(self):
        self.create()
        self.assertEqual((PATH,), self.clean().removed)
        self.assertEqual({}, self.group.lvs)

    def test_it_is_listed_alone_where_nothing_is_to_be_removed(self):
        self.create()
        self.assertEqual((PATH,), self.clean(remove=False).removed)
        self.assertIn('lv', self.group.lvs)

    def test_another_of_that_name_stays(self):
        """Made behind libvirt's back, which has the old UUID in memory."""
        self.create()
        for held in ((), (PATH,)):
            with self.subTest(held=held):
                self.group.make('lv', SIZE)
                ended = self.clean(held=held)
                self.assertEqual((), ended.removed)
                self.assertEqual(
                    ['it is another volume of that name'],
                    [left.why for left in ended.left],
                )
                self.assertIn('lv', self.group.lvs)

    def test_another_that_comes_between_stays(self):
        self.create()
        pool = volume_pools.named(self.peer, 'vg0')
        self.group.make('lv', SIZE)
        self.assertFalse(pool.delete('lv', self.made[0].key))
        self.assertIn('lv', self.group.lvs)

    def test_what_was_not_seen_to_be_made_stays(self):
        """The process was killed before it could note the UUID."""
        self.group.make('lv', SIZE)
        image = destination_images.DestinationImage(
            'vda', PATH, 'raw', SIZE, pool='vg0'
        )
        self.made = [migration_record.CreatedImage.planned(image)]
        for held in ((), (PATH,)):
            with self.subTest(held=held):
                (left,) = self.clean(held=held).left
                self.assertIn('nothing shows whether', left.why)
        self.assertIn('lv', self.group.lvs)

    def test_one_that_is_gone_is_no_matter(self):
        self.create()
        del self.group.lvs['lv']
        ended = self.clean()
        self.assertEqual(((), ()), (ended.removed, ended.left))

    def test_one_that_a_domain_uses_stays(self):
        self.create()
        for name in (PATH, '/dev/mapper/vg0-lv'):
            with self.subTest(name=name):
                other = fake_domain.FakeDomain(
                    f"<disk type='block'><source dev='{name}'/></disk>"
                )
                other.uuid = '11111111-0000-4000-8000-000000000001'
                self.daemon.domains[other.uuid] = other
                (left,) = self.clean().left
                self.assertIn('uses it', left.why)

    def test_one_that_libvirt_cannot_remove_is_named(self):
        self.create()
        self.daemon.fails['delete'] = fake_daemon.broken('in use')
        (left,) = self.clean().left
        self.assertEqual('libvirt did not delete it', left.why)

    def test_without_its_pool_it_is_named(self):
        self.create()
        self.group.active = False
        (left,) = self.clean().left
        self.assertIn('no storage pool vg0 that runs', left.why)

    def test_a_name_that_is_taken_is_left_alone(self):
        """libvirt lists neither a thin volume nor one that is inactive."""
        self.group.make('lv', SIZE, listed=False)
        self.assertIn('already exists', self.refused())
        self.assertEqual([], self.made)
        self.assertIn('lv', self.group.lvs)

    def test_a_larger_one_is_of_no_use_before_libvirt_10(self):
        said = self.refused(SIZE - 512)
        self.assertIn(f'exactly {SIZE - 512} bytes', said)
        self.assertIn(f'gives it {SIZE}', said)
        self.assertEqual({}, self.group.lvs)

    def test_a_larger_one_is_of_use_since(self):
        self.daemon.getLibVersion = lambda: 10_000_000
        self.create(SIZE - 512)
        self.assertEqual(SIZE, self.group.lvs['lv'].size)

    def test_disks_that_do_not_answer_end_the_preparation(self):
        """And what was made before goes again."""
        ended = threading.Event()
        self.addCleanup(ended.set)
        self.daemon.on_create = lambda name: setattr(
            self.group, 'refresh', ended.wait
        )
        with mock.patch.object(volume_pools, '_LOOK_SECONDS', 0.05):
            self.assertIn('does not come back', self.refused())
        self.assertEqual({}, self.group.lvs)

    def test_without_a_pool_that_runs_none_is_made(self):
        self.group.active = False
        self.assertIn('no storage pool vg0', self.refused())

    def test_nothing_proves_a_volume_of_zfs(self):
        """libvirt tells of them no more than their names."""
        self.use('zfs')
        self.create()
        self.assertIsNone(self.made[0].key)
        self.assertIsNotNone(self.made[0].stamp)
        (left,) = self.clean(held=(PATH,)).left
        self.assertIn('delete it on the destination', left.why)
        self.assertIn('lv', self.group.lvs)

    def test_the_journal_keeps_the_proof(self):
        self.create()
        run = migration_record.MigrationRecord.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=tuple(self.made),
        )
        again = migration_record.MigrationRecord.loads(run.dumps())
        self.assertEqual(run, again)


class SeenTest(VolumePoolCase):
    HERE = storage_facts.StorageFacts(
        exists=True,
        kind=storage_facts.PathKind.BLOCK,
        logical_volume=PATH,
        group_uuid='group-1',
        volume_uuid='uuid-1',
    )

    def groups(self, *paths):
        here = dict.fromkeys(paths, self.HERE)
        folders = volume_group_pools.folders(here).values()
        return volume_pools.at(self.peer, {*folders})

    def look(self, path=PATH, here=HERE):
        there = destination_storage.destination_facts(
            self.peer,
            {path: here},
            source=source_storage.ThisHost(),
            groups=self.groups(path),
            probe=True,
        )
        self.assertTrue(self.daemon.released)
        return there.get(path)

    def test_one_that_is_there(self):
        self.group.make('lv', SIZE)
        for path in (PATH, '/dev/mapper/vg0-lv', '/dev/dm-3'):
            with self.subTest(path=path):
                found = self.look(path)
                self.assertTrue(found.exists)
                self.assertEqual(SIZE, found.virtual_bytes)
                self.assertEqual('uuid-1', found.volume_uuid)

    def test_all_are_seen_in_one_look(self):
        for name in ('lv', 'other'):
            self.group.make(name, SIZE)
        here = {
            PATH: self.HERE,
            '/dev/vg0/other': storage_facts.StorageFacts(),
        }
        groups = self.groups(*here)
        there = destination_storage.destination_facts(
            self.peer,
            here,
            source=source_storage.ThisHost(),
            groups=groups,
            probe=True,
        )
        volume_group_pools.of_devices(
            fake_daemon.connect(fake_daemon.FakeDaemon()),
            self.peer,
            here,
            there,
            groups,
        )
        self.assertTrue(there[PATH].exists and there['/dev/vg0/other'].exists)
        self.assertEqual(['/dev/vg0'], self.daemon.names('refresh'))

    def test_none_is_there(self):
        self.assertIs(False, self.look().exists)
        self.node('other')
        self.assertIs(False, self.look().exists)

    def test_one_that_libvirt_does_not_list(self):
        self.group.make('lv', SIZE, listed=False)
        self.node('lv')
        found = self.look()
        self.assertTrue(found.exists)
        self.assertIs(storage_facts.PathKind.BLOCK, found.kind)
        self.assertEqual(512, found.virtual_bytes)
        self.assertIsNone(found.volume_uuid)

    def test_what_cannot_be_looked_at_is_not_known(self):
        self.daemon.fails['refresh', '/dev/vg0'] = fake_daemon.broken('lvs')
        found = self.look()
        self.assertIsNone(found.exists)
        self.assertIn('lvs', found.error)

    def test_disks_that_do_not_answer_end_the_look(self):
        ended = threading.Event()
        self.addCleanup(ended.set)
        self.group.refresh = ended.wait
        with (
            mock.patch.object(volume_pools, '_LOOK_SECONDS', 0.05),
            self.assertRaisesRegex(exceptions.StorageSilent, 'pool vg0'),
        ):
            self.look()

    def test_a_directory_that_cannot_be_looked_into_is_not_known(self):
        self.node('other')
        key = ('storagePoolCreateXML', '/dev/vg0')
        self.daemon.fails[key] = fake_daemon.broken()
        self.assertIsNone(self.look().exists)

    def test_a_pool_that_does_not_run_is_not_started(self):
        self.group.active = False
        self.assertIsNone(self.look())

    def test_pools_and_their_room(self):
        source = fake_daemon.FakeDaemon()
        self.group.free = 77
        found = volume_group_pools.of_devices(
            fake_daemon.connect(source),
            self.peer,
            {PATH: self.HERE},
            {},
            self.groups(PATH),
        )
        self.assertEqual({}, found.source)
        pool = found.destination['vg0']
        self.assertEqual(
            ('logical', '/dev/vg0', 77),
            (pool.type, pool.path, pool.free_bytes),
        )

    def test_a_source_that_is_not_this_host_is_asked_for_its_uuid(self):
        source = fake_daemon.FakeDaemon()
        ours = fake_volume_pool.FakeVolumePool(source)
        source.pools.append(ours)
        ours.make('lv', SIZE)
        bare = storage_facts.StorageFacts(virtual_bytes=SIZE)
        for path in (PATH, '/dev/mapper/vg0-lv'):
            with self.subTest(path=path):
                found = volume_group_pools.of_devices(
                    fake_daemon.connect(source),
                    self.peer,
                    {path: bare},
                    {},
                    self.groups(PATH),
                )
                here = found.here[path]
                self.assertEqual('uuid-1', here.volume_uuid)
                self.assertEqual(PATH, here.logical_volume)
                self.assertEqual(SIZE, here.virtual_bytes)

    def test_one_group_of_both_hosts(self):
        source = fake_daemon.FakeDaemon()
        ours = fake_volume_pool.FakeVolumePool(source)
        source.pools.append(ours)
        ours.make('lv', SIZE)
        for common in (False, True):
            with self.subTest(common=common):
                if common:
                    self.group.lvs['another-name'] = ours.lvs['lv']
                gone = storage_facts.StorageFacts(exists=False)
                found = volume_group_pools.of_devices(
                    fake_daemon.connect(source),
                    self.peer,
                    {PATH: self.HERE},
                    {PATH: gone},
                    self.groups(PATH),
                )
                known = found.there[PATH].group_uuid
                self.assertEqual('group-1' if common else None, known)
