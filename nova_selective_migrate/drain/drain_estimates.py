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

"""How far a drain is, and how long the rest takes."""

import collections.abc
import dataclasses

from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves


@dataclasses.dataclass(frozen=True)
class DrainEstimate:
    """The total of a drain.

    :ivar over: servers that nothing more happens to
    :ivar servers: all, without those that were blocked before
    :ivar bytes: moved and gone past, as estimated before
    :ivar eta_seconds: None while nothing has moved
    """

    over: int
    servers: int
    bytes: int
    total_bytes: int
    eta_seconds: float | None


def share(moved: nova_port.MovedBytes | None) -> float:
    """Return how much of one migration is done, from 0 to 1."""
    if moved is None or moved.total <= 0:
        return 0.0
    return min(max(1.0 - moved.remaining / moved.total, 0.0), 1.0)


def furthest(
    before: nova_port.MovedBytes | None, now: nova_port.MovedBytes | None
) -> nova_port.MovedBytes | None:
    """Return the look at one migration that has seen more of it done.

    What nova adds to the total while a migration runs, as when memory
    follows the disks, takes nothing away.
    """
    return before if share(before) > share(now) else now


def estimate(
    moves: collections.abc.Collection[server_moves.ServerMove],
    progress: collections.abc.Mapping[str, nova_port.MovedBytes | None],
    seconds: float,
) -> DrainEstimate:
    """Estimate by the bytes so far; where no size is known, by servers.

    :param progress: of those on their way
    :param seconds: since the first of them was called
    """
    taken = [
        move
        for move in moves
        if move.state is not server_moves.MoveState.BLOCKED
    ]
    total = sum(move.bytes or 0 for move in taken)
    by_bytes = total > 0
    done = 0.0
    over = 0
    for move in taken:
        weight = (move.bytes or 0) if by_bytes else 1
        if move.is_over:
            over += 1
            done += weight
        else:
            done += weight * share(progress.get(move.server.uuid))
    whole = total if by_bytes else len(taken)
    eta = seconds * (whole - done) / done if done > 0 else None
    return DrainEstimate(
        over, len(taken), round(done) if by_bytes else 0, total, eta
    )
