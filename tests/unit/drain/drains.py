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

"""Drains of a fake nova."""

import unittest

from nova_selective_migrate.drain import destination_choices
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import drain_plans
from nova_selective_migrate.drain import drain_runs
from nova_selective_migrate.drain import drain_tools
from nova_selective_migrate.drain import flight_budgets
from nova_selective_migrate.drain import stop_requests
from tests.unit.drain import fake_nova


class DrainTestCase(unittest.TestCase):
    """One drain of the fake's source."""

    def setUp(self):
        super().setUp()
        self.stop = stop_requests.StopRequests()
        self.watcher = fake_nova.Watcher()
        self.notes = fake_nova.Notes()

    def options(self, *, concurrent=4, destination=None, link=None, **more):
        return drain_options.DrainOptions(
            fake_nova.SOURCE,
            flight_budgets.FlightBudget(concurrent, destination, link),
            **more,
        )

    def hosts(self, nova, target=None):
        return destination_choices.DestinationHosts(
            frozenset(nova.hosts), nova.enforcing, target
        )

    def plan(self, nova, options=None, audit=None):
        options = options or self.options()
        return drain_plans.make(
            nova.servers(fake_nova.SOURCE),
            options,
            self.hosts(nova, options.target),
            audit,
        )

    def tools(self, nova):
        return drain_tools.DrainTools(
            nova, self.notes, nova, self.watcher, self.stop
        )

    def drain(self, nova, options=None, *, moves=None, aborts=False, **more):
        """Plan and run; return the moves by name."""
        options = options or self.options()
        if moves is None:
            moves = self.plan(nova, options).moves
        run = drain_runs.DrainRun(
            options,
            self.hosts(nova, options.target),
            self.tools(nova),
            aborts=aborts,
        )
        ended = run.run(moves, **more)
        return {move.server.name: move for move in ended}
