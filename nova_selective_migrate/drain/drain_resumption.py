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

"""Continue a drain that was stopped or killed, by its journal."""

import collections.abc

from nova_selective_migrate.drain import drain_journal
from nova_selective_migrate.drain import drain_plans
from nova_selective_migrate.drain import server_moves

_State = server_moves.MoveState


def moves(
    plan: drain_plans.DrainPlan, former: drain_journal.DrainRecord | None
) -> tuple[server_moves.ServerMove, ...]:
    """Return the moves of a drain, with what an earlier run knows of them.

    What is on its way is followed, and what is over stays so. What waits or
    was blocked is planned anew, and keeps its attempts.

    :param plan: of the servers that are on the host now
    :param former: the drain to continue; None: a new one
    """
    known = {m.server.uuid: m for m in former.moves} if former else {}
    planned = {m.server.uuid: m for m in (*plan.moves, *plan.blocked)}
    return (*_former(known, planned), *_new(known, planned))


def _former(
    known: collections.abc.Mapping[str, server_moves.ServerMove],
    planned: collections.abc.Mapping[str, server_moves.ServerMove],
) -> collections.abc.Iterator[server_moves.ServerMove]:
    for uuid, move in known.items():
        if move.state not in (_State.WAITING, _State.BLOCKED):
            yield move
        elif uuid in planned:
            yield planned[uuid].continued(move)


def _new(
    known: collections.abc.Mapping[str, server_moves.ServerMove],
    planned: collections.abc.Mapping[str, server_moves.ServerMove],
) -> collections.abc.Iterator[server_moves.ServerMove]:
    return (move for uuid, move in planned.items() if uuid not in known)
