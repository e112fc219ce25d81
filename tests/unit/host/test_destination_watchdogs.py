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

"""The room of a destination's directories is held against a floor."""

import dataclasses

from nova_selective_migrate.host.migration import destination_watchdogs
from tests.unit.host import fake_daemon
from tests.unit.host import migration

RESERVE = 64 * migration.MIB
PLENTY = (1 << 40, 1 << 39)


class SpaceTest(migration.MigrationCase):
    def setUp(self):
        super().setUp()
        self.peer = fake_daemon.connect(self.there, migration.THERE)
        self.space = destination_watchdogs.FreeSpaceWatchdog(
            self.peer, self.plan(), RESERVE
        )

    def look(self, room):
        self.there.room = room
        return self.space.look(self.peer)

    def test_while_there_is_room_all_is_well(self):
        self.assertEqual(30.0, self.look(PLENTY))
        self.assertEqual(1.0, self.look((1 << 40, RESERVE)))
        self.assertEqual('', self.space.short)
        self.assertTrue(self.there.released)

    def test_below_the_floor_it_is_short(self):
        self.look(PLENTY)
        self.look((1 << 40, RESERVE - 1))
        self.assertIn(f'has {RESERVE - 1} bytes free', self.space.short)

    def test_a_small_file_system_is_no_reason(self):
        self.look((1 << 40, 5 * migration.MIB))
        self.look((1 << 40, 4 * migration.MIB))
        self.assertEqual('', self.space.short)
        self.look((1 << 40, migration.MIB))
        self.assertNotEqual('', self.space.short)

    def test_what_cannot_be_seen_is_seen_later(self):
        for operation in ('pool.info', 'storagePoolCreateXML', 'destroy'):
            self.there.fails = {operation: fake_daemon.broken()}
            self.assertGreater(self.look(PLENTY), 0.5, operation)
            self.there.fails = {}
            self.there.pools.clear()
        self.look(PLENTY)
        self.look((1 << 40, 0))
        self.assertNotEqual('', self.space.short)

    def test_a_volume_has_had_its_room_since_it_was_made(self):
        """To look for it would open a directory of devices."""
        plan = self.plan()
        images = [
            dataclasses.replace(image, path='/dev/vg/lv', pool='vg')
            for image in plan.images
        ]
        self.space = destination_watchdogs.FreeSpaceWatchdog(
            self.peer, dataclasses.replace(plan, images=tuple(images)), RESERVE
        )
        self.assertTrue(images)
        self.look((1 << 40, 0))
        self.assertEqual('', self.space.short)
        self.assertEqual([], self.there.names('storagePoolCreateXML'))

    def test_what_others_have_is_left_as_it_was(self):
        theirs = fake_daemon.FakePool(self.there, migration.FOLDER)
        self.there.pools.append(theirs)
        self.look(PLENTY)
        self.assertEqual([theirs], self.there.pools)
        self.assertEqual([migration.FOLDER], self.there.names('refresh'))
        self.assertEqual([], self.there.names('destroy'))
