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

"""A migration of somebody else is watched, and the truth told of its end."""

import unittest
from unittest import mock

import ddt
import libvirt

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import watched_end
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import migration_watch
from tests.unit.host import migration

Ending = guest_location.Ending
Presence = guest_presence.Presence
RUNS = {
    'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
    'operation': libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT,
    'memory_total': 100,
    'memory_remaining': 40,
}


class WatchTest(migration.MigrationCase):
    def setUp(self):
        super().setUp()
        self.begun = []
        for name, value in (
            ('_POLL_SECONDS', 0.001),
            ('_NOTICE_SECONDS', 0.01),
        ):
            patch = mock.patch.object(migration_watch, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def watch(self, *looks, wait=False, destination=False):
        """Watch; each look but the last is a job that runs, or a call."""
        steps = [*looks]

        def job_stats(guest, *, completed=False):
            if completed:
                return {'downtime': 42}
            step = steps.pop(0) if steps else {}
            if callable(step):
                step()
                return {}
            return step

        hosts = self.hosts()
        there = hosts.destination if destination else None
        watch = migration_watch.MigrationWatch(
            hosts.source, libvirt_guest.Guest(self.domain), there
        )
        with mock.patch.object(libvirt_guest.Guest, 'job_stats', job_stats):
            return watch.follow(
                self.reports.append,
                lambda: self.begun.append(True),
                wait=wait,
            )

    def leave(self):
        """Let the guest leave the source, as libvirt tells it."""
        self.here.domains.clear()
        self.domain.tell(
            libvirt.VIR_DOMAIN_EVENT_STOPPED,
            libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED,
        )

    def test_one_that_succeeds(self):
        self.domain.jobs = {'vda': {'cur': 3, 'end': 10}}
        ended = self.watch(RUNS, RUNS, RUNS, self.leave)
        self.assertIs(Ending.MOVED, ended.settlement.ending)
        self.assertEqual([True], self.begun)
        self.assertEqual(['vda'], [d.name for d in self.reports[0].disks])
        self.assertEqual(1.0, self.reports[-1].disks[0].fraction)
        self.assertEqual(42, ended.stats['downtime'])
        self.assertEqual({}, self.domain.listeners)

    def test_one_that_fails(self):
        ended = self.watch(RUNS, RUNS)
        self.assertIs(Ending.NOT_MOVED, ended.settlement.ending)
        self.assertLess(self.reports[-1].memory.fraction, 1.0)

    def test_a_guest_that_is_only_gone_is_not_said_to_have_moved(self):
        ended = self.watch(RUNS, RUNS, self.here.domains.clear)
        self.assertIs(Ending.UNKNOWN, ended.settlement.ending)
        self.assertIn('DEST_URI', ended.settlement.explanation)

    def test_the_destination_is_asked_where_it_is_known(self):
        ended = self.watch(RUNS, RUNS, self.move, destination=True)
        self.assertIs(Ending.MOVED, ended.settlement.ending)
        self.assertIs(Presence.RUNNING, ended.destination.presence)

    def test_none_goes_on(self):
        ended = self.watch()
        self.assertIs(Ending.NOT_MOVED, ended.settlement.ending)
        self.assertIn('--wait', ended.settlement.explanation)
        self.assertEqual([], self.begun)

    def test_another_job_is_no_migration(self):
        dump = {**RUNS, 'operation': libvirt.VIR_DOMAIN_JOB_OPERATION_DUMP}
        self.assertEqual(0.0, self.watch(dump).seconds)

    def test_it_waits_for_one(self):
        ended = self.watch({}, {}, RUNS, RUNS, self.leave, wait=True)
        self.assertEqual([True], self.begun)
        self.assertIs(Ending.MOVED, ended.settlement.ending)

    def test_nothing_is_changed(self):
        self.watch(RUNS, RUNS, destination=True)
        self.assertEqual([], self.domain.calls)
        self.assertEqual((0, 0), (self.domain.suspended, self.domain.resumed))
        self.assertEqual([], self.domain.speeds)


@ddt.ddt
class JudgeTest(unittest.TestCase):
    @ddt.data(
        (Presence.RUNNING, False, Ending.NOT_MOVED),
        (Presence.RUNNING, True, Ending.NOT_MOVED),
        (Presence.PAUSED, False, Ending.NOT_MOVED),
        (Presence.MIGRATED, False, Ending.MOVED),
        (Presence.ABSENT, True, Ending.MOVED),
        (Presence.OFF, True, Ending.MOVED),
        (Presence.OFF, False, Ending.UNKNOWN),
        (Presence.ABSENT, False, Ending.UNKNOWN),
        (Presence.UNREACHABLE, True, Ending.UNKNOWN),
        (Presence.SWITCHING, True, Ending.UNKNOWN),
        (Presence.POSTCOPY, False, Ending.UNKNOWN),
        (Presence.POSTCOPY_FAILED, False, Ending.UNKNOWN),
    )
    @ddt.unpack
    def test_what_the_source_alone_tells(self, presence, departed, ending):
        side = guest_presence.GuestSide(presence)
        found = watched_end.judge(side, departed=departed)
        self.assertIs(ending, found.ending)
