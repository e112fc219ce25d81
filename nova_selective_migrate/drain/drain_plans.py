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

"""Which servers leave a host, in which order, and which cannot."""

import collections.abc
import dataclasses

from nova_selective_migrate.drain import audit_findings
from nova_selective_migrate.drain import destination_choices
from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import server_moves

_Blocker = drain_blockers.DrainBlocker


@dataclasses.dataclass(frozen=True)
class DrainPlan:
    """What a drain will do, before anything is done.

    :ivar moves: those that wait, in the order in which they are to leave:
        those of unknown size, then from the largest to the smallest
    :ivar blocked: those that cannot leave, by name
    :ivar left_out: how many the operator has not asked for
    :ivar notes: sentences for the operator
    """

    moves: tuple[server_moves.ServerMove, ...]
    blocked: tuple[server_moves.ServerMove, ...]
    left_out: int
    notes: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Return what moves at most, as far as it is known."""
        return sum(move.bytes or 0 for move in self.moves)


def make(
    servers: collections.abc.Iterable[drain_servers.DrainServer],
    options: drain_options.DrainOptions,
    hosts: destination_choices.DestinationHosts,
    audit: audit_findings.AuditFindings | None,
) -> DrainPlan:
    """Plan a drain: check each server, and put them in order."""
    taken, left_out = [], 0
    for server in servers:
        if options.takes(server):
            taken.append(_move(server, options, hosts, audit))
        else:
            left_out += 1
    waits = server_moves.MoveState.WAITING
    moves = tuple(sorted((m for m in taken if m.state is waits), key=order))
    blocked = sorted(
        (m for m in taken if m.state is not waits),
        key=lambda move: (move.server.name, move.server.uuid),
    )
    return DrainPlan(
        moves, tuple(blocked), left_out, tuple(_notes(moves, hosts, audit))
    )


def order(
    move: server_moves.ServerMove,
) -> tuple[bool, int, str, str]:
    """Return the key by which those that wait are sorted."""
    size = move.bytes
    server = move.server
    return (size is not None, -(size or 0), server.name, server.uuid)


def _move(
    server: drain_servers.DrainServer,
    options: drain_options.DrainOptions,
    hosts: destination_choices.DestinationHosts,
    audit: audit_findings.AuditFindings | None,
) -> server_moves.ServerMove:
    found = audit.of(server.uuid) if audit else None
    size, copies = server.most_bytes, server.has_local_disks
    if found is not None and not found.blocked:
        copies = found.copies
        size = size if found.bytes is None else found.bytes
    move = server_moves.ServerMove(server, size, copies)
    blocked = tuple(_blocked(move, options, hosts, found))
    if not blocked:
        return move
    return move.to(server_moves.MoveState.BLOCKED, blocked=blocked)


def _blocked(
    move: server_moves.ServerMove,
    options: drain_options.DrainOptions,
    hosts: destination_choices.DestinationHosts,
    found: audit_findings.AuditFinding | None,
) -> collections.abc.Iterator[drain_blockers.Blocked]:
    if blocked := drain_blockers.of_server(move.server):
        yield blocked
    if found is not None:
        yield from found.blocked
    most = options.budget.smallest
    if move.bytes is not None and most is not None and move.bytes > most:
        yield drain_blockers.Blocked.by(
            _Blocker.OVER_BUDGET, f'{move.bytes} of {most} bytes'
        )
    if not hosts.hosts:
        yield drain_blockers.Blocked.by(_Blocker.NO_DESTINATION)


def _notes(
    moves: collections.abc.Collection[server_moves.ServerMove],
    hosts: destination_choices.DestinationHosts,
    audit: audit_findings.AuditFindings | None,
) -> collections.abc.Iterator[str]:
    local = [move for move in moves if move.copies]
    if local and not hosts.enforcing & hosts.hosts:
        yield (
            f'{len(local)} of the servers may have local disks, and no host '
            'has the trait of one that decides disk by disk: nova decides '
            'alone there, and may refuse or copy a shared disk.'
        )
    elif local and hosts.target and hosts.target not in hosts.enforcing:
        yield (
            f'{len(local)} of the servers may have local disks, and '
            f'{hosts.target} has not the trait of a host that decides disk by '
            'disk.'
        )
    unknown = [move for move in moves if move.bytes is None]
    if unknown:
        yield (
            f'The size of {len(unknown)} servers is not known, since their '
            'flavors leave it to the image: each takes all of a bound on '
            'bytes. An audit of the host knows it.'
        )
    if audit is not None:
        missing = [m for m in moves if audit.of(m.server.uuid) is None]
        if missing:
            yield (
                f'The audit does not know {len(missing)} of the servers: '
                'whether they can move shows when nova is asked.'
            )
