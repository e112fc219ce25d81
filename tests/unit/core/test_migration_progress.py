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

"""Progress follows from samples: amounts, rates, phases."""

import unittest

import hypothesis
from hypothesis import strategies as st

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job.migration_progress import Phase

ORDER = list(Phase)


def sample(
    seconds: float,
    blocks: dict[str, tuple[int, int]] | None = None,
    memory: tuple[int, int] | None = None,
) -> migration_progress.Sample:
    """Make a sample of (done, total) pairs."""
    job = {}
    if memory is not None:
        done, total = memory
        job = {'memory_total': total, 'memory_remaining': total - done}
    return migration_progress.Sample(
        seconds,
        job,
        {
            name: {'cur': done, 'end': total}
            for name, (done, total) in (blocks or {}).items()
        },
    )


def follow(*samples: migration_progress.Sample, targets=('vda',)):
    """Return the progress after each sample."""
    found = []
    for one in samples:
        before = found[-1] if found else None
        found.append(migration_progress.measure(one, targets, before))
    return found


class AmountTest(unittest.TestCase):
    def test_each_disk_and_memory_is_measured(self):
        found = migration_progress.measure(
            sample(1, {'vda': (3, 10), 'vdb': (0, 5)}), ['vdb', 'vda']
        )
        self.assertEqual(1, found.seconds)
        self.assertEqual(
            [('vdb', 5, 0), ('vda', 10, 3), ('memory', 0, 0)],
            [
                (a.name, a.total, a.processed)
                for a in (*found.disks, found.memory)
            ],
        )

    def test_memory_moves_only_after_every_disk_is_in_sync(self):
        # libvirt starts it then, and tells nothing of the disks any more.
        first, last = follow(
            sample(1, {'vda': (3, 10)}), sample(2, memory=(60, 100))
        )
        self.assertEqual((10, 3), self._sizes(first.disks[0]))
        self.assertEqual((10, 10), self._sizes(last.disks[0]))
        self.assertEqual((100, 60), self._sizes(last.memory))
        self.assertEqual([3, 70], [first.processed, last.processed])

    def test_nothing_known_is_nothing_done(self):
        found = migration_progress.measure(
            migration_progress.Sample(0, {}, {}), ['vda']
        )
        self.assertEqual(
            (migration_progress.Amount('vda', 0, 0),), found.disks
        )
        self.assertEqual(
            migration_progress.Amount('memory', 0, 0), found.memory
        )
        self.assertEqual(0.0, found.memory.fraction)

    def test_a_disk_without_job_yet_is_nothing_done(self):
        found = migration_progress.measure(
            migration_progress.Sample(0, {}, {'vda': {}}), ['vda', 'vdb']
        )
        self.assertEqual([0, 0], [disk.total for disk in found.disks])

    def test_what_remains_and_how_much_is_done(self):
        amount = migration_progress.Amount('vda', 10, 4)
        self.assertEqual((6, 0.4), (amount.remaining, amount.fraction))
        more = migration_progress.Amount('vda', 10, 12)
        self.assertEqual((0, 1.0), (more.remaining, more.fraction))

    def test_rate_and_eta_come_from_two_samples(self):
        _, last = follow(
            sample(1, {'vda': (100, 1000)}), sample(3, {'vda': (300, 1000)})
        )
        self.assertEqual(100, last.disks[0].rate)
        self.assertEqual(7, last.disks[0].eta_seconds)

    def test_eta_counts_what_the_guest_adds(self):
        _, last = follow(
            sample(1, {'vda': (100, 1000)}), sample(2, {'vda': (200, 1300)})
        )
        self.assertEqual(11, last.disks[0].eta_seconds)

    def test_no_rate_where_nothing_moved_or_no_time_passed(self):
        for second in (
            sample(2, {'vda': (100, 1000)}),
            sample(2, {'vda': (50, 1000)}),
            sample(1, {'vda': (200, 1000)}),
        ):
            with self.subTest(second=second):
                _, last = follow(sample(1, {'vda': (100, 1000)}), second)
                self.assertEqual(0.0, last.disks[0].rate)
                self.assertIsNone(last.disks[0].eta_seconds)

    def test_the_first_sight_of_a_job_has_no_rate(self):
        _, last = follow(sample(1), sample(2, {'vda': (100, 1000)}))
        self.assertIsNone(last.disks[0].eta_seconds)

    def test_rates_of_each_disk_and_of_memory(self):
        _, last = follow(
            sample(1, {'vda': (1, 9), 'vdb': (2, 9)}, (1, 9)),
            sample(2, {'vda': (2, 9), 'vdb': (5, 9)}, (3, 9)),
            targets=('vda', 'vdb'),
        )
        self.assertEqual(
            [
                migration_progress.Amount('vda', 9, 2, 1, 7),
                migration_progress.Amount('vdb', 9, 5, 3, 4 / 3),
                migration_progress.Amount('memory', 9, 3, 2, 3),
            ],
            [*last.disks, last.memory],
        )

    def test_amounts_without_a_rate(self):
        _, last = follow(
            sample(1, {'vda': (2, 9)}), sample(2, {'vda': (2, 9)})
        )
        self.assertEqual((migration_progress.Amount('vda', 9, 2),), last.disks)
        _, last = follow(sample(1, {'vda': (2, 9)}), sample(2, memory=(1, 9)))
        self.assertEqual((migration_progress.Amount('vda', 9, 9),), last.disks)

    def test_a_disk_that_was_not_measured_before(self):
        before = migration_progress.measure(
            sample(1, {'vda': (1, 9)}), ['vda']
        )
        found = migration_progress.measure(
            sample(2, {'vdb': (2, 9)}), ['vdb'], before
        )
        self.assertEqual(
            (migration_progress.Amount('vdb', 9, 2),), found.disks
        )

    def test_nothing_left_takes_no_time(self):
        _, last = follow(
            sample(1, {'vda': (1, 9)}), sample(2, {'vda': (10, 9)})
        )
        self.assertEqual(0, last.disks[0].eta_seconds)

    def test_a_disk_that_still_has_a_job_says_itself_how_far_it_is(self):
        found = migration_progress.measure(
            sample(1, {'vda': (3, 10)}, (1, 9)), ['vda']
        )
        self.assertEqual((10, 3), self._sizes(found.disks[0]))

    def test_a_job_that_ended_keeps_what_it_came_to(self):
        last = follow(sample(1, {'vda': (90, 100)}), sample(2), sample(3))[-1]
        self.assertEqual((100, 90), self._sizes(last.disks[0]))
        last = follow(sample(1, memory=(1, 9)), sample(2), sample(3))[-1]
        self.assertEqual((9, 1), self._sizes(last.memory))
        self.assertIsNone(last.disks[0].eta_seconds)

    def _sizes(self, amount):
        return amount.total, amount.processed


