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

"""Migrations as planned: the call, the disks that it names, the ends."""

import os
from unittest import mock

from nova import context
from nova import objects

from nova_selective_migrate.compute.source import nova_case
from nova_selective_migrate.core.plan import migrate_call
from tests.nova import base
from tests.nova import endings
from tests.nova import hosts
from tests.nova import ours


class PlannedTest(ours.OursTest):
    def test_exactly_the_local_disks_are_copied(self):
        server = self.make_server()
        drive = os.path.join(
            base.CONF.instances_path, server['id'], 'disk.config'
        )
        content = os.urandom(base.MIB)
        with open(drive, 'wb') as image:
            image.write(content)
        course = self.fake.course(server['id'])
        course.hold()
        self.request(server)
        self.assertTrue(course.started.wait(30), self.events(server))
        call = self.fake.call_of(server['id'])
        self.assertEqual(base.LOCAL, call.disks)
        self.assertEqual(
            (f'tcp://{hosts.ADDRESS}', hosts.ADDRESS),
            (call.params['migrate_uri'], call.params['listen_address']),
        )
        there = os.path.join(self.path_there(server['id']), 'disk.config')
        with open(there, 'rb') as image:
            self.assertEqual(content, image.read())
        course.release()
        self.migrated.wait()
        self.assertEqual(endings.MOVED, self.outcome(server))

    def test_a_copy_shorter_than_nova_s_look_is_recorded(self):
        server = self.make_server()
        self.live_migrate(server)
        self.assertEqual(endings.MOVED, self.outcome(server))
        row = self.row(server)
        totals = {
            kind: tuple(
                getattr(row, f'{kind}_{what}')
                for what in ('total', 'processed', 'remaining')
            )
            for kind in ('memory', 'disk')
        }
        disks = 3 * base.MIB  # as the test has made them
        memory = 2048 * base.MIB
        self.assertEqual(
            {'memory': (memory, memory, 0), 'disk': (disks, disks, 0)}, totals
        )

    def row(self, server):
        """Read the record of a server's migration."""
        with context.target_cell(
            context.get_admin_context(), self.cell_mappings['cell1']
        ) as cell:
            (row,) = objects.MigrationList.get_by_filters(
                cell, {'instance_uuid': server['id']}
            )
        return row

    def test_two_at_once_do_not_mix_their_plans(self):
        one = self.make_server()
        other = self.make_server(volume=None, flavor=self.flavor(ephemeral=0))
        for server in (one, other):
            self.fake.course(server['id']).hold()
            self.request(server)
        for server in (one, other):
            self.assertTrue(self.fake.course(server['id']).started.wait(30))
        self.assertEqual(
            [base.LOCAL, ['vda', 'vdb']],
            [self.fake.call_of(each['id']).disks for each in (one, other)],
        )
        for server in (other, one):
            self.fake.course(server['id']).release()
            self.migrated.wait()
            self.assertEqual(endings.MOVED, self.outcome(server))


class FlagsTest(ours.OursTest):
    """The plan is of the call that nova will make."""

    def flagged(self, **options):
        """Migrate with options of nova's; return the plan's flags."""
        self.flags(group='libvirt', **options)
        for host in ('src', 'dest'):
            self.restart_compute_service(host)
        self.separate()
        made = []
        real = nova_case.CaseGatherer.plan

        def plan(planner, *arguments):
            made.append(real(planner, *arguments))
            return made[-1]

        server = self.make_server()
        with mock.patch.object(nova_case.CaseGatherer, 'plan', plan):
            self.live_migrate(server, block=True)
        self.assertEqual(endings.MOVED, self.outcome(server))
        flags = int(made[0].plan.call.flags)
        call = self.fake.call_of(server['id'])
        known = sum(migrate_call.MigrateFlag) & ~int(migrate_call.NON_SHARED)
        self.assertEqual(call.flags & known, flags & known)
        return made[0].plan.call.flags

    def test_tls_and_post_copy(self):
        flags = self.flagged(
            live_migration_with_native_tls=True,
            live_migration_permit_post_copy=True,
        )
        self.assertIn(migrate_call.MigrateFlag.TLS, flags)
        self.assertIn(migrate_call.MigrateFlag.POSTCOPY, flags)

    def test_none(self):
        flags = self.flagged()
        self.assertNotIn(migrate_call.MigrateFlag.TLS, flags)
        self.assertNotIn(migrate_call.MigrateFlag.POSTCOPY, flags)


class EndTest(ours.OursTest):
    def setUp(self):
        super().setUp()
        self.server = self.make_server()

    def assert_clean(self, end, cause):
        """The server is as before, and its records say why."""
        self.assertEqual(end, self.outcome(self.server))
        self.assertIn(cause, self.faults(self.server)[0].message)
        self.assertTrue(
            self.connection('src')
            .lookupByUUIDString(self.server['id'])
            .isActive()
        )
        self.assertFalse(os.path.exists(self.path_there(self.server['id'])))
        volume = self.cinder.volume_to_attachment[base.VOLUME]
        self.assertEqual(1, len(volume), 'attachments')

    def test_a_failure_leaves_the_server_as_it_was(self):
        endings.fail(self, self.server)
        self.assert_clean(endings.FAILED, endings.CAUSE)
        # And it can migrate once the cause is gone.
        self.fake.course(self.server['id']).fails = None
        self.live_migrate(self.server, block=True)
        self.assertEqual(endings.MOVED, self.outcome(self.server))

    def test_an_abort_leaves_the_server_as_it_was(self):
        endings.cancel(self, self.server)
        self.assert_clean(endings.CANCELLED, 'cancel')
