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

"""What each host believes of the other is so when it is acted upon.

Between the check and the migration lies a queue
(max_concurrent_live_migrations): either nova-compute may be another by then.
"""

import dataclasses
import os
from unittest import mock

import fixtures

from nova_selective_migrate.host.facts import local_storage
from tests.nova import base
from tests.nova import endings
from tests.nova import ours


class RestartedTest(ours.OursTest):
    """A host is started without the plugin after the check."""

    def lose(self, host):
        """Have a nova-compute be nova's own from the preparation on."""
        driver = self.computes[host].driver
        manager = self.computes['src'].manager
        real = manager._do_pre_live_migration_from_source

        def later(*arguments):
            driver._components = None
            return real(*arguments)

        manager._do_pre_live_migration_from_source = later

    def lose_after_telling(self, host):
        """The same, once the source has said what is to be made."""
        driver = self.computes[host].driver
        source = self.computes['src'].driver
        real = source.get_instance_disk_info

        def later(*arguments, **named):
            driver._components = None
            return real(*arguments, **named)

        source.get_instance_disk_info = later


class LostTest(RestartedTest):
    """What a guest has is on its own host."""

    def assert_as_before(self, server):
        self.assertEqual(endings.FAILED, self.outcome(server))
        self.assertEqual([], self.fake.calls)
        self.assertFalse(os.path.exists(self.path_there(server['id'])))
        domain = self.connection('src').lookupByUUIDString(server['id'])
        self.assertTrue(domain.isActive())

    def test_the_destination(self):
        server = self.make_server()
        self.lose_after_telling('dest')
        self.live_migrate(server)
        self.rolled_back.wait()
        self.assert_as_before(server)
        self.assertIn('does not acknowledge', self.faults(server)[0].message)

    def test_the_source(self):
        server = self.make_server()
        self.lose('src')
        self.live_migrate(server)
        self.rolled_back.wait()
        self.assert_as_before(server)

    def test_a_source_with_nothing_but_a_config_drive(self):
        server = self.make_volume_backed(config_drive=True)
        self.lose('src')
        self.live_migrate(server)
        self.rolled_back.wait()
        self.assert_as_before(server)

    def test_neither(self):
        server = self.make_server()
        self.live_migrate(server)
        self.assertEqual(endings.MOVED, self.outcome(server))


class SharedTest(RestartedTest):
    """All of the server is on storage that both hosts see."""

    def setUp(self):
        super().setUp()
        self.patch_driver('_check_shared_storage_test_file', lambda *_: True)
        real = local_storage.local_facts
        self.useFixture(
            fixtures.MockPatchObject(
                local_storage,
                'local_facts',
                lambda path: dataclasses.replace(
                    real(path), fstype='nfs4', mount_source='filer:/nova'
                ),
            )
        )
        self._there = base.CONF.instances_path
        self.kept = self.make_server()

    def test_the_source(self):
        self.lose('src')
        self.live_migrate(self.kept)
        call = self.fake.call_of(self.kept['id'])
        self.assertEqual([], call.disks)
        self.assertEqual(endings.MOVED, self.outcome(self.kept))

    def test_the_destination(self):
        self.lose('dest')
        self.live_migrate(self.kept)
        self.assertEqual([], self.fake.call_of(self.kept['id']).disks)
        self.assertEqual(endings.MOVED, self.outcome(self.kept))

    def test_neither(self):
        self.live_migrate(self.kept)
        self.assertEqual([], self.fake.call_of(self.kept['id']).disks)
        self.assertEqual(endings.MOVED, self.outcome(self.kept))


class VolumeBackedTest(ours.OursTest):
    """nova makes console.log at the destination (bug 1597644)."""

    def prepared(self, *, config_drive):
        """Migrate a server without local disks; return what was made."""
        driver = self.computes['dest'].driver
        driver._ensure_console_log_for_instance = mock.Mock()
        server = self.make_volume_backed(config_drive=config_drive)
        course = self.fake.course(server['id'])
        course.hold()
        self.request(server)
        self.assertTrue(course.started.wait(30), self.events(server))
        made = sorted(os.listdir(self.path_there(server['id'])))
        # The other call is for the guest that has come.
        driver._ensure_console_log_for_instance.assert_called_once()
        course.release()
        self.migrated.wait()
        self.assertEqual(endings.MOVED, self.outcome(server))
        return made

    def test_without_a_config_drive(self):
        self.assertEqual([], self.prepared(config_drive=False))

    def test_with_one(self):
        self.assertEqual(
            ['disk.config', 'disk.info'], self.prepared(config_drive=True)
        )
