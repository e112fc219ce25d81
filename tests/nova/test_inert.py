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

"""Not enabled, and in audit mode, nova is nova to the byte."""

from tests.nova import base
from tests.nova import endings
from tests.nova import hosts
from tests.nova import ours
from tests.nova import wire


class InertTest(ours.OursTest):
    DRIVER = hosts.STOCK
    OPTIONS = {'enabled': False}

    def setUp(self):
        super().setUp()
        self.wire = self.useFixture(wire.Wire())

    def seen(self, end=base.MigrationTest.live_migrate) -> list[str]:
        """Everything that a migration says to libvirt and between hosts."""
        server = self.make_server()
        before = len(self.wire.seen)
        end(self, server)
        call = self.fake.call_of(server['id'])
        self._delete_server(self.api.get_server(server['id']))
        return [
            *self.wire.seen[before:],
            wire.plain([call.uri, call.params, call.flags]),
        ]

    def take_ours(self, **options):
        self.flags(compute_driver=hosts.OURS)
        self.configure(**options)
        for host in ('src', 'dest'):
            self.restart_compute_service(host)
        self.separate()
        for service in self.computes.values():
            self.assertEqual(
                'SelectiveMigrateDriver', type(service.driver).__name__
            )

    def test_not_enabled_or_auditing_it_says_what_stock_says(self):
        stock = self.seen()
        self.assertIn('"migrate_disks": ["vda", "vdb", "vdc"]', stock[-1])
        self.take_ours(enabled=False)
        self.assertEqual(stock, self.seen())
        self.assertNotIn('Audit', self.stdlog.logger.output)

        self.take_ours(enabled=True, mode='audit')
        self.assertEqual(stock, self.seen())
        logged = self.stdlog.logger.output.splitlines()
        told = [line for line in logged if 'Audit' in line]
        self.assertEqual(1, len(told), told)
        self.assertIn('the plan copies vda, vdb, vdc', told[0])
        self.assertIn('nova copies vda, vdb, vdc: ', told[0])


class InertFailureTest(InertTest):
    """Stock's ends as well, whatever one thinks of them."""

    def seen(self, end=endings.fail):
        return super().seen(end)
