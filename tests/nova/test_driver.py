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

"""The driver alone: what it takes up, and the figures that it gives."""

import threading
import types
import unittest
from unittest import mock

from nova import exception
from nova.compute import provider_tree
import nova.conf
from nova.virt.libvirt import driver as stock

from nova_selective_migrate import conf
from nova_selective_migrate import exceptions
from nova_selective_migrate.compute import components
from nova_selective_migrate.compute import driver
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import planned_disks

GIB = 2**30


class DriverTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        conf.register_opts(nova.conf.CONF)
        with mock.patch.object(stock.LibvirtDriver, '__init__'):
            self.driver = driver.SelectiveMigrateDriver(None)
        self.instance = types.SimpleNamespace(
            uuid='uuid', flavor=types.SimpleNamespace(memory_mb=4096)
        )

    def enforce(self):
        """Give the driver the components of an enabled one."""
        self.driver._components = components.build(
            self.driver,
            nova.conf.CONF,
            driver_settings.DriverSettings.of(
                nova.conf.CONF.selective_migrate
            ),
        )
        self.planned = self.driver._components.planned

    def set(self, **options):
        for name, value in options.items():
            nova.conf.CONF.set_override(name, value, 'selective_migrate')
            self.addCleanup(
                nova.conf.CONF.clear_override, name, 'selective_migrate'
            )


class InitHostTest(DriverTestCase):
    def setUp(self):
        super().setUp()
        self.stock = self.enterContext(
            mock.patch.object(stock.LibvirtDriver, 'init_host')
        )
        self.problems = self.enterContext(
            mock.patch.object(nova_interface, 'problems', return_value=[])
        )

    def test_not_enabled(self):
        self.driver.init_host('host')
        self.assertIsNone(self.driver._components)
        self.problems.assert_not_called()
        self.stock.assert_called_once_with('host')

    def test_enabled(self):
        self.set(enabled=True)
        self.driver.init_host('host')
        self.assertIsNotNone(self.driver._enforcing)
        self.stock.assert_called_once_with('host')

    def test_an_audit_enforces_nothing(self):
        self.set(enabled=True, mode='audit')
        self.driver.init_host('host')
        self.assertIsNone(self.driver._enforcing)
        self.assertIsNotNone(self.driver._components)

    def test_an_unknown_nova_is_not_started_with(self):
        self.set(enabled=True)
        self.problems.return_value = ['x is missing']
        with self.assertRaisesRegex(
            exceptions.SelectiveMigrateError, 'x is missing'
        ):
            self.driver.init_host('host')
        self.stock.assert_not_called()

    def test_an_unknown_nova_disables(self):
        self.set(enabled=True, on_seam_mismatch='disable')
        self.problems.return_value = ['x is missing']
        with self.assertLogs(driver.__name__, 'ERROR') as logged:
            self.driver.init_host('host')
        self.assertIn('x is missing', logged.output[0])
        self.assertIsNone(self.driver._components)
        self.stock.assert_called_once_with('host')

    def test_options_that_contradict_each_other(self):
        self.set(enabled=True, shared_paths=['/a'], local_paths=['/a'])
        with self.assertRaisesRegex(exceptions.InvalidPolicy, '/a'):
            self.driver.init_host('host')


class TraitTest(DriverTestCase):
    """placement knows the hosts whose driver enforces plans."""

    TRAIT = 'CUSTOM_SELECTIVE_MIGRATE'
    OTHER = 'CUSTOM_OF_THE_OPERATOR'

    def setUp(self):
        super().setUp()
        self.tree = provider_tree.ProviderTree()
        self.tree.new_root('node', '5d0a4f7b-e1c9-4a36-8d2b-7c3f1e9a0b54')
        self.tree.add_traits('node', self.OTHER)
        self.stock = self.enterContext(
            mock.patch.object(stock.LibvirtDriver, 'update_provider_tree')
        )

    def traits(self):
        """Return what the driver leaves; it passes on what it is given."""
        self.driver.update_provider_tree(self.tree, 'node', {'of': 'nova'})
        self.stock.assert_called_with(
            self.tree, 'node', allocations={'of': 'nova'}
        )
        return self.tree.data('node').traits

    def test_it_is_there_while_plans_are_enforced(self):
        self.enforce()
        self.assertEqual({self.TRAIT, self.OTHER}, self.traits())

    def test_it_goes_when_the_driver_is_off(self):
        self.tree.add_traits('node', self.TRAIT)
        self.assertEqual({self.OTHER}, self.traits())

    def test_it_goes_when_the_driver_audits(self):
        self.set(mode='audit')
        self.enforce()
        self.tree.add_traits('node', self.TRAIT)
        self.assertEqual({self.OTHER}, self.traits())

    def test_where_it_is_not_nothing_is_reported(self):
        before = self.tree.data('node')
        self.traits()
        self.assertFalse(self.tree.have_traits_changed('node', before.traits))


