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

"""Progress as it is shown: it never goes back, and its rate does not jump.

A guest that writes makes more to send of a disk, or of memory, that was
nearly done: libvirt's totals grow, and what remains grows with them. So the
share that is shown is the furthest that was reached, and what remains is told
beside it as it is. A second copy begins anew, and says so.
"""

import collections.abc
import dataclasses
import math

from nova_selective_migrate.core.job import migration_progress

# Two polls apart a rate says nothing: mirrors move in bursts.
_SMOOTH_SECONDS = 3.0


@dataclasses.dataclass(frozen=True)
class ShownAmount:
    """What is shown of one disk, or of memory.

    :ivar share: 0.0 to 1.0, the furthest of this copy
    :ivar remaining: bytes still to go; more may come
    :ivar total: bytes, 0 where it has not begun
    :ivar processed: bytes that were sent
    :ivar rate: bytes per second over the last seconds
    """

    name: str
    share: float = 0.0
    remaining: int = 0
    total: int = 0
    processed: int = 0
    rate: float = 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Return how long what remains takes; None where that is unknown."""
        if not self.rate or not self.total:
            return None
        return self.remaining / self.rate


@dataclasses.dataclass(frozen=True)
class ShownProgress:
    """What is shown of a migration.

    :ivar copy: 1, or 2 where the copy was begun again
    """

    copy: int
    seconds: float
    phase: migration_progress.Phase
    disks: tuple[ShownAmount, ...]
    memory: ShownAmount


def follow(
    before: ShownProgress | None,
    progress: migration_progress.MigrationProgress,
) -> ShownProgress:
    """Return what is shown after a look at the migration.

    :param before: what was shown last; None at the first look
    """
    if before is not None and before.copy != progress.copy:
        before = None
    earlier: dict[str, ShownAmount] = {}
    if before is not None:
        amounts = (*before.disks, before.memory)
        earlier = {amount.name: amount for amount in amounts}
    passed = progress.seconds - before.seconds if before else 0.0
    return ShownProgress(
        progress.copy,
        progress.seconds,
        progress.phase,
        tuple(_shown(earlier, disk, passed) for disk in progress.disks),
        _shown(earlier, progress.memory, passed),
    )


def _shown(
    earlier: collections.abc.Mapping[str, ShownAmount],
    amount: migration_progress.Amount,
    passed: float,
) -> ShownAmount:
    """Return what is shown of an amount, so many seconds later."""
    last = earlier.get(amount.name) or ShownAmount(amount.name)
    rate = last.rate
    if passed > 0 and last.total:
        new = max(amount.processed - last.processed, 0) / passed
        weight = 1.0 - math.exp(-passed / _SMOOTH_SECONDS)
        rate = rate + weight * (new - rate) if rate else new
    return ShownAmount(
        amount.name,
        max(last.share, amount.fraction),
        amount.remaining,
        amount.total,
        amount.processed,
        rate,
    )
