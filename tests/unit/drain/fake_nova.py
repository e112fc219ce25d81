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

"""A cloud with a clock of its own, as nova's API shows it to a drain."""

import dataclasses
import heapq
import itertools

from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import nova_port

GIB = 1 << 30
SOURCE = 'source'
STARTED = 1_000_000.0


def server(name, gib=4, *, local=True, **changes):
    """Make a server of the source; its uuid is its name."""
    half = gib * GIB // 2
    made = drain_servers.DrainServer(
        uuid=name,
        name=name,
        project='project',
        host=SOURCE,
        status='ACTIVE',
        flavor='flavor',
        memory_bytes=half if local else gib * GIB,
        disk_bytes=half if local else 0,
    )
    return dataclasses.replace(made, **changes)


@dataclasses.dataclass
class Running:
    """A migration that goes on."""

    server: str
    destination: str
    total: float
    remaining: float


class FakeNova:
    """Migrations share the link of the source evenly, up to their own rate.

    :ivar fails: server -> what becomes of its next migrations, in order: a
        status of the record, `raise`, `lost` or `silent`
    :ivar most: for each destination the bytes that were ever on the way
    """

    def __init__(self, servers, hosts, *, link=1.0 * GIB, rate=0.25 * GIB):
        self.time = STARTED
        self.link, self.rate = link, rate
        self.hosts = list(hosts)
        self.enforcing = frozenset()
        self.all = {each.uuid: each for each in servers}
        self.volumes = {}
        self.records = {each: [] for each in self.all}
        self.running = {}
        self.fails = {}
        self.events = {}
        self.asked = []
        self.disabled = []
        self.aborted = []
        self.source_enabled = True
        self.most = dict.fromkeys(self.hosts, 0)
        self.most_link = 0
        self.most_running = 0
        self.ids = itertools.count(1)
        self.moved = 0
        self.at = []

    # The clock.

    def now(self):
        return self.time

    def wait(self, seconds):
        end = self.time + seconds
        while self.at and self.at[0][0] <= end:
            moment, _, action = heapq.heappop(self.at)
            self.pass_time(moment - self.time)
            self.time = moment
            action()
        self.pass_time(end - self.time)
        self.time = end

    def after(self, seconds, action):
        """Do something once so many seconds have passed."""
        moment = self.time + seconds
        heapq.heappush(self.at, (moment, next(self.ids), action))

    def pass_time(self, seconds):
        """Let what runs move, until each end of one and then on."""
        while seconds > 0 and self.running:
            speed = min(self.rate, self.link / len(self.running))
            first = min(each.remaining for each in self.running.values())
            step = min(seconds, first / speed)
            for number, each in [*self.running.items()]:
                each.remaining -= step * speed
                if each.remaining <= 1e-6:
                    self.finish(number, 'completed')
            seconds -= step

    def finish(self, number, status):
        one = self.running.pop(number)
        self.record(one.server, number, status, one.destination)
        where = one.destination if status == 'completed' else SOURCE
        self.all[one.server] = dataclasses.replace(
            self.all[one.server], host=where, task=None
        )
        self.moved += status == 'completed'

    def record(self, uuid, number, status, destination):
        records = [r for r in self.records[uuid] if r.id != number]
        made = nova_port.LiveMigrationRecord(
            number, status, SOURCE, destination
        )
        self.records[uuid] = [*records, made]

    # The API.

    def services(self):
        return tuple(
            nova_port.ComputeService(h, h, True, True)
            for h in (SOURCE, *self.hosts)
        )

    def disable(self, service, reason):
        self.disabled.append((service.host, reason))

    def enforcing_hosts(self):
        return self.enforcing

    def servers(self, host):
        return iter([s for s in self.all.values() if s.host == host])

    def server(self, uuid):
        return self.all.get(uuid)

    def attachments(self, uuid):
        return frozenset(self.volumes.get(uuid, ()))

    def migrations(self, uuid):
        return tuple(self.records[uuid])

    def moved_bytes(self, uuid, migration):
        one = self.running.get(migration)
        if one is None:
            return None
        return nova_port.MovedBytes(round(one.total), round(one.remaining))

    def failed_events(self, uuid, request):
        return tuple(self.events.get(uuid, ()))

    def abort(self, uuid, migration):
        if migration not in self.running:
            raise nova_port.NovaRefused('it does not run', 404)
        self.aborted.append(uuid)
        self.finish(migration, 'cancelled')

    def live_migrate(self, uuid, host):
        self.asked.append((uuid, host))
        found = self.all[uuid]
        if found.task is not None:
            raise nova_port.NovaRefused('409: it is migrating', 409)
        fate = (self.fails.get(uuid) or ['completed']).pop(0)
        if fate == 'raise':
            raise nova_port.NovaRefused('403: not you', 403)
        if fate == 'silent':
            raise nova_port.NovaError('no answer')
        number = next(self.ids)
        destination = host or self.choose()
        if fate in ('error', 'failed'):
            self.record(uuid, number, fate, destination)
            return f'request-{number}'
        if fate == 'lost':
            self.record(uuid, number, 'failed', destination)
            self.all[uuid] = dataclasses.replace(
                found, status='ERROR', fault='it is nowhere'
            )
            return f'request-{number}'
        self.all[uuid] = dataclasses.replace(found, task='migrating')
        total = float(found.most_bytes or GIB)
        self.running[number] = Running(uuid, destination, total, total)
        self.record(uuid, number, 'running', destination)
        self.look()
        if fate == 'no answer':
            raise nova_port.NovaError('no answer')
        return f'request-{number}'

    def choose(self):
        """Choose as a scheduler that does not care for what is on its way."""
        return self.hosts[next(self.ids) % len(self.hosts)]

    def look(self):
        """Note how much is on the way; sizes are what was promised."""
        sums = dict.fromkeys(self.hosts, 0)
        for one in self.running.values():
            sums[one.destination] += self.all[one.server].most_bytes or 0
        for host, size in sums.items():
            self.most[host] = max(self.most[host], size)
        self.most_link = max(self.most_link, sum(sums.values()))
        self.most_running = max(self.most_running, len(self.running))


class Notes:
    """A journal in memory; `at` is called with each line's number."""

    def __init__(self, at=None):
        self.lines = []
        self.at = at

    def note(self, move):
        self.lines.append(move)
        if self.at:
            self.at(move)


class Watcher:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []
        self.shown = 0

    def show(self, moves, progress, seconds):
        self.shown += 1

    def tell(self, words):
        self.told.append(words)

    def close(self):
        pass
