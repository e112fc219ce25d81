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

"""A running migration is held to its limit, also when that changes."""

import unittest

import libvirt

from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import bandwidth_throttle
from tests.unit.host import fake_domain

MIB = 1 << 20
BYTES = libvirt.VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES
DISKS, MEMORY = migration_progress.Phase.DISKS, migration_progress.Phase.MEMORY
BUSY = libvirt.libvirtError('busy')


class ThrottleTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.domain = fake_domain.FakeDomain()
        self.told = []
        self.seconds = 0.0

    def throttle(self, total=8, parallel=0, adjustable=True):
        limit = bandwidth.LinkLimit(
            total,
            parallel,
            adjustable=adjustable,
        )
        if total:
            # As libvirt has it from the call.
            self.domain.max_speed = limit.per_disk(2)
        return bandwidth_throttle.BandwidthThrottle(
            libvirt_guest.Guest(self.domain), limit, 2, self.told.append
        )

    def look(self, throttled, phase=DISKS, seconds=1.0, **left):
        """Look at disks of 1000 MiB that have so many left."""
        self.seconds += seconds
        throttled.look(
            migration_progress.MigrationProgress(
                self.seconds,
                phase,
                tuple(
                    migration_progress.Amount(
                        name, 1000 * MIB, (1000 - mib) * MIB
                    )
                    for name, mib in left.items()
                ),
                migration_progress.Amount('memory', 0, 0),
            )
        )

    @property
    def speeds(self):
        """Return what was set since this was asked last, in MiB/s."""
        found = {name: n / MIB for name, n, _ in self.domain.speeds}
        self.assertLessEqual({f for _, _, f in self.domain.speeds}, {BYTES})
        self.domain.speeds.clear()
        return found

    def test_disks_share_it_and_memory_will_have_all(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.assertEqual({'vda': 4, 'vdb': 4}, self.speeds)
        self.assertEqual(8, self.domain.max_speed)
        self.assertEqual([], self.told)

    def test_what_does_not_change_is_not_set_again(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.look(throttled, vda=996, vdb=996)
        self.look(throttled, vda=980, vdb=990)
        self.assertEqual({}, self.speeds)

    def test_one_that_is_done_leaves_its_share(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.look(throttled, seconds=500, vda=800, vdb=0)
        self.assertEqual({'vda': 8, 'vdb': 8}, self.speeds)

    def test_it_looks_once_in_a_second(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.look(throttled, seconds=0.5, vda=800, vdb=0)
        self.assertEqual({}, self.speeds)

    def test_before_anything_runs_nothing_is_set(self):
        throttled = self.throttle()
        throttled.look(None)
        self.look(throttled, phase=migration_progress.Phase.PREPARING)
        self.assertEqual({}, self.speeds)
        self.assertEqual(4, self.domain.max_speed)

    def test_mirrors_that_cannot_be_changed_are_left_alone(self):
        throttled = self.throttle(adjustable=False)
        self.look(throttled, vda=1000, vdb=1000)
        self.assertEqual({}, self.speeds)
        self.assertEqual(8, self.domain.max_speed)

    def test_another_speed_is_another_limit(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.domain.max_speed = 16
        self.look(throttled, vda=1000, vdb=1000)
        self.look(throttled, vda=999, vdb=999)
        self.assertEqual({'vda': 8, 'vdb': 8}, self.speeds)
        self.assertEqual(['disks and memory now share 16 MiB/s'], self.told)
        self.look(throttled, vda=1000, vdb=1000)
        self.assertEqual(16, self.domain.max_speed)
        self.assertEqual(1, len(self.told))

    def test_what_libvirt_sets_at_the_end_is_no_limit(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.domain.max_speed = fake_domain.UNLIMITED
        self.look(throttled, vda=1000, vdb=1000)
        self.assertEqual(({}, []), (self.speeds, self.told))

    def test_nor_what_it_sets_at_a_long_end(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.domain.max_speed = fake_domain.UNLIMITED
        for _ in range(4):
            self.look(throttled, vda=999, vdb=1000)
        self.assertEqual(({}, []), (self.speeds, self.told))
        self.look(throttled, vda=998, vdb=1000)
        self.assertEqual(['disks and memory now share no limit'], self.told)

    def test_one_that_comes_while_it_looks_is_not_overwritten(self):
        throttled = self.throttle()
        self.domain.on_speed = lambda: setattr(self.domain, 'max_speed', 16)
        self.look(throttled, vda=1000, vdb=1000)
        self.assertEqual(16, self.domain.max_speed)
        self.domain.speeds.clear()
        self.look(throttled, vda=1000, vdb=1000)
        self.look(throttled, vda=999, vdb=999)
        self.assertEqual({'vda': 8, 'vdb': 8}, self.speeds)

    def test_a_limit_can_be_taken_away(self):
        throttled = self.throttle()
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.speeds.clear()
        self.domain.max_speed = fake_domain.UNLIMITED
        self.look(throttled, vda=1000, vdb=1000)
        self.look(throttled, vda=999, vdb=999)
        self.assertEqual({'vda': 0, 'vdb': 0}, self.speeds)
        self.assertEqual(['disks and memory now share no limit'], self.told)
        self.assertEqual(fake_domain.UNLIMITED, self.domain.max_speed)

    def test_a_limit_can_come_later(self):
        throttled = self.throttle(total=0)
        self.look(throttled, vda=1000, vdb=1000)
        self.look(throttled, vda=999, vdb=999)
        self.assertEqual(({}, []), (self.speeds, self.told))
        self.assertEqual(fake_domain.UNLIMITED, self.domain.max_speed)
        self.domain.max_speed = 4
        self.look(throttled, vda=1000, vdb=1000)
        self.look(throttled, vda=999, vdb=999)
        self.assertEqual({'vda': 2, 'vdb': 2}, self.speeds)

    def test_where_it_changes_memory_alone_that_is_told(self):
        throttled = self.throttle(adjustable=False)
        self.look(throttled, vda=1000, vdb=1000)
        self.domain.max_speed = 16
        self.look(throttled, vda=1000, vdb=1000)
        self.look(throttled, vda=999, vdb=999)
        self.assertEqual({}, self.speeds)
        self.assertEqual(16, self.domain.max_speed)
        self.assertIn('memory alone', self.told[0])

    def write_on(self, throttled):
        """Let the guest write 4 MiB/s to a disk that is in sync."""
        for done in (4, 8, 12, 16):
            self.seconds += 1
            throttled.look(
                migration_progress.MigrationProgress(
                    self.seconds,
                    MEMORY,
                    (
                        migration_progress.Amount(
                            'vda', *[(1000 + done) * MIB] * 2
                        ),
                    ),
                    migration_progress.Amount('memory', 0, 0),
                )
            )

    def test_memory_that_is_spared_is_nobody_s_limit(self):
        throttled = self.throttle()
        self.look(throttled, vda=0, vdb=0)
        self.write_on(throttled)
        self.assertEqual(4, self.domain.max_speed)
        self.assertEqual([], self.told)

    def test_memory_has_all_where_mirrors_keep_their_speed(self):
        throttled = self.throttle(adjustable=False)
        self.look(throttled, vda=0, vdb=0)
        self.write_on(throttled)
        self.assertEqual(8, self.domain.max_speed)

    def test_disks_held_back(self):
        throttled = self.throttle(parallel=1)
        self.look(throttled, vda=500, vdb=1000)
        self.assertLess(self.speeds['vdb'], 1)
        self.look(throttled, seconds=100, vda=500, vdb=1000)
        found = self.speeds
        self.assertNotIn('vdb', found)
        self.assertEqual(8, found['vda'])

    def test_a_mirror_that_cannot_be_held_is_told_once(self):
        self.domain.fixed = BUSY
        self.domain.jobs = {'vda': {'cur': 0, 'end': 1}}
        throttled = self.throttle()
        for _ in range(2):
            self.look(throttled, vda=1000, vdb=1000)
        (told,) = self.told
        self.assertIn('vda cannot be changed', told)

    def test_one_that_has_just_ended_is_not_told(self):
        self.domain.fixed = BUSY
        self.look(self.throttle(), vda=1000, vdb=1000)
        self.assertEqual([], self.told)

    def test_a_guest_that_cannot_be_asked(self):
        throttled = self.throttle()
        self.domain.fails = BUSY
        self.look(throttled, vda=1000, vdb=1000)
        self.assertEqual([], self.told)


class FormerSpeedTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.domain = fake_domain.FakeDomain()
        self.domain.max_speed = 32
        self.former = bandwidth_throttle.SavedSpeed(
            libvirt_guest.Guest(self.domain)
        )

    def test_it_is_given_back(self):
        self.domain.max_speed = 8
        self.former.restore()
        self.assertEqual(32, self.domain.max_speed)

    def test_not_while_a_job_runs(self):
        self.domain.max_speed = 8
        self.domain.job = {'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED}
        self.former.restore()
        self.assertEqual(8, self.domain.max_speed)

    def test_a_guest_that_is_gone(self):
        self.domain.max_speed = 8
        self.domain.fails = BUSY
        self.former.restore()
        self.assertEqual(8, self.domain.max_speed)
