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

"""Logical volumes of a migration go by their UUID, and no others do."""

import json
import os
from unittest import mock

import ddt
from nova import exception

from nova_selective_migrate.compute.common import nova_volume_groups
from nova_selective_migrate.compute.destination import incoming_recovery
from nova_selective_migrate.compute.destination import rollback
from nova_selective_migrate.core.model import logical_volumes
from tests.nova import destinations
from tests.nova import lvm_fixture

MIB = lvm_fixture.MIB
NAME = f'{destinations.UUID}_disk'
PATH = f'/dev/vg0/{NAME}'
OTHER = f'{destinations.UUID}_disk.rescue'


def entry(path=PATH, size=8 * MIB, group='another-group'):
    return {
        'path': path,
        'virt_disk_size': size,
        'disk_size': 0,
        'backing_file': '',
        'selective_migrate': {'volume': {'path': path, 'group_uuid': group}},
    }


class VolumesTest(destinations.DestinationTest):
    def setUp(self):
        super().setUp()
        conf = self.enterContext(
            mock.patch.object(nova_volume_groups, 'CONF')
        ).libvirt
        conf.images_type, conf.images_volume_group = 'lvm', 'vg0'
        self.lvm = self.enterContext(lvm_fixture.Lvm(lambda: 'dest'))
        self.group = lvm_fixture.Group('vg0')
        self.lvm.groups['dest'] = [self.group]
        objects = self.enterContext(
            mock.patch.object(incoming_recovery, 'objects')
        )
        objects.Instance.get_by_uuid.return_value = self.instance
        objects.MigrationList.get_by_filters.return_value = []
        self.log = self.enterContext(
            mock.patch.object(incoming_recovery, 'LOG')
        )
        self.errors = self.enterContext(
            mock.patch.object(rollback.LOG, 'error')
        )
        self.rolls = rollback.DestinationRollback(
            self.driver, self.claims, self.rooms
        )

    def make(self, *entries, stock=None):
        return self.prepare(stock, json.dumps(entries or [entry()]))

    def restart(self):
        incoming_recovery.IncomingRecovery(self.driver, self.claims).settle()

    def roll_back(self):
        def stock(*, destroy_disks, migrate_data):
            self.assertTrue(self.rolls.is_under_way(self.instance))
            if destroy_disks:
                os.rmdir(self.home)

        self.rolls.roll_back(
            stock,
            self.context,
            self.instance,
            destroy_disks=True,
            migrate_data=self.data,
        )
        self.assertFalse(self.rolls.is_under_way(self.instance))