class PhaseTest(unittest.TestCase):
    def test_words(self):
        self.assertEqual(
            ['preparing', 'copying disks', 'copying memory', 'finishing'],
            [phase.value for phase in Phase],
        )

    def phases(self, *samples):
        return [found.phase for found in follow(*samples)]

    def test_the_usual_course(self):
        done = {'vda': (100, 100)}
        self.assertEqual(
            [
                Phase.PREPARING,
                Phase.DISKS,
                Phase.DISKS,
                Phase.MEMORY,
                Phase.FINISHING,
            ],
            self.phases(
                sample(0),
                sample(1, {'vda': (1, 100)}),
                sample(2, done),
                sample(3, done, (1, 9)),
                sample(4, done),
            ),
        )

    def test_without_disks_memory_comes_at_once(self):
        self.assertEqual(
            [Phase.PREPARING, Phase.MEMORY],
            self.phases(sample(0), sample(1, memory=(0, 5))),
        )

    def test_a_moment_without_block_jobs_does_not_go_back(self):
        self.assertEqual(
            [Phase.DISKS, Phase.DISKS],
            self.phases(sample(0, {'vda': (1, 9)}), sample(1)),
        )

    def test_a_moment_without_statistics_does_not_go_back(self):
        # job_stats() gives {} whenever libvirt could not answer in time.
        phases = self.phases(
            sample(0, memory=(1, 9)), sample(1), sample(2, memory=(5, 9))
        )
        self.assertEqual(sorted(phases, key=ORDER.index), phases)


SIZES = st.integers(0, 1 << 50)
PAIRS = st.tuples(SIZES, SIZES).map(sorted).map(tuple)
SAMPLES = st.lists(
    st.tuples(
        st.floats(0, 60),
        st.dictionaries(st.sampled_from(['vda', 'vdb']), PAIRS),
        st.none() | PAIRS,
    ),
    min_size=1,
    max_size=6,
)


class AnySamplesTest(unittest.TestCase):
    @hypothesis.given(SAMPLES)
    @hypothesis.settings(max_examples=60, deadline=None)
    def test_numbers_can_always_be_shown(self, pieces):
        seconds = 0.0
        samples = []
        for passed, blocks, memory in pieces:
            seconds += passed
            samples.append(sample(seconds, blocks, memory))
        for found in follow(*samples, targets=('vda', 'vdb')):
            for amount in (*found.disks, found.memory):
                self.assertTrue(0.0 <= amount.fraction <= 1.0)
                self.assertGreaterEqual(amount.rate, 0.0)
                self.assertGreaterEqual(amount.remaining, 0)
                if amount.eta_seconds is not None:
                    self.assertGreaterEqual(amount.eta_seconds, 0.0)


class PercentTest(unittest.TestCase):
    def test_at_the_edges(self):
        for job, memory, percent in (
            ({'disk_total': 1}, 0, 0),
            ({'disk_total': 100, 'disk_processed': 99}, 0, 99),
            ({'disk_total': 100, 'disk_processed': 98}, 0, 98),
            ({'disk_total': 100, 'disk_processed': 1}, 0, 1),
            ({'disk_processed': 5}, 0, 0),
            ({'memory_total': 200, 'memory_remaining': 100}, 7, 50),
            ({'memory_total': 2}, 7, 99),
            ({'memory_remaining': 5, 'disk_total': 8}, 2, 0),
            (
                {
                    'memory_remaining': 5,
                    'disk_total': 8,
                    'disk_processed': 6,
                },
                2,
                60,
            ),
            ({'memory_total': 2, 'memory_remaining': 5}, 0, 0),
        ):
            with self.subTest(job=job):
                self.assertEqual(
                    percent, migration_progress.percent(job, memory)
                )

    def test_before_libvirt_tells_of_memory(self):
        job = {'disk_total': 300, 'disk_processed': 150}
        self.assertEqual(37, migration_progress.percent(job, 100))

    def test_disks_and_memory(self):
        job = {
            'disk_total': 300,
            'disk_processed': 300,
            'memory_total': 100,
            'memory_remaining': 50,
        }
        self.assertEqual(87, migration_progress.percent(job, 1))

    def test_is_never_full_before_the_end(self):
        job = {'memory_total': 100, 'memory_remaining': 0}
        self.assertEqual(99, migration_progress.percent(job, 1))

    def test_nothing_is_known(self):
        self.assertEqual(0, migration_progress.percent({}, 0))
        self.assertEqual(
            0, migration_progress.percent({'disk_total': None}, 0)
        )
