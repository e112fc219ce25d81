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

"""A thousand servers leave a host for forty others, in virtual time."""

import random
import tracemalloc

from nova_selective_migrate.drain import server_moves
from tests.unit.drain import drains
from tests.unit.drain import fake_nova

GIB = fake_nova.GIB
SERVERS, HOSTS = 1_000, 40
MOST_BYTES = 200 * 2**20
#: Of the time that link and concurrency need at least.
MOST_TIME = 1.15


class SimulatedDrainTest(drains.DrainTestCase):
    LINK, RATE = 2.5 * GIB, 0.5 * GIB

    def cloud(self):
        drawn = random.Random(15)
        servers = [
            fake_nova.server(
                f's{number:04}',
                drawn.choice((4, 8, 16, 40, 80, 160, 320)),
                local=drawn.random() < 0.7,
            )
            for number in range(SERVERS)
        ]
        hosts = [f'host{number:02}' for number in range(HOSTS)]
        nova = fake_nova.FakeNova(
            servers, hosts, link=self.LINK, rate=self.RATE
        )
        nova.enforcing = frozenset(hosts[::2])
        return nova

    def bound(self, nova, concurrent):
        """Return the least seconds that any order takes."""
        sizes = [server.most_bytes for server in nova.all.values()]
        pace = min(self.LINK, concurrent * self.RATE)
        return max(sum(sizes) / pace, max(sizes) / self.RATE)

    def drained(self, concurrent, destination, link):
        nova = self.cloud()
        least = self.bound(nova, concurrent)
        options = self.options(
            concurrent=concurrent, destination=destination, link=link
        )
        moves = self.drain(nova, options)
        self.assertEqual(
            {server_moves.MoveState.MOVED},
            {move.state for move in moves.values()},
        )
        self.assertEqual(SERVERS, nova.moved)
        self.assertFalse(
            {s for s in nova.all.values() if s.host == fake_nova.SOURCE}
        )
        self.assertLessEqual(max(nova.most.values()), destination)
        self.assertLessEqual(nova.most_link, link)
        self.assertLessEqual(nova.most_running, concurrent)
        spent = nova.time - fake_nova.STARTED
        self.assertLessEqual(spent, MOST_TIME * least, spent / least)

    def test_the_link_is_what_it_waits_for(self):
        self.drained(8, 400 * GIB, 3_000 * GIB)

    def test_concurrency_is_what_it_waits_for(self):
        self.drained(4, 400 * GIB, 3_000 * GIB)

    def test_tight_budgets_are_kept(self):
        self.drained(8, 320 * GIB, 2_400 * GIB)

    def test_it_takes_little_memory(self):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        nova = self.cloud()
        self.drain(nova, self.options(concurrent=40))
        self.assertLess(tracemalloc.get_traced_memory()[1], MOST_BYTES)
