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

"""nova's monitor is given what counts the disks as well."""

import dataclasses
import threading
import types
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.compute.source import live_migration_monitor
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import bandwidth_throttle

MIB = 2**20


class Info(types.SimpleNamespace):
    """nova's JobInfo, as far as it is looked at."""


class Instance:
    """nova's instance, as far as its progress is concerned."""

    def __init__(self):
        self.uuid = 'uuid'
        self.flavor = types.SimpleNamespace(memory_mb=100)
        self.progress = 0
        self.saved = []

    def save(self):
        self.saved.append(self.progress)

    def __getitem__(self, name):
        return getattr(self, name)


class FollowingTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.real = Instance()
        self.guest = mock.Mock()
        self.blocks = {}
        self.rounds = threading.Semaphore(0)
        self.guest.get_block_device.side_effect = self._device
        self.guest._domain.state.return_value = (1, 1)
        self.guest._domain.jobStats.return_value = {}
        self.migration = planned_migrations.RunningMigration()
        self.calls = self.migration.calls
        self.second = self.calls.second_copy
        self.watches = live_migration_monitor.Watches(
            *(mock.Mock() for _ in range(4)), self.migration
        )

    def _device(self, target):
        if target == 'vda':
            self.rounds.release()
        found = self.blocks.get(target)
        job = found and types.SimpleNamespace(cur=found[0], end=found[1])
        return mock.Mock(get_job_info=lambda: job)

    def follow(self, *targets):
        follow = live_migration_monitor.LiveMigrationMonitor(
            self.guest,
            self.real,
            targets,
            0.01,
            idle=Info,
            watches=self.watches,
        )
        self.enterContext(follow)
        return follow

    def save(self, follow, **job):
        """Do what nova's save_stats does, and return what is recorded."""
        info = {
            'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
            'memory_total': 0,
            'memory_remaining': 0,
            'disk_total': 0,
        }
        self.guest.get_job_info.return_value = Info(**{**info, **job})
        follow.guest.get_job_info()
        follow.instance.progress = 0
        follow.instance.save()
        return self.real.saved[-1]

    def test_what_is_seen_is_told(self):
        """Also where a watchdog fails on it."""
        seen = self.tell_what_is_seen()
        self.watches.limits.look.side_effect = ValueError('no such call')
        self.blocks['vda'] = (40, 100)
        self.follow('vda')
        while not seen:
            self.assertTrue(self.rounds.acquire(timeout=30))
        self.assertEqual(40, seen[-1].disks[0].processed)

    def tell_what_is_seen(self):
        """Return a list that each progress is added to."""
        seen = []
        self.watches = dataclasses.replace(self.watches, seen=seen.append)
        return seen

    def test_memory_alone_is_seen_as_well(self):
        """Without disks to copy no thread asks for any."""
        seen = self.tell_what_is_seen()
        follow = self.follow()
        self.save(follow, type=2, memory_total=100, memory_remaining=75)
        self.assertEqual(25, seen[-1].memory.processed)
        self.assertEqual((), seen[-1].disks)
        # Of a job that has ended nothing is seen.
        before = len(seen)
        self.save(follow, type=0)
        self.assertEqual(before, len(seen))

    def test_progress_moves_while_disks_are_copied(self):
        follow = self.follow('vda')
        self.assertEqual(0, self.save(follow))
        total = {'disk_total': 300 * MIB}
        self.assertEqual(
            25, self.save(follow, disk_processed=100 * MIB, **total)
        )
        self.assertEqual(
            75, self.save(follow, disk_processed=300 * MIB, **total)
        )
        self.assertEqual(
            87,
            self.save(
                follow,
                disk_processed=300 * MIB,
                memory_total=100 * MIB,
                memory_remaining=50 * MIB,
                **total,
            ),
        )

    def test_progress_never_goes_back(self):
        follow = self.follow('vda')
        self.save(follow, disk_total=300 * MIB, disk_processed=300 * MIB)
        found = self.save(
            follow, disk_total=600 * MIB, disk_processed=300 * MIB
        )
        self.assertEqual(75, found)

    def test_memory_alone(self):
        follow = self.follow()
        found = self.save(
            follow, memory_total=100 * MIB, memory_remaining=40 * MIB
        )
        self.assertEqual(60, found)

    def test_is_the_instance_otherwise(self):
        follow = self.follow()
        self.assertEqual('uuid', follow.instance.uuid)
        # nova's log format reads it as a mapping.
        self.assertEqual('uuid', follow.instance['uuid'])
        follow.instance.task_state = 'x'
        self.assertEqual('x', self.real.task_state)

    def ask(self, follow, kind):
        self.guest.get_job_info.return_value = Info(type=kind)
        return follow.guest.get_job_info()

    def test_a_vgpu_s_state_is_looked_at_with_the_memory(self):
        follow = self.follow()
        stats = self.guest._domain.jobStats
        stats.return_value = {'vfio_data_transferred': 7}
        for total, found in ((0, 0), (9, 7)):
            self.guest.get_job_info.return_value = Info(
                type=2, memory_total=total
            )
            follow.guest.get_job_info()
            (job,) = self.watches.holding.look.call_args.args
            self.assertEqual(found, job['vfio_data_transferred'])
        stats.assert_called_once()

    def test_a_job_that_has_not_begun_does_not_stand_still(self):
        follow = self.follow()
        look = self.watches.holding.look
        for kind, running in ((0, False), (2, True)):
            self.ask(follow, kind)
            self.assertEqual({'running': running}, look.call_args.kwargs)

    def test_disks_are_held_against_the_guest_s_writes(self):
        self.blocks = {'vda': (10, 40)}
        seen = threading.Event()
        look = self.watches.converging.look
        look.side_effect = lambda *_: seen.set()
        self.follow('vda')
        self.assertTrue(seen.wait(5))
        self.assertEqual(30, look.call_args.args[1].disks[0].remaining)

    def test_a_line_for_each_disk(self):
        self.blocks = {'vda': (10, 40), 'vdb': (0, 50), 'vdc': (0, 0)}
        with self.assertLogs(
            live_migration_monitor.__name__, 'DEBUG'
        ) as logged:
            follow = self.follow('vda', 'vdb', 'vdc')
            # With the second question the first has been told.
            for _ in range(2):
                self.assertTrue(self.rounds.acquire(timeout=5))
            follow.__exit__(None, None, None)
        text = '\n'.join(logged.output)
        self.assertIn('disk vda: 10 bytes of 40 processed', text)
        self.assertIn('disk vdb: 0 bytes of 50 processed', text)
        self.assertNotIn('vdc', text)

    def test_a_question_that_fails_ends_nothing(self):
        failed = threading.Event()

        def fail(target):
            failed.set()
            raise ValueError('gone')

        self.guest.get_block_device.side_effect = fail
        with self.assertLogs(
            live_migration_monitor.__name__, 'DEBUG'
        ) as logged:
            follow = self.follow('vda')
            self.assertTrue(failed.wait(5))
            self.guest.get_block_device.side_effect = self._device
            self.assertTrue(self.rounds.acquire(timeout=5))
            follow.__exit__(None, None, None)
        self.assertTrue(logged.output)

    def test_the_limit_is_shared_among_the_disks(self):
        limit = bandwidth.LinkLimit(8, 0, adjustable=True)
        limits = bandwidth_throttle.BandwidthThrottle(
            libvirt_guest.Guest(self.guest._domain),
            limit,
            2,
            bandwidth_throttle.ignore_notice,
        )
        self.watches = dataclasses.replace(self.watches, limits=limits)
        self.blocks = {'vda': (0, 300 * MIB), 'vdb': (0, 100 * MIB)}
        domain = self.guest._domain
        domain.migrateGetMaxSpeed.return_value = 4
        done = threading.Event()
        domain.migrateSetMaxSpeed.side_effect = lambda *_: done.set()
        with mock.patch.object(bandwidth_throttle, '_SECONDS', 0):
            self.follow('vda', 'vdb')
            self.assertTrue(done.wait(5))
        flags = libvirt.VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES
        self.assertEqual(
            [('vda', 6 * MIB, flags), ('vdb', 2 * MIB, flags)],
            sorted(call.args for call in domain.blockJobSetSpeed.mock_calls),
        )
        domain.migrateSetMaxSpeed.assert_called_with(8, 0)

    def test_nothing_to_copy_starts_no_thread(self):
        before = threading.active_count()
        self.follow()
        self.assertEqual(before, threading.active_count())
