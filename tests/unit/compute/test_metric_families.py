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

"""The text that Prometheus reads: names, labels, and how many there are."""

import pathlib
import re
import unittest

import prometheus_client
from prometheus_client import parser

from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.metrics import audit_results
from nova_selective_migrate.compute.metrics import host_state
from nova_selective_migrate.compute.metrics import metric_families
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import migration_progress

Ending = guest_location.Ending
Phase = migration_progress.Phase
PAGE = pathlib.Path(__file__).parents[3] / 'doc/source/admin/metrics.rst'
UUID = '3a0c4a5e-0000-4000-8000-000000000001'
GUEST = {'domain': 'instance-00000001', 'instance_id': UUID}
AUDIT = audit_results.AuditResults(
    1000.5, 2, 1, 0, 5, 7, {'snapshots': 1, 'locality-unknown': 2}
)


def progress(done, memory=0, phase=Phase.DISKS):
    return migration_progress.MigrationProgress(
        1.0,
        phase,
        (
            migration_progress.Amount('vda', 100, done, 12.5),
            migration_progress.Amount('vdb', 0, 0),
        ),
        migration_progress.Amount('memory', memory, memory // 4),
    )


class _Registry:
    """What is rendered: a registry that has one collector."""

    def __init__(self, state):
        self._state = state

    def collect(self):
        return metric_families.families(self._state)


def text(state):
    return prometheus_client.generate_latest(_Registry(state)).decode()


class FamiliesTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.activity = migration_activity.MigrationActivity()

    def samples(self, **fields):
        """Read back what is written: value by name and labels."""
        state = host_state.HostState(self.activity.snapshot(), **fields)
        return {
            (
                sample.name.removeprefix('selective_migrate_'),
                *sample.labels.items(),
            ): sample.value
            for family in parser.text_string_to_metric_families(text(state))
            for sample in family.samples
        }

    def begin(self, uuid=UUID, domain='instance-00000001'):
        self.activity.begin(uuid, domain)

    def of_guest(self, **fields):
        """Return the samples that name a guest."""
        return {
            key: value
            for key, value in self.samples(**fields).items()
            if 'instance_id' in dict(key[1:])
        }

    def test_disks(self):
        self.begin()
        self.activity.look(UUID, progress(40))
        found = self.samples()
        guest = tuple(GUEST.items())
        vda = (*guest, ('target_device', 'vda'))
        self.assertEqual(40, found[('disk_copied_bytes_total', *vda)])
        self.assertEqual(60, found[('disk_remaining_bytes', *vda)])
        self.assertEqual(12.5, found[('disk_transfer_rate_bytes', *vda)])
        vdb = (*guest, ('target_device', 'vdb'))
        self.assertEqual(0, found[('disk_copied_bytes_total', *vdb)])

    def test_memory_is_told_once_it_is_sent(self):
        self.begin()
        self.activity.look(UUID, progress(40))
        self.assertFalse([k for k in self.samples() if 'memory' in k[0]])
        self.activity.look(UUID, progress(100, 80, Phase.MEMORY))
        found = self.samples()
        guest = tuple(GUEST.items())
        self.assertEqual(80, found[('memory_bytes', *guest)])
        self.assertEqual(60, found[('memory_remaining_bytes', *guest)])

    def test_times(self):
        self.begin()
        self.activity.look(UUID, progress(40))
        (seen,) = self.activity.snapshot().following
        guest = tuple(GUEST.items())
        found = self.samples()
        name = 'migration_phase_start_time_seconds'
        phases = {
            dict(key[1:])['phase']: value
            for key, value in found.items()
            if key[0] == name
        }
        self.assertEqual({'preparing', 'disks'}, phases.keys())
        self.assertEqual(dict(seen.phases)[Phase.DISKS], phases['disks'])
        self.assertEqual(
            seen.moved_at,
            found[('migration_last_progress_time_seconds', *guest)],
        )

    def test_labels_of_phases(self):
        self.assertEqual(
            ['preparing', 'disks', 'memory', 'finishing'],
            [metric_families.phase_label(phase) for phase in Phase],
        )

    def test_the_series_of_a_guest_end_with_its_migration(self):
        before = self.samples().keys()
        self.begin()
        self.activity.look(UUID, progress(100, 80, Phase.MEMORY))
        self.assertTrue(self.of_guest())
        self.activity.end(UUID, Ending.MOVED, 'completed')
        self.assertEqual({}, self.of_guest())
        self.assertEqual(before, self.samples().keys())

    def test_their_number_does_not_grow_with_time(self):
        """A thousand migrations later it is what it was after the first."""
        for number in range(1000):
            self.begin(str(number), f'instance-{number}')
            self.activity.look(str(number), progress(1))
            self.activity.refuse(['snapshots'])
            self.activity.end(str(number), Ending.NOT_MOVED, 'failed')
            if not number:
                first = self.samples().keys()
        self.assertEqual(first, self.samples().keys())

    def test_endings_are_told_from_the_beginning(self):
        def counts():
            return {
                (dict(key[1:])['outcome'], dict(key[1:])['status']): value
                for key, value in self.samples().items()
                if key[0] == 'migrations_total'
            }

        self.assertEqual({0}, {*counts().values()})
        self.assertEqual({e.value for e in Ending}, {e for e, _ in counts()})
        self.activity.end(UUID, Ending.UNKNOWN, 'error')
        self.activity.end(UUID, Ending.NOT_MOVED, 'error')
        self.assertEqual(1, counts()['unknown', 'error'])
        self.assertEqual(1, counts()['not-moved', 'error'])

    def test_a_reason_is_one_that_is_documented(self):
        self.activity.refuse(['snapshots', 'made-up"}'])
        self.assertEqual(
            [('refusals_total', ('reason', 'snapshots'))],
            [
                key
                for key, value in self.samples().items()
                if key[0] == 'refusals_total' and value
            ],
        )

    def test_the_host(self):
        self.begin()
        found = self.samples(
            pending=2,
            promised_bytes=9,
            incoming_waiting=1,
            outgoing_waiting=0,
            unread=1,
        )
        self.assertEqual(2, found['migrations_in_pending_phase',])
        self.assertEqual(1, found['migrations_in_running_phase',])
        self.assertEqual(9, found['incoming_promised_bytes',])
        name = 'journal_waiting_entries'
        self.assertEqual(1, found[name, ('journal', 'incoming')])
        self.assertEqual(0, found[name, ('journal', 'outgoing')])
        self.assertEqual(1, found['unread_parts',])

    def test_what_is_not_known_is_not_told(self):
        names = {key[0] for key in self.samples()}
        for name in (
            'migrations_in_pending_phase',
            'incoming_promised_bytes',
            'journal_waiting_entries',
        ):
            self.assertNotIn(name, names)
        self.assertFalse([name for name in names if 'audit' in name])

    def test_audit(self):
        found = self.samples(audit=AUDIT)
        self.assertEqual(2, found['audit_guests', ('result', 'movable')])
        self.assertEqual(1, found['audit_guests', ('result', 'refused')])
        self.assertEqual(0, found['audit_guests', ('result', 'not-planned')])
        self.assertEqual(
            2, found['audit_refused_guests', ('reason', 'locality-unknown')]
        )
        self.assertEqual(1000.5, found['audit_time_seconds',])
        self.assertEqual(5, found['audit_copy_bytes',])
        self.assertEqual(7, found['audit_memory_bytes',])

    def test_every_metric_is_documented(self):
        """doc/source/admin/metrics.rst names them, with their types."""
        self.begin()
        self.activity.look(UUID, progress(100, 80, Phase.MEMORY))
        state = host_state.HostState(
            self.activity.snapshot(), 1, 1, 1, 1, AUDIT
        )
        page = PAGE.read_text()
        told = dict(
            re.findall(r'^``(selective_migrate_\w+)`` \((\w+)', page, re.M)
        )
        made = dict(re.findall(r'^# TYPE (\S+) (\w+)', text(state), re.M))
        self.assertEqual(made, told)


if __name__ == '__main__':
    unittest.main()
