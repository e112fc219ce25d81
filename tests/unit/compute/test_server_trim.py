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

"""A server trims before nova's call, unless that is given up by then."""

import types
import unittest

import ddt

from nova_selective_migrate.compute.source import live_migration_operation
from nova_selective_migrate.core.decision import guest_trimming
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import migration_attempt
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain


@ddt.ddt
class ServerTrimTest(unittest.TestCase):
    def setUp(self):
        self.domain = fake_domain.FakeDomain()
        self.asked = 0
        self.domain.on_trim = self.ask
        self.calls = attempts.Attempts()

    def ask(self):
        self.asked += 1

    def trim(self, **wanted):
        plan = types.SimpleNamespace(
            trimming=guest_trimming.GuestTrimming(**wanted)
        )
        live_migration_operation.trim(
            types.SimpleNamespace(_domain=self.domain),
            types.SimpleNamespace(plan=plan),
            self.calls,
        )

    def test_as_planned(self):
        self.trim(seconds=5, images={'vda': '/nowhere'})
        self.assertEqual(
            (1, [5, -2]), (self.asked, self.domain.agent_timeouts)
        )

    def test_not_planned(self):
        self.trim()
        live_migration_operation.trim(None, None, self.calls)
        self.assertEqual(0, self.asked)

    def test_given_up_before(self):
        self.calls.abort(migration_attempt.BY_OPERATOR)
        self.trim(seconds=5, images={'vda': '/nowhere'})
        self.assertEqual(0, self.asked)

    def test_an_agent_that_fails_fails_nothing(self):
        def fail():
            raise fake_daemon.broken()

        self.domain.on_trim = fail
        self.trim(seconds=5, images={'vda': '/nowhere'})
