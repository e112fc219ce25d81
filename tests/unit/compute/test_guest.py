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

"""The call that nova makes is the plan's."""

import unittest
from unittest import mock
from xml.etree import ElementTree

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import guest
from nova_selective_migrate.compute.source import record
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.plan import plan as plan_
from tests.unit.core import builders as b

HOME = '/nova/uuid'
DISK, BASE = f'{HOME}/disk', '/nova/_base/x'
FLAGS = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
INCREMENTAL = libvirt.VIR_MIGRATE_NON_SHARED_INC
FULL = libvirt.VIR_MIGRATE_NON_SHARED_DISK
OVER = b.disk('vda', b.file(DISK), over=[b.file(BASE, 'raw')])
SHARED = b.disk('vdb', b.rbd())


def plan(*disks, base=None):
    """Plan a guest of nova; ``base`` is what the base holds there."""
    case = b.case(
        *disks,
        source={DISK: b.local(), BASE: b.local(content='x')},
        destination={BASE: {'exists': True, 'content': base}} if base else {},
        prepared={'directory': HOME},
    )
    made = plan_.plan(case_.loads(b.text(case)))
    assert made.ready, made.refusals
    return made


class PlannedGuestTest(unittest.TestCase):
    def migrate(self, made, flags=FLAGS | INCREMENTAL, xml=None, **options):
        """Migrate and return what nova's guest was asked for."""
        self.real = mock.Mock()
        self.real.get_xml_desc.return_value = b.domain(*self.disks)
        self.call = record.Call()
        planned = guest.PlannedGuest(self.real, made, self.call)
        planned.migrate(
            'qemu+tcp://there/system',
            flags=flags,
            destination_xml=xml or b.domain(*self.disks),
            **options,
        )
        self.real.migrate.assert_called_once()
        return self.real.migrate.call_args

    def test_an_identical_base(self):
        self.disks = (OVER, SHARED)
        found = self.migrate(
            plan(*self.disks, base='x'), migrate_disks=['vda', 'vdb']
        )
        self.assertEqual(['vda'], found.kwargs['migrate_disks'])
        self.assertEqual(FLAGS | INCREMENTAL, found.kwargs['flags'])
        self.assertEqual(
            b.domain(*self.disks), found.kwargs['destination_xml']
        )

    def test_another_base_is_copied_into_an_image_without(self):
        self.disks = (OVER, SHARED)
        found = self.migrate(plan(*self.disks, base='y'))
        self.assertEqual(['vda'], found.kwargs['migrate_disks'])
        self.assertEqual(FLAGS | FULL, found.kwargs['flags'])
        sent = ElementTree.fromstring(found.kwargs['destination_xml'])
        self.assertEqual([], list(sent.find('devices/disk/backingStore')))

    def test_nothing_to_copy_takes_the_flag_away(self):
        self.disks = (SHARED,)
        for flags in (FLAGS, FLAGS | INCREMENTAL, FLAGS | FULL):
            found = self.migrate(plan(*self.disks), flags=flags)
            self.assertEqual([], found.kwargs['migrate_disks'])
            self.assertEqual(FLAGS, found.kwargs['flags'])

    def test_a_flag_that_nova_forgot_is_set(self):
        self.disks = (OVER,)
        found = self.migrate(plan(*self.disks, base='x'), flags=FLAGS)
        self.assertEqual(FLAGS | INCREMENTAL, found.kwargs['flags'])

    def test_what_else_nova_passes_is_passed_on(self):
        self.disks = (SHARED,)
        found = self.migrate(plan(*self.disks), bandwidth=7, parallel=2)
        self.assertEqual(('qemu+tcp://there/system',), found.args)
        self.assertEqual(7, found.kwargs['bandwidth'])
        self.assertEqual(2, found.kwargs['parallel'])

    def test_a_stale_device_name_does_not_rename_the_disk(self):
        self.disks = (OVER, SHARED)
        renamed = b.domain(OVER, b.disk('vdq', b.rbd()))
        found = self.migrate(plan(*self.disks, base='x'), xml=renamed)
        sent = ElementTree.fromstring(found.kwargs['destination_xml'])
        self.assertEqual(
            ['vda', 'vdb'],
            [t.get('dev') for t in sent.iterfind('devices/disk/target')],
        )

    def test_a_disk_less_in_the_destination_xml(self):
        self.disks = (OVER, SHARED)
        with self.assertRaisesRegex(exceptions.InvalidDomain, '1 disks'):
            self.migrate(plan(*self.disks, base='x'), xml=b.domain(OVER))
        self.real.migrate.assert_not_called()

    def test_no_xml_where_the_plan_needs_one(self):
        real = mock.Mock()
        planned = guest.PlannedGuest(real, plan(OVER), record.Call())
        with self.assertRaises(exceptions.PreparationFailed):
            planned.migrate('uri', flags=FLAGS, destination_xml=None)
        real.migrate.assert_not_called()

    def test_a_migration_that_was_given_up(self):
        self.disks = (SHARED,)
        call = record.Call()
        call.wait(0)
        real = mock.Mock()
        planned = guest.PlannedGuest(real, plan(SHARED), call)
        with self.assertRaises(exceptions.PreparationFailed):
            planned.migrate('uri', flags=FLAGS)
        real.migrate.assert_not_called()

    def test_everything_else_is_the_guest_s_own(self):
        real = mock.Mock(uuid='u')
        planned = guest.PlannedGuest(real, plan(SHARED), record.Call())
        self.assertEqual('u', planned.uuid)
        planned.abort_job()
        real.abort_job.assert_called_once_with()
