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

"""How far a migration is: per disk and memory, from two samples."""

import collections.abc
import dataclasses
import enum
import typing


class Phase(enum.Enum):
    """What a migration is doing."""

    PREPARING = 'preparing'
    DISKS = 'copying disks'
    MEMORY = 'copying memory'
    FINISHING = 'finishing'


@dataclasses.dataclass(frozen=True)
class Sample:
    """What libvirt says at one moment.

    :ivar seconds: since the call was started
    :ivar job: virDomainGetJobStats' dictionary
    :ivar blocks: virDomainGetBlockJobInfo's, by target dev
    """

    seconds: float
    job: collections.abc.Mapping[str, typing.Any]
    blocks: collections.abc.Mapping[str, collections.abc.Mapping[str, int]]


@dataclasses.dataclass(frozen=True)
class Amount:
    """Progress of one thing, in bytes and bytes per second.

    :ivar eta_seconds: None while the rate is not known
    """

    name: str
    total: int
    processed: int
    rate: float = 0.0
    eta_seconds: float | None = None

    @property
    def remaining(self) -> int:
        """Return the bytes still to go."""
        return max(self.total - self.processed, 0)

    @property
    def fraction(self) -> float:
        """Return how much is done, 0.0 to 1.0."""
        return min(self.processed / self.total, 1.0) if self.total else 0.0


@dataclasses.dataclass(frozen=True)
class MigrationProgress:
    """Progress of the whole migration.

    :ivar copy: 1, or 2 where the copy was begun again
    """

    seconds: float
    phase: Phase
    disks: tuple[Amount, ...]
    memory: Amount
    copy: int = 1

    @property
    def processed(self) -> int:
        """Return the bytes of disks and memory that have been sent."""
        return sum(one.processed for one in (*self.disks, self.memory))


def complete(progress: MigrationProgress) -> MigrationProgress:
    """Return the progress of a migration that has succeeded.

    The last sample was taken before the end.
    """

    def whole(amount: Amount) -> Amount:
        processed = max(amount.processed, amount.total)
        return Amount(amount.name, amount.total, processed)

    return MigrationProgress(
        progress.seconds,
        Phase.FINISHING,
        tuple(map(whole, progress.disks)),
        whole(progress.memory),
        progress.copy,
    )


def measure(
    sample: Sample,
    targets: collections.abc.Sequence[str],
    before: MigrationProgress | None = None,
) -> MigrationProgress:
    """Make progress of a sample, with rates against the one before.

    :param targets: the disks that are copied
    """
    disks = tuple(
        _amount(
            target,
            int(sample.blocks.get(target, {}).get('end', 0)),
            int(sample.blocks.get(target, {}).get('cur', 0)),
            sample,
            before,
        )
        for target in targets
    )
    memory_total = int(sample.job.get('memory_total', 0))
    done = memory_total - int(sample.job.get('memory_remaining', 0))
    memory = _amount('memory', memory_total, done, sample, before)
    phase = _phase(memory_total, disks, before)
    if phase in (Phase.MEMORY, Phase.FINISHING):
        # Every mirror is in sync by then, and libvirt reports no block job any
        # more.
        disks = tuple(
            disk
            if sample.blocks.get(disk.name)
            else Amount(disk.name, disk.total, disk.total)
            for disk in disks
        )
    return MigrationProgress(sample.seconds, phase, disks, memory)


def _phase(
    memory_total: int,
    disks: collections.abc.Iterable[Amount],
    before: MigrationProgress | None,
) -> Phase:
    """Return the phase; it never goes back.

    libvirt copies no memory before every mirror is in sync, and asks QEMU
    for memory statistics only then.
    """
    order = list(Phase)
    found = Phase.PREPARING
    if memory_total:
        found = Phase.MEMORY
    elif before is not None and before.memory.total:
        found = Phase.FINISHING
    elif any(disk.total for disk in disks):
        found = Phase.DISKS
    earlier = before.phase if before is not None else found
    return max(found, earlier, key=order.index)


def _amount(
    name: str,
    total: int,
    processed: int,
    sample: Sample,
    before: MigrationProgress | None,
) -> Amount:
    earlier = _find(before, name)
    if before is None or earlier is None or not earlier.total:
        return Amount(name, total, processed)
    if not total:
        # The job has ended: its last statistics are its result.
        return Amount(name, earlier.total, earlier.processed)
    seconds = sample.seconds - before.seconds
    moved = processed - earlier.processed
    if seconds <= 0 or moved <= 0:
        return Amount(name, total, processed)
    rate = moved / seconds
    left = max(total - processed, 0)
    return Amount(name, total, processed, rate, left / rate)


def _find(before: MigrationProgress | None, name: str) -> Amount | None:
    if before is None:
        return None
    return next(
        (a for a in (*before.disks, before.memory) if a.name == name), None
    )


def percent(
    job: collections.abc.Mapping[str, typing.Any], memory_bytes: int
) -> int:
    """Return how much of disks and memory is done, 0 to 99.

    :param job: virDomainGetJobStats' dictionary, or one with its keys
    :param memory_bytes: what the guest has, for the time before libvirt
        tells of memory
    """
    memory = int(job.get('memory_total') or 0)
    done = int(job.get('disk_processed') or 0)
    if memory:
        done += memory - int(job.get('memory_remaining') or 0)
    total = int(job.get('disk_total') or 0) + (memory or memory_bytes)
    return min(max(done, 0) * 100 // total, 99) if total else 0
