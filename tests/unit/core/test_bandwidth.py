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

"""A limit of the link in libvirt's terms, which are of each disk."""

import unittest

import hypothesis
from hypothesis import strategies as st

from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.model import domains
from tests.unit.core import builders as b
from tests.unit.core import planned

OLD, NEW = 11_002_999, 11_003_000


def limit(total, version, parallel=0):
    return bandwidth.link_limit(total, parallel, domains.Versions(version))


def plan(count, version, **options):
    return planned.plan(
        b.case(
            *(b.disk(f'vd{n}', b.file(f'/data/{n}')) for n in range(count)),
            source={f'/data/{n}': b.local() for n in range(count)},
            versions={'source': {'libvirt': version}},
            **options,
        )
    )


class LimitTest(unittest.TestCase):
    def test_it_is_divided_among_the_disks(self):
        for total, disks, each in (
            (16, 0, 16),
            (16, 1, 16),
            (16, 2, 8),
            (16, 3, 5),
            (2, 8, 1),
            (0, 8, 0),
        ):
            with self.subTest(total=total, disks=disks):
                self.assertEqual(each, limit(total, NEW).per_disk(disks))

    def test_the_speed_of_a_mirror_can_be_changed(self):
        for version, adjustable in ((OLD, False), (NEW, True), (None, False)):
            with self.subTest(version=version):
                found = limit(1, version)
                self.assertIs(adjustable, found.adjustable)

    def test_it_can_be_kept(self):
        self.assertTrue(limit(2, OLD).kept(2))
        self.assertFalse(limit(2, OLD).kept(3))
        self.assertTrue(limit(2, NEW).kept(3))
        self.assertTrue(limit(0, OLD).kept(3))


class PlanTest(unittest.TestCase):
    def test_the_call_has_it_per_disk(self):
        for version in (OLD, NEW):
            for count, each in ((1, 9), (2, 4)):
                with self.subTest(version=version, count=count):
                    found = plan(count, version, bandwidth=9)
                    self.assertEqual(each, found['parameters']['bandwidth'])

    def test_the_remedy_names_what_can_be_done(self):
        (found,) = plan(3, OLD, bandwidth=2)['refusals']
        self.assertEqual('bandwidth-too-small', found['reason'])
        self.assertIn('2 MiB/s for 3 disks', found['message'])
        self.assertIn('11.2.999', found['message'])

    def test_what_cannot_be_had_is_noted(self):
        for count, version, options, words in (
            (2, OLD, {'bandwidth': 8}, 'each disk is copied at 4 MiB/s'),
            (3, OLD, {'parallel_mirrors': 2}, 'all 3 disks are copied'),
            (2, OLD, {'parallel_mirrors': 2}, None),
            (1, OLD, {'bandwidth': 8, 'parallel_mirrors': 1}, None),
            (2, OLD, {}, None),
            (2, NEW, {'bandwidth': 8, 'parallel_mirrors': 1}, None),
        ):
            with self.subTest(count=count, version=version, options=options):
                notes = ' '.join(self.notes(count, version, **options))
                if words:
                    self.assertIn(words, notes)
                else:
                    self.assertNotIn('11.3', notes)

    def notes(self, count, version, **options):
        return plan(count, version, **options)['notes']


MIB = 1 << 20
DISKS, MEMORY = migration_progress.Phase.DISKS, migration_progress.Phase.MEMORY


def progress(seconds=1.0, phase=DISKS, total=1000, **left):
    """Make a progress of disks that have so many MiB left."""
    return migration_progress.MigrationProgress(
        seconds,
        phase,
        tuple(
            migration_progress.Amount(name, total * MIB, (total - mib) * MIB)
            for name, mib in left.items()
        ),
        migration_progress.Amount('memory', 0, 0),
    )


def paces(total, *seen):
    """Return the pace after each of these."""
    found = [bandwidth.Pace()]
    for one in seen:
        found.append(found[-1].look(one, total))
    return found[1:]


def shares(total, seen, parallel=0, pace=None):
    pace = pace or bandwidth.Pace().look(seen, 0)
    return bandwidth.share(total, parallel, seen, pace)


class PaceTest(unittest.TestCase):
    def test_what_is_ahead_of_the_limit_is_a_debt_that_time_pays(self):
        first, second, third = paces(
            8,
            progress(5.0, a=984, b=984),
            progress(6.0, a=984, b=984),
            progress(11.0, a=984, b=984),
        )
        self.assertEqual(32 * MIB, first.debt)
        self.assertEqual(24 * MIB, second.debt)
        self.assertEqual(0, third.debt)

    def test_a_slow_link_gives_no_leave_to_be_fast_later(self):
        *_, last = paces(
            8,
            progress(1.0, a=1000),
            progress(11.0, a=999),
            progress(12.0, a=983),
        )
        self.assertEqual(8 * MIB, last.debt)

    def test_zeroes_that_were_not_sent_are_no_debt(self):
        _, last = paces(8, progress(1.0, a=1000), progress(2.0, a=100))
        self.assertEqual(16 * MIB, last.debt)

    def test_without_a_limit_there_is_no_debt(self):
        self.assertEqual(0, paces(0, progress(1.0, a=500))[0].debt)

    def test_a_mirror_with_next_to_nothing_left_is_in_sync(self):
        seen = progress(a=0, b=1, c=2)
        self.assertEqual({'a', 'b'}, paces(8, seen)[0].synced)

    def test_a_burst_of_the_guest_s_does_not_change_that(self):
        seen = progress(1.0, a=0), progress(2.0, a=16), progress(3.0, a=17)
        self.assertEqual(
            [{'a'}, {'a'}, set()], [pace.synced for pace in paces(8, *seen)]
        )

    def test_a_disk_that_has_not_begun_is_not_in_sync(self):
        self.assertEqual(set(), paces(8, progress(total=0, a=0))[0].synced)

    def test_what_a_mirror_in_sync_carries_are_the_guest_s_writes(self):
        seen = [
            migration_progress.MigrationProgress(
                seconds,
                DISKS,
                (
                    migration_progress.Amount('a', done * MIB, done * MIB),
                    migration_progress.Amount('b', 900 * MIB, other * MIB),
                ),
                migration_progress.Amount('memory', 0, 0),
            )
            for seconds, done, other in (
                (1.0, 100, 10),
                (3.0, 108, 90),
                (5.0, 116, 99),
            )
        ]
        found = [pace.writes for pace in paces(8, *seen)]
        self.assertEqual([0, 2 * MIB, 3 * MIB], found)


