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

"""Servers of images_type=lvm: what stock nova does, and what we do.

nova's own code of logical volumes, with LVM's programs feigned
(tests/nova/lvm_fixture.py).
"""

import os

import fixtures
from nova.virt.libvirt import driver

from nova_selective_migrate.compute.common import nova_volume_groups
from tests.nova import base
from tests.nova import endings
from tests.nova import lvm_fixture
from tests.nova import ours
from tests.nova import volumes

PRECREATION = (
    'unsupported configuration: pre-creation of storage targets for '
    'incremental storage migration is not supported'
)


class StockTest(volumes.VolumesTest):
    def setUp(self):
        super().setUp()
        self.have_groups()
        self.start_hosts()
        self.server = self.make_lvm_server()

    def test_stock_makes_files_and_fails_late(self):
        course = self.fake.course(self.server['id'])
        # What libvirt answers where the destination has no such device.
        course.fails = PRECREATION
        course.hold()
        self.request(self.server, block=True)
        # The check has let it through, and libvirt is called.
        self.assertTrue(course.started.wait(30))
        self.assertEqual({}, self.of_server(self.there, self.server))
        made = os.listdir(self.path_there(self.server['id']))
        self.assertIn(f'{self.server["id"]}_disk', made)
        course.release()
        self.migrated.wait()
        self.assertEqual('src', self.outcome(self.server)['host'])

    def test_stock_looks_at_no_room_in_the_group(self):
        self.there.size = 16 * volumes.MIB
        course = self.fake.course(self.server['id'])
        course.hold()
        self.request(self.server, block=True)
        self.assertTrue(course.started.wait(30))
        course.release()
        self.migrated.wait()


