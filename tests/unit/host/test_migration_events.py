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

"""What a listener hears of a migration."""

import threading

import libvirt

from nova_selective_migrate.host.migration import migration_attempt
from nova_selective_migrate.host.migration import migration_events
from tests.unit.host import fake_daemon
from tests.unit.host import migration


class EventsTest(migration.MigrationCase):
    def heard(self, migrator_=None):
        heard = []
        migrator_ = migrator_ or self.migrator()
        migrator_.run(self.reports.append, listen=heard.append)
        return heard

    def test_an_image_and_then_the_call(self):
        self.domain.on_migrate = self.move
        made, called = self.heard()
        self.assertEqual(migration.DISK, made.image.path)
        self.assertIsInstance(called, migration_events.LibvirtCalled)
        self.assertEqual(1, called.copy)
        self.assertEqual(['vda'], called.call.parameters['migrate_disks'])

    def test_no_secret_of_the_call_is_told(self):
        self.domain.on_migrate = self.move
        self.assertNotIn(migration.SECRET, repr(self.heard()))

    def test_an_abort_is_told_once(self):
        moving, aborted = self.migrator(), threading.Event()
        outgoing = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT

        def abort():
            self.domain.job = {}
            aborted.set()

        def migrate():
            self.domain.job = {'type': 1, 'operation': outgoing}
            moving.abort()
            self.assertTrue(aborted.wait(10))
            raise fake_daemon.broken('canceled')

        self.domain.on_abort = abort
        self.domain.on_migrate = migrate
        causes = [
            event.cause.kind
            for event in self.heard(moving)
            if isinstance(event, migration_events.AbortWanted)
        ]
        self.assertEqual([migration_attempt.AbortKind.OPERATOR], causes)