class CleanupHostTest(DriverTestCase):
    def setUp(self):
        super().setUp()
        self.enforce()
        self.stock = self.enterContext(
            mock.patch.object(stock.LibvirtDriver, 'cleanup_host')
        )
        self.pools = self.enterContext(
            mock.patch.object(
                nova_interface,
                'thread_pools_are_taken_down',
                return_value=True,
            )
        )
        options = self.enterContext(mock.patch.object(driver, 'CONF'))
        options.manager_shutdown_timeout = 60

    def end(self):
        thread = threading.Thread(
            target=self.driver.cleanup_host, args=('host',), daemon=True
        )
        thread.start()
        return thread

    def test_what_leaves_ends_before_nova_s_pools(self):
        self.planned.begin('uuid', 'data')
        ending = self.end()
        ending.join(0.1)
        self.assertTrue(ending.is_alive())
        self.stock.assert_not_called()
        self.planned.forget('uuid')
        ending.join(10)
        self.stock.assert_called_once_with(host='host')

    def test_not_where_nova_s_main_thread_would_wait(self):
        self.planned.begin('uuid', 'data')
        self.pools.return_value = False
        self.end().join(10)
        self.stock.assert_called_once_with(host='host')

    def test_not_when_it_is_not_enabled(self):
        self.planned.begin('uuid', 'data')
        self.driver._components = None
        self.end().join(10)
        self.stock.assert_called_once_with(host='host')

    def test_nor_for_ever(self):
        self.planned.begin('uuid', 'data')
        self.assertFalse(self.planned.await_ends(0.01))


class FiguresTest(DriverTestCase):
    def keep(self, *sizes, peer=True, limit=0):
        """Plan disks of (bytes to copy, virtual bytes); None: kept."""
        disks = [
            planned_disks.PlannedDisk(
                types.SimpleNamespace(
                    action=domains.DiskAction.KEEP
                    if copied is None
                    else domains.DiskAction.COPY,
                ),
                None if copied is None else disk_strategy.Extent.WHOLE,
                None,
                virtual,
                copied,
                copied or 0,
            )
            for copied, virtual in sizes
        ]
        self.enforce()
        self.planned.keep(
            'uuid',
            planned_migrations.PlannedMigration(
                case=None,
                plan=types.SimpleNamespace(
                    disks=disks, limit=bandwidth.LinkLimit(limit)
                ),
                peer=peer,
                shared_block_storage=True,
                carried={},
                seeds={},
            ),
        )

    def data_gb(self):
        return self.driver._live_migration_data_gb(self.instance, ['/x'])

    def test_time_outs_follow_from_the_plan_s_bytes(self):
        self.keep((5 * GIB, 20 * GIB), (1, GIB), (None, GIB))
        self.assertEqual(4 + 5 + 2, self.data_gb())

    def test_under_a_limit_zeroes_take_their_time(self):
        self.keep((GIB, 1024 * GIB), (0, 6 * GIB), (None, GIB), limit=100)
        self.assertEqual(4 + 1024 + 6, self.data_gb())

    def test_without_a_plan_they_are_nova_s(self):
        with mock.patch.object(
            stock.LibvirtDriver, '_live_migration_data_gb', return_value=7
        ):
            self.assertEqual(7, self.data_gb())

    def has_enough(self, available_mb, over_commit):
        self.driver._assert_dest_node_has_enough_disk(
            'context', self.instance, available_mb, over_commit, {}
        )

    def test_room_as_callers_below_2_25_ask_for_it(self):
        self.keep((GIB, 4 * GIB), (None, 100 * GIB))
        self.has_enough(1024, True)
        self.has_enough(4096, False)
        self.keep((0, GIB))
        self.has_enough(0, True)
        with self.assertRaises(exception.MigrationPreCheckError):
            self.has_enough(1023, False)
        self.keep((GIB, 4 * GIB))
        for available, over_commit in (
            (1023, True),
            (4095, False),
            (-1, True),
        ):
            with self.assertRaisesRegex(
                exception.MigrationPreCheckError, str(available * 2**20)
            ):
                self.has_enough(available, over_commit)

    def test_nova_s_verdict_on_shared_storage_is_the_plan_s(self):
        self.keep()
        self.assertTrue(
            self.driver._is_shared_block_storage(self.instance, 'data')
        )