class LvmTest(ours.OursTest, volumes.VolumesTest):
    def configure(self, **options):
        super().configure(**options)
        self.have_groups()

    def setUp(self):
        super().setUp()
        self.server = self.make_lvm_server()
        self.local = self.of_server(self.here, self.server)
        self.assertEqual(3, len(self.local))

    def assert_refused(self, *words):
        self.refuse(self.server)
        self.assertEqual(endings.REFUSED, self.outcome(self.server))
        told = self.faults(self.server)[0].message + str(
            [event['details'] for event in self.events(self.server)]
        )
        for word in words:
            self.assertIn(word, told)
        self.assertEqual([], self.fake.calls)
        self.assertNotIn('lvcreate', {name for _, name, *_ in self.lvm.runs})

    def test_volumes_are_made_before_anything_else(self):
        course = self.fake.course(self.server['id'])
        course.hold()
        connected = []
        connect = driver.LibvirtDriver._connect_volume

        def noted(*args, **named):
            connected.append(self.of_server(self.there, self.server))
            return connect(*args, **named)

        self.patch_driver('_connect_volume', noted)
        self.request(self.server)
        self.assertTrue(course.started.wait(30))
        self.assertEqual([self.local], connected)
        self.assertEqual(
            base.LOCAL, self.fake.call_of(self.server['id']).disks
        )
        # No file is made for one.
        made = os.listdir(self.path_there(self.server['id']))
        self.assertIn('disk.config', made)
        self.assertEqual([], [n for n in made if self.server['id'] in n])
        course.release()
        self.migrated.wait()
        self.assertEqual(endings.MOVED, self.outcome(self.server))
        self.assertEqual(self.local, self.of_server(self.there, self.server))
        # nova's clean-up of the source, by the names.
        self.assertEqual({}, self.of_server(self.here, self.server))
        self.assertIn('another_disk', self.there.volumes)

    def test_a_failure_removes_them_and_nothing_else(self):
        foreign = f'{self.server["id"]}_disk.rescue'
        course = self.fake.course(self.server['id'])
        course.fails = endings.CAUSE
        course.hold()
        self.request(self.server)
        self.assertTrue(course.started.wait(30))
        # Of the server by its name, and not ours.
        self.there.create(foreign, 8 * volumes.MIB)
        course.release()
        self.migrated.wait()
        self.rolled_back.wait()
        self.assertEqual(endings.FAILED, self.outcome(self.server))
        self.assertEqual(
            ['disk.rescue'], [*self.of_server(self.there, self.server)]
        )
        self.assertEqual(self.local, self.of_server(self.here, self.server))
        self.assertFalse(os.path.exists(self.path_there(self.server['id'])))

    def test_another_volume_of_that_name_is_left(self):
        name = f'{self.server["id"]}_disk'
        course = self.fake.course(self.server['id'])
        course.fails = endings.CAUSE
        course.hold()
        self.request(self.server)
        self.assertTrue(course.started.wait(30))
        del self.there.volumes[name]
        replaced = self.there.create(name, 8 * volumes.MIB)
        course.release()
        self.migrated.wait()
        self.rolled_back.wait()
        self.assertEqual(
            {name: replaced},
            {
                n: v
                for n, v in self.there.volumes.items()
                if n != 'another_disk'
            },
        )
        self.assertFalse(replaced.cleared)

    def test_a_group_without_a_volume(self):
        self.there.volumes.clear()
        self.live_migrate(self.server)
        self.assertEqual(endings.MOVED, self.outcome(self.server))
        self.assertEqual(self.local, self.of_server(self.there, self.server))

    def test_a_group_of_another_name(self):
        self.lvm.groups['dest'] = [lvm_fixture.Group('vg1')]
        configured = nova_volume_groups.configured
        self.useFixture(
            fixtures.MockPatchObject(
                nova_volume_groups,
                'configured',
                lambda: (
                    'vg1'
                    if getattr(self._at, 'destination', False)
                    else configured()
                ),
            )
        )
        self.live_migrate(self.server)
        self.assertEqual(endings.MOVED, self.outcome(self.server))
        self.assertEqual(self.local, self.of_server(self.there, self.server))
        self.assertEqual({}, self.of_server(self.here, self.server))
        xml = self.fake.call_of(self.server['id']).params['destination_xml']
        for name in self.local:
            self.assertIn(f'/dev/vg1/{self.server["id"]}_{name}"', xml)
        self.assertNotIn('/dev/vg0/', xml)

    def destination(self, **told):
        """Have dest show a group made anew, with what others have in it."""
        group = lvm_fixture.Group(volumes.GROUP, **told)
        group.create('another_disk', 8 * volumes.MIB)
        self.lvm.groups['dest'] = [group]
        return group

    def test_what_cannot_be_made_takes_the_others_with_it(self):
        """Each leaves the server as it was, so that it can be asked again."""

        def second(name, size):
            if name.endswith('.swap'):
                raise volumes.lvm_fixture.failed('lvcreate', 'no space')
            return create(name, size)

        group = self.destination()
        create, group.create = group.create, second
        self.assert_given_up('no space')
        self.destination(extent=96 * volumes.MIB)
        self.assert_given_up('extents')
        # An empty group that turns out to be the source's.
        self.destination(uuid=self.here.uuid).volumes.clear()
        self.assert_given_up('onto itself')
        self.assertEqual(self.local, self.of_server(self.here, self.server))

    def assert_given_up(self, words):
        self.live_migrate(self.server)
        self.rolled_back.wait()
        self.assertIn(words, self.faults(self.server)[0].message)
        self.assertEqual({}, self.of_server(self.there, self.server))
        self.assertEqual([], self.fake.calls)
        outcome = self.outcome(self.server)
        self.assertEqual(
            ('src', 'ACTIVE'), (outcome['host'], outcome['status'])
        )

    def test_what_is_refused_before_anything_is_made(self):
        needed = sum(self.local.values())
        others = 8 * volumes.MIB
        self.destination(size=others + needed - 1)
        self.assert_refused(f'needs {needed} bytes', f'has {needed - 1} bytes')
        # A host that was made from a copy of the other.
        self.destination(uuid=self.here.uuid)
        self.assert_refused('both hosts have the volume group')
        there = self.destination()
        there.create(f'{self.server["id"]}_disk', 8 * volumes.MIB)
        self.assert_refused('logical volumes of this server')
        self.lvm.groups['dest'] = []
        self.assert_refused('tells of no volume group')
        self.lvm.groups['dest'] = self.lvm.groups['src']
        self.assert_refused('both hosts have the volume group')
        self.assertEqual(self.local, self.of_server(self.here, self.server))
