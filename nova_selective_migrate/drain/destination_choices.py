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

"""Where a server goes: a host that the drain names, or that nova chooses."""

import collections.abc
import dataclasses

from nova_selective_migrate.drain import flight_budgets
from nova_selective_migrate.drain import server_moves


@dataclasses.dataclass(frozen=True)
class DestinationHosts:
    """The hosts that servers may go to.

    :ivar hosts: enabled and up, without the host that is emptied
    :ivar enforcing: those of them whose driver decides disk by disk
    :ivar target: the only one that the operator allows; None: all
    """

    hosts: frozenset[str]
    enforcing: frozenset[str] = frozenset()
    target: str | None = None

    def preferred(self, move: server_moves.ServerMove) -> frozenset[str]:
        """Return where a server is to go, by its disks and earlier tries."""
        if self.target is not None:
            return frozenset({self.target})
        left = self.hosts - frozenset(move.avoided)
        if move.copies and left & self.enforcing:
            return left & self.enforcing
        return left or self.hosts


@dataclasses.dataclass(frozen=True)
class DestinationChoice:
    """Where to go now.

    :ivar host: None: nova chooses among all
    """

    host: str | None


def choose(
    move: server_moves.ServerMove,
    hosts: DestinationHosts,
    flying: collections.abc.Collection[flight_budgets.Flight],
    sent: collections.abc.Mapping[str, int],
    budget: flight_budgets.FlightBudget,
) -> DestinationChoice | None:
    """Choose for a server; None while no destination has room for it.

    nova chooses where any host will do, since it knows the policies of
    server groups, zones and flavors. Where one will not, because it is full,
    has failed or does not decide disk by disk, the drain names one: that
    with the least on the way, then with the least that it has been sent.
    nova's scheduler checks it all the same.

    :param flying: what is on its way
    :param sent: bytes that each destination has got so far
    """
    wanted = hosts.preferred(move)
    room = {
        host for host in wanted if budget.has_room(flying, move.bytes, host)
    }
    if not room:
        return None
    if hosts.target is None and room == hosts.hosts:
        return DestinationChoice(None)
    busy = dict.fromkeys(room, 0)
    for one in flying:
        if one.destination in busy:
            busy[one.destination] += one.bytes or 0
    return DestinationChoice(
        min(room, key=lambda host: (busy[host], sent.get(host, 0), host))
    )


def flight(move: server_moves.ServerMove) -> flight_budgets.Flight:
    """Return how a move on its way counts."""
    return flight_budgets.Flight(move.bytes, move.destination)
