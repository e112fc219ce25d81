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

"""The destination's answer to Finish is lost, and both hosts may run."""

import os

import fixtures
import libvirt

from nova_selective_migrate import conf
from nova_selective_migrate.compute.source import live_migration_settlement
from tests.nova import base
from tests.nova import endings
from tests.nova import hosts
from tests.nova import libvirt_fixture
from tests.nova import ours

RUNS, PAUSED = libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED
BOTH = 'selective_migrate_runs-on-both-hosts'
UNKNOWN = 'selective_migrate_location-unknown'


class _LostFinish(base.MigrationTest):
    def lose(self):
        """Migrate; the guest runs at the destination, and here again."""
        server = self.make_server(volume=None)
        self.fake.course(server['id']).loses_answer = True
        self.live_migrate(server)
        return server

    def state(self, host, server):
        domain = self.connection(host).lookupByUUIDString(server['id'])
        return domain.state()[0]

    def images(self, server):
        """Whether the directory is still there: on src and on dest."""
        here = os.path.join(base.CONF.instances_path, server['id'])
        there = self.path_there(server['id'])
        return os.path.isdir(here), os.path.isdir(there)

    def events_of(self, server):
        return [each['event'] for each in self.events(server)]


class StockTest(_LostFinish):
    """nova's own driver destroys that of the destination, unlooked."""

    def test_it(self):
        self.start_hosts()
        server = self.lose()
        self.rolled_back.wait()
        self.assertEqual(RUNS, self.state('src', server))
        self.assertFalse(self.images(server)[1])


class OursTest(_LostFinish, ours.OursTest):
    def assert_unknown(self, server, *words):
        self.assertEqual(endings.IN_ERROR, self.outcome(server))
        self.assertEqual((True, True), self.images(server))
        message = self.faults(server)[-1].message
        for word in ('unknown', *words):
            self.assertIn(word, message)

    def test_both_run(self):
        """That of the destination is suspended, and nothing is deleted."""
        server = self.lose()
        self.assert_unknown(
            server, 'suspended at once', 'destroy that of the destination'
        )
        self.assertEqual(RUNS, self.state('src', server))
        self.assertEqual(PAUSED, self.state('dest', server))
        self.assertIn(BOTH, self.events_of(server))
        self.assertIn(f'qemu+tcp://{hosts.ADDRESS}/system', self.opened)

    def test_the_destination_cannot_be_asked(self):
        self.out_of_reach = libvirt_fixture.error('no route to host')
        self.useFixture(
            fixtures.MockPatchObject(
                live_migration_settlement, '_SETTLE_SECONDS', 0
            )
        )
        server = self.lose()
        self.assert_unknown(server, 'cannot be asked')
        self.assertIn(UNKNOWN, self.events_of(server))
        self.assertEqual(RUNS, self.state('dest', server))

    def test_a_plain_failure_needs_no_answer(self):
        self.out_of_reach = libvirt_fixture.error('no route to host')
        server = self.make_server(volume=None)
        endings.fail(self, server)
        self.assertEqual(endings.FAILED, self.outcome(server))

    def test_nor_does_an_abort(self):
        server = self.make_server(volume=None)
        endings.cancel(self, server)
        self.assertEqual(endings.CANCELLED, self.outcome(server))


class StockSourceTest(_LostFinish):
    """Ours at the destination of a source that takes it for failed."""

    def test_it(self):
        self.start_compute('src')
        conf.register_opts(base.CONF)
        self.flags(group='selective_migrate', enabled=True)
        self.flags(compute_driver=hosts.OURS)
        self.start_compute('dest')
        self.separate()
        server = self.lose()
        self.rolled_back.wait()
        self.assertEqual(PAUSED, self.state('dest', server))
        self.assertEqual(RUNS, self.state('src', server))
        self.assertEqual((True, True), self.images(server))
        self.assertEqual('ERROR', self.outcome(server)['status'])
        self.assertIn('suspended at once', self.faults(server)[0].message)