class ShareTest(unittest.TestCase):
    def test_by_what_remains(self):
        found = shares(8, progress(a=300, b=100))
        self.assertEqual({'a': 6 * MIB, 'b': 2 * MIB}, found.disks)
        self.assertEqual(8, found.memory)

    def test_a_debt_is_paid_by_the_end(self):
        seen = progress(a=300, b=100)
        pace = bandwidth.Pace(debt=400 * MIB)
        found = shares(8, seen, pace=pace)
        self.assertEqual({'a': 3 * MIB, 'b': 1 * MIB}, found.disks)

    def test_a_mirror_in_sync_leaves_its_share_to_the_others(self):
        found = shares(8, progress(a=300, b=0))
        self.assertEqual({'a': 8 * MIB, 'b': 8 * MIB}, found.disks)

    def test_what_the_guest_writes_is_not_shared_out(self):
        pace = bandwidth.Pace(synced=frozenset('b'), writes=2 * MIB)
        found = shares(8, progress(a=300, b=0), pace=pace)
        self.assertEqual({'a': 6 * MIB, 'b': 8 * MIB}, found.disks)

    def test_the_largest_first_however_little_it_has_left(self):
        seen = migration_progress.MigrationProgress(
            1.0,
            DISKS,
            tuple(
                migration_progress.Amount(
                    name, total * MIB, (total - left) * MIB
                )
                for name, total, left in (
                    ('a', 300, 300),
                    ('b', 900, 100),
                    ('c', 600, 200),
                    ('d', 900, 0),
                )
            ),
            migration_progress.Amount('memory', 0, 0),
        )
        parked, free = bandwidth.PARKED, 9 * MIB
        self.assertEqual(
            {'a': parked, 'b': free, 'c': parked, 'd': free},
            shares(9, seen, parallel=1).disks,
        )
        self.assertEqual(
            {'a': parked, 'b': 3 * MIB, 'c': 6 * MIB, 'd': free},
            shares(9, seen, parallel=2).disks,
        )

    def test_of_equal_ones_the_first(self):
        found = shares(9, progress(a=300, b=100), parallel=1)
        self.assertEqual({'a': 9 * MIB, 'b': bandwidth.PARKED}, found.disks)

    def test_one_held_back_is_not_unlimited(self):
        # 0 is no limit to QEMU.
        found = shares(0, progress(a=300, b=100), parallel=1)
        self.assertGreater(found.disks['b'], 0)
        self.assertEqual(0, found.disks['a'])

    def test_no_limit(self):
        found = shares(0, progress(a=300, b=0))
        self.assertEqual({'a': 0, 'b': 0}, found.disks)
        self.assertIsNone(found.memory)

    def test_memory_is_spared_for_the_guest_s_writes(self):
        seen = progress(phase=MEMORY, a=0)
        for writes, memory in ((0.0, 8), (2.5, 5), (7.5, 4), (99.0, 4)):
            with self.subTest(writes=writes):
                pace = bandwidth.Pace(
                    synced=frozenset('a'), writes=writes * MIB
                )
                found = shares(8, seen, pace=pace)
                self.assertEqual(memory, found.memory)

    def test_memory_is_never_without_any(self):
        pace = bandwidth.Pace(synced=frozenset('a'), writes=5.0 * MIB)
        seen = progress(phase=MEMORY, a=0)
        self.assertEqual(1, shares(1, seen, pace=pace).memory)

    @hypothesis.given(
        total=st.integers(1, 10**6),
        parallel=st.integers(0, 9),
        left=st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
        writes=st.floats(0, 1e12),
        debt=st.floats(0, 1e12),
    )
    def test_it_is_never_exceeded(self, total, parallel, left, writes, debt):
        names = {f'd{n}': mib for n, mib in enumerate(left)}
        seen = progress(total=10**6, **names)
        synced = bandwidth.Pace().look(seen, 0).synced
        pace = bandwidth.Pace(synced=synced, writes=writes, debt=debt)
        found = shares(total, seen, parallel, pace)
        self.assertEqual({*names}, {*found.disks})
        self.assertTrue(all(speed > 0 for speed in found.disks.values()))
        writing = sum(
            speed for name, speed in found.disks.items() if name not in synced
        )
        least = len(names) * bandwidth.PARKED
        self.assertLessEqual(writing, max(total * MIB - writes, 0) + least)
