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

"""How a server's move ended: by nova's record, and by the server itself.

Neither is believed alone. What they do not agree on is unknown, and nobody
tries that again.
"""

import collections.abc

from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves

_REFUSALS = frozenset(str(each.value) for each in refusals.ALL_REASONS)
_State = server_moves.MoveState


def judge(
    move: server_moves.ServerMove,
    record: nova_port.LiveMigrationRecord,
    server: drain_servers.DrainServer | None,
    volumes: nova_port.Attachments,
    events: collections.abc.Sequence[nova_port.FailedEvent],
) -> server_moves.ServerMove:
    """Return a move in the state in which it has ended.

    :param record: its migration, which nova does not change any more
    :param server: as it is now, without a task; None: there is none
    :param volumes: its attachments as they are now
    :param events: what failed
    """
    if server is None:
        return move.to(_State.GONE, why='the server has been deleted')
    if doubt := _doubt(move, record, server, volumes):
        return move.to(_State.UNKNOWN, why=doubt)
    if record.status == 'completed':
        return move.to(_State.MOVED, destination=server.host, why='')
    codes = findings(events)
    why = _words(events) or f'its migration became {record.status}'
    if record.status == 'cancelled' and not codes:
        return move.to(_State.ABORTED, why='its migration was aborted')
    if any(each.code in _REFUSALS for each in codes):
        return move.to(_State.REFUSED, blocked=codes, why='')
    return move.to(_State.NOT_MOVED, blocked=codes, why=why)


def findings(
    events: collections.abc.Iterable[nova_port.FailedEvent],
) -> tuple[drain_blockers.Blocked, ...]:
    """Return what the driver has told in events, each once.

    The name of one is selective_migrate_CODE or selective_migrate_DISK_CODE.
    """
    found = {
        drain_blockers.Blocked(each.name.rpartition('_')[2], each.message)
        for each in events
        if each.name.startswith(nova_port.OUR_EVENTS)
    }
    return tuple(sorted(found, key=lambda one: (one.code, one.message)))


def _words(events: collections.abc.Sequence[nova_port.FailedEvent]) -> str:
    """Return the words of the first event of nova's own that failed."""
    own = [
        e.message
        for e in events
        if not e.name.startswith(nova_port.OUR_EVENTS)
    ]
    return next((' '.join(words.split()) for words in own if words), '')


def _doubt(
    move: server_moves.ServerMove,
    record: nova_port.LiveMigrationRecord,
    server: drain_servers.DrainServer,
    volumes: nova_port.Attachments,
) -> str:
    """Say what does not agree; empty where all does."""
    there = server.host or 'no host'
    if server.status == 'ERROR':
        return f'the server is in ERROR on {there}: {server.fault}'
    completed = record.status == 'completed'
    wanted = record.destination if completed else record.source
    if server.host != wanted:
        return (
            f'its migration is {record.status} and the server is on {there}, '
            f'not on {wanted}: look where the guest runs before anything else'
        )
    if server.status != move.server.status:
        return (
            f'the server was {move.server.status} and is {server.status} on '
            f'{there}'
        )
    if volumes != move.volumes:
        differ = ', '.join(sorted(v for v, _ in volumes ^ move.volumes))
        return (
            f'the attachments of volumes {differ} are not what they were '
            f'before the call; the server is on {there}'
        )
    return ''