@ddt.ddt
class LeftVolumesTest(VolumesTest):
    """Of a destination that is started again, or that rolls back."""

    ENDS = ('restart', 'roll_back')

    @ddt.data(*ENDS)
    def test_what_is_proven_is_removed(self, end):
        self.make(entry(), entry(f'{PATH}.swap'))
        self.assertEqual(2, len(self.group.volumes))
        foreign = self.group.create(OTHER, MIB)
        getattr(self, end)()
        self.assertEqual({OTHER: foreign}, self.group.volumes)
        self.assertIsNone(self.claim())
        self.assertFalse(self.home.exists())

    @ddt.data(*ENDS)
    def test_they_are_cleared_by_nova(self, end):
        self.make()
        getattr(self, end)()
        names = [name for _, name, *_ in self.lvm.runs]
        self.assertEqual(['clear', 'lvremove'], names[-2:])

    @ddt.data(*ENDS)
    def test_another_volume_of_that_name_is_left(self, end):
        self.make()
        del self.group.volumes[NAME]
        other = self.group.create(NAME, MIB)
        getattr(self, end)()
        self.assertEqual({NAME: other}, self.group.volumes)
        self.assertFalse(other.cleared)
        self.assertIsNotNone(self.claim())

    @ddt.data(*ENDS)
    def test_one_that_a_domain_uses_is_left(self, end):
        self.make()
        self.use()
        xml = f"<a b='{PATH}'/>"
        domain = self.host.virt.lookupByUUIDString.return_value
        domain.XMLDesc.return_value = xml
        getattr(self, end)()
        self.assertEqual([NAME], [*self.group.volumes])
        self.assertIsNotNone(self.claim())

    @ddt.data(*ENDS)
    def test_one_that_has_gone_is_not_missed(self, end):
        self.make()
        self.group.volumes.clear()
        getattr(self, end)()
        self.assertIsNone(self.claim())

    @ddt.data(*ENDS)
    def test_one_that_lvm_does_not_tell_is_left(self, end):
        self.make()
        self.lvm.fails['lvinfo'] = lvm_fixture.failed('lvs', 'locked')
        getattr(self, end)()
        self.assertEqual([NAME], [*self.group.volumes])
        self.assertIsNotNone(self.claim())

    @ddt.data(*ENDS)
    def test_one_that_is_not_written_down_is_left(self, end):
        self.claims.begin(destinations.UUID, str(self.home), (), 'req', [PATH])
        self.group.create(NAME, MIB)
        getattr(self, end)()
        self.assertEqual([NAME], [*self.group.volumes])
        self.assertIsNotNone(self.claim())

    @ddt.data(*ENDS)
    def test_nothing_was_made(self, end):
        self.claims.begin(destinations.UUID, str(self.home), (), 'req', [PATH])
        getattr(self, end)()
        self.assertIsNone(self.claim())

    def test_they_go_where_the_directory_is_another_s(self):
        def stock():
            self.home.mkdir()
            raise exception.DestinationDiskExists(path=str(self.home))

        with self.assertRaises(exception.DestinationDiskExists):
            self.make(stock=stock)
        self.assertEqual([NAME], [*self.group.volumes])
        self.roll_back()
        self.assertEqual({}, self.group.volumes)
        self.assertTrue(self.home.exists())
        self.assertIsNone(self.claim())

    def test_those_of_a_guest_that_has_come_stay(self):
        self.make()
        self.here(destinations.P.RUNNING)
        self.instance.host = 'here'
        self.restart()
        self.assertEqual([NAME], [*self.group.volumes])
        self.assertIsNone(self.claim())

    def test_those_of_a_server_in_error_stay(self):
        self.make()
        self.instance.vm_state = 'error'
        self.restart()
        self.assertEqual([NAME], [*self.group.volumes])
        self.assertIn(PATH, str(self.log.warning.call_args))


@ddt.ddt
class MadeVolumesTest(VolumesTest):
    def assert_not_made(self, words, *entries):
        stock = mock.Mock()
        with self.assertRaisesRegex(exception.MigrationError, words):
            self.make(*entries, stock=stock)
        stock.assert_not_called()

    def test_each_is_in_the_journal_before_nova_begins(self):
        def stock():
            (made,) = self.claim().volumes
            volume = self.group.volumes[NAME]
            self.assertEqual(
                logical_volumes.LogicalVolume(
                    PATH, self.group.uuid, volume.uuid
                ),
                made,
            )
            self.home.mkdir()

        self.make(stock=stock)

    def test_one_that_is_there_is_not_overwritten(self):
        there = self.group.create(NAME, MIB)
        self.assert_not_made('is there already')
        self.assertEqual({NAME: there}, self.group.volumes)

    @ddt.data(
        '/dev/vg1/{}_disk',
        '/dev/vg0/x{}_disk',
        '/dev/vg0/{}_disk/../other',
        '/dev/vg0/other',
    )
    def test_what_is_none_of_the_server_is_not_made(self, path):
        self.assert_not_made(
            'no volume of the instance',
            entry(path.format(destinations.UUID)),
        )
        self.assertEqual({}, self.group.volumes)

    def test_a_group_that_is_the_source_s(self):
        self.assert_not_made('onto itself', entry(group=self.group.uuid))
        self.roll_back()
        self.assertEqual({}, self.group.volumes)

    def test_extents_of_another_size(self):
        self.group.extent = 32 * MIB
        self.assert_not_made('extents')
        self.roll_back()
        self.assertEqual({}, self.group.volumes)

    def test_too_little_room(self):
        self.group.size = 4 * MIB
        self.assert_not_made('cannot be made.*4194304.*8388608')

    def test_none_in_a_directory_that_is_shared(self):
        self.data.is_shared_instance_path = True
        self.assert_not_made('would not roll back')
        self.assertEqual({}, self.group.volumes)

    def test_a_host_that_makes_none(self):
        nova_volume_groups.CONF.libvirt.images_type = 'qcow2'
        self.assert_not_made('no volume of the instance')
