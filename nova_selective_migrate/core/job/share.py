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
"""Share out a limit of the link among disks and memory."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.job import pace as pace_
from nova_selective_migrate.core.job import progress as progress_

MIB = pace_.MIB
#: To QEMU 0 is no limit; with this it copies once more, and no more.
PARKED = 1
# The part of the limit that memory has at least is one in so many: with
# less, memory that a guest changes never comes to its end.
_LEAST_OF_MEMORY = 2


@dataclasses.dataclass(frozen=True)
class Shares:
    """Who may take how much.

    :ivar disks: bytes/s by target, 0 for no limit
    :ivar memory: MiB/s, None where it is not limited
    """

    disks: collections.abc.Mapping[str, int]
    memory: int | None


def share(
    total: int,
    parallel_mirrors: int,
    progress: progress_.MigrationProgress,
    pace: pace_.Pace,
) -> Shares:
    """Share out by what remains, so that all disks end together.

    A mirror in sync may take all of the limit: it carries what the guest
    writes and no more, which the others are spared, and one that had to
    wait at the switch-over would hold the guest.

    :param total: MiB/s; 0 for no limit
    :param parallel_mirrors: how many of the disks get any; 0 for all
    """
    begun = [disk for disk in progress.disks if disk.total]
    # The largest first, as measured best: what the guest writes to one that
    # waits costs nothing, what it writes to one in sync is sent at once.
    order = sorted(
        (disk for disk in begun if disk.name not in pace.synced),
        key=lambda disk: -disk.total,
    )
    chosen = order[: parallel_mirrors or None]
    free = max(total * MIB - pace.writes, 0.0)
    due = sum(disk.remaining for disk in chosen) + pace.debt
    disks = {disk.name: total * MIB for disk in begun}
    disks.update((disk.name, PARKED) for disk in order)
    for disk in chosen:
        speed = int(free * disk.remaining / due)
        disks[disk.name] = max(speed, PARKED) if total else 0
    return Shares(disks, _memory(total, free, progress.phase))


def _memory(total: int, free: float, phase: progress_.Phase) -> int | None:
    """Return memory's share; all of it until it has begun."""
    if not total:
        return None
    if phase in (progress_.Phase.PREPARING, progress_.Phase.DISKS):
        return total
    return max(int(free) // MIB, total // _LEAST_OF_MEMORY, 1)
