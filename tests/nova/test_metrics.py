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

"""Metrics of real migrations of nova's, from the check to the end."""

import os
import threading
import unittest
from unittest import mock

import fixtures
from prometheus_client import parser

from nova_selective_migrate.compute import private_overrides
from tests.nova import base
from tests.nova import endings
from tests.nova import ours
from tests.nova import watched

MIB = base.MIB
PREFIX = 'selective_migrate_'


class MetricsTest(ours.OursTest):
    def setUp(self):
        self.folder = self.useFixture(fixtures.TempDir()).path
        super().setUp()
        #: Bytes that QEMU has copied of each disk, whenever it is asked.
        self.copied = 0
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Domain.blockJobInfo',
                lambda domain, target, flags=0: self.block_job(target),
            )
        )
        self.looked = watched_looks(self)

    def block_job(self, target):
        """What libvirt says of a disk; nothing before its copy."""
        if not self.copied or target not in base.LOCAL:
            return {}
        return {
            'type': 2,
            'bandwidth': 0,
            'cur': self.copied,
            'end': 10 * MIB,
        }

    def configure(self, **options):
        file = os.path.join(self.folder, 'x.prom')
        super().configure(metrics_file=file, **options)
        self.useFixture(
            fixtures.MockPatchObject(
                private_overrides, '_INTERVAL_SECONDS', 0.05
            )
        )
        if 'live_migration_monitor_interval' in base.CONF.libvirt:
            self.flags(live_migration_monitor_interval=1, group='libvirt')

    def metrics(self, host):
        return self.computes[host].driver._components.metrics

    def samples(self, host='src'):
        """What a host tells, by name and labels."""
        text = self.metrics(host).render()[0].decode()
        return {
            (
                sample.name.removeprefix(PREFIX),
                *sorted(sample.labels.values()),
            ): sample.value
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples
        }

    def of(self, server, host='src'):
        return {
            key: value
            for key, value in self.samples(host).items()
            if server['id'] in key
        }

    def test_a_migration_shows_while_it_runs_and_then_not(self):
        server = self.make_server()
        self.write_root_disk(server)
        course = self.fake.course(server['id'])
        course.hold()
        self.request(server)
        self.assertTrue(course.started.wait(watched.WAIT))
        name = self.domain(server).name()
        vda = ('disk_copied_bytes_total', *sorted((name, server['id'], 'vda')))
        for copied in (2 * MIB, 7 * MIB):
            self.copied = copied
            while self.of(server).get(vda) != copied:
                self.assertTrue(self.looked.acquire(timeout=watched.WAIT))
        found = self.samples()
        targets = {
            target
            for target in ('vda', 'vdb', 'vdc', 'vdd')
            if any(target in key for key in found)
        }
        self.assertEqual({*base.LOCAL}, targets, 'what is copied, and no more')
        self.assertEqual(1, found['migrations_in_running_phase',])
        self.assertEqual(0, found['migrations_in_pending_phase',])
        there = self.samples('dest')
        self.assertEqual(MIB, there['incoming_promised_bytes',])
        self.assertEqual(0, there['journal_waiting_entries', 'incoming'])
        self.assertEqual(0, found['journal_waiting_entries', 'outgoing'])
        course.release()
        self.migrated.wait()
        self.assertEqual(endings.MOVED, self.outcome(server))
        found = self.samples()
        self.assertEqual({}, self.of(server))
        self.assertEqual(1, found['migrations_total', 'completed', 'moved'])
        self.assertEqual(0, found['migrations_in_running_phase',])
        self.assertEqual(0, self.samples('dest')['incoming_promised_bytes',])

    def write_root_disk(self, server):
        """Have data to copy, of which nothing is sparse."""
        root, *_ = self.domain(server)._def['devices']['disks']
        with open(root['source'], 'wb') as image:
            image.write(os.urandom(MIB))
            os.fsync(image.fileno())

    def ended(self):
        return {
            key[1:]: value
            for key, value in self.samples().items()
            if key[0] == 'migrations_total' and value
        }

    def test_one_that_fails(self):
        server = self.make_server()
        endings.fail(self, server)
        self.assertEqual({('failed', 'not-moved'): 1}, self.ended())
        self.assertEqual({}, self.of(server))
        there = self.samples('dest')
        self.assertEqual(0, there['journal_waiting_entries', 'incoming'])
        self.assertEqual(0, there['incoming_promised_bytes',])

    def test_one_that_is_cancelled(self):
        server = self.make_server()
        endings.cancel(self, server)
        self.assertEqual({('cancelled', 'not-moved'): 1}, self.ended())

    def refusals(self):
        """Return how often each reason code has refused."""
        samples = self.samples().items()
        return {k: n for k, n in samples if k[0] == 'refusals_total'}

    def test_one_that_is_refused(self):
        server = self.make_server()
        self.add_disks(
            server,
            '<disk type="block" device="disk"><driver type="raw"/>'
            '<source dev="/dev/sdz"/><target dev="vdz"/></disk>',
        )
        before = self.refusals()
        self.refuse(server)
        after = self.refusals()
        self.assertLess(50, len(before))
        self.assertEqual({*before}, {*after})
        self.assertEqual({0}, {*before.values()})
        self.assertEqual({0, 1}, {*after.values()})
        self.assertEqual({}, self.ended())
        self.assertEqual({}, self.of(server))

    def test_one_that_waits_for_its_turn(self):
        """nova's own queue says which; its name is nova's."""
        driver = self.computes['src'].driver
        queue = driver.virtapi._compute._waiting_live_migrations
        self.assertEqual({}, queue)
        planned = driver._components.planned
        planned.keep('uuid', mock.sentinel.plan)
        self.assertEqual(0, self.samples()['migrations_in_pending_phase',])
        queue['uuid'] = (None, None)
        self.assertEqual(1, self.samples()['migrations_in_pending_phase',])
        queue.clear()

    def test_the_file_goes_when_nova_compute_ends(self):
        path = os.path.join(self.folder, 'x.prom')
        for host in ('src', 'dest'):
            metrics = self.metrics(host)
            metrics._write(path)
            self.assertTrue(os.path.exists(path))
            self.computes[host].driver.cleanup_host(host)
        self.assertFalse(os.path.exists(path))


def watched_looks(test):
    """Return what is released at each look at a migration of src."""
    rounds = threading.Semaphore(0)
    activity = test.computes['src'].driver._components.planned.activity
    real = activity.look

    def look(*arguments):
        real(*arguments)
        rounds.release()

    test.useFixture(fixtures.MockPatchObject(activity, 'look', look))
    return rounds


if __name__ == '__main__':
    unittest.main()
