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

"""One limit of the link: for a call, and shared while it runs."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.model import domains

#: The first libvirt that was seen to change the speed of a mirror during a
#: migration. 10.0 rejects the call then (VIR_JOB_MODIFY), and 9.0 was seen to
#: let the caller wait for half a minute before it does.
ADJUSTABLE_FROM = 11_003_000


#: MiB/s; the largest that libvirt takes, and what it reports for no limit.
LARGEST = 8796093022207


@dataclasses.dataclass(frozen=True)
class LinkLimit:
    """The bandwidth of the link, for disks and memory together.

    :ivar total: MiB/s; 0 for no limit
    :ivar parallel_mirrors: how many disks at a time get bandwidth; 0 for all
    :ivar adjustable: whether the speed of a mirror that runs can be changed
    """

    total: int = 0
    parallel_mirrors: int = 0
    adjustable: bool = False

    def per_disk(self, disks: int) -> int:
        """Return the number for libvirt, in MiB/s; 0 for no limit.

        libvirt takes whole numbers from 1 on.
        """
        if not self.total:
            return 0
        return max(self.total // max(disks, 1), 1)

    def kept(self, disks: int) -> bool:
        """Return whether so many disks can stay below the limit."""
        return self.adjustable or not self.total or self.total >= disks

    def notes(self, disks: int) -> collections.abc.Iterator[str]:
        """Say which part of the limit cannot be kept with so many disks."""
        if self.adjustable or disks < 2:
            return
        if self.total:
            yield (
                f'each disk is copied at {self.per_disk(disks)} MiB/s: '
                'libvirt before 11.3 on the source cannot give the share of '
                'one that is done to the others'
            )
        if 0 < self.parallel_mirrors < disks:
            yield (
                f'all {disks} disks are copied at the same time: libvirt '
                'before 11.3 on the source cannot hold any of them back'
            )


def link_limit(
    total: int, parallel_mirrors: int, source: domains.Versions
) -> LinkLimit:
    """Make the limit of a migration.

    :param source: the mirrors run there
    """
    known = source.libvirt is not None and source.libvirt >= ADJUSTABLE_FROM
    return LinkLimit(
        total,
        parallel_mirrors,
        adjustable=known,
    )


MIB = 1 << 20
# QEMU copies up to 16 MiB in one go (DEFAULT_MIRROR_BUF_SIZE): a mirror with
# no more than this left counts as in sync.
_AT_ONCE = 16 * MIB
_NEARLY, _STILL = MIB, _AT_ONCE


@dataclasses.dataclass(frozen=True)
class Pace:
    """What was seen up to one moment.

    QEMU copies up to 16 MiB at once and then pauses until the limit has caught
    up: until then a mirror has sent more than its limit.

    :ivar seconds: of the moment, since the call was started
    :ivar moved: bytes copied so far, by target
    :ivar synced: targets whose mirror carries the guest's writes alone
    :ivar writes: bytes/s that these carry
    :ivar debt: bytes that the disks have sent beyond the limit
    """

    seconds: float = 0.0
    moved: collections.abc.Mapping[str, int] = dataclasses.field(
        default_factory=dict
    )
    synced: frozenset[str] = frozenset()
    writes: float = 0.0
    debt: float = 0.0

    def look(
        self, progress: migration_progress.MigrationProgress, total: int
    ) -> 'Pace':
        """Take another look.

        :param total: the limit in MiB/s; 0 for none
        """
        seconds = progress.seconds - self.seconds
        disks = [disk for disk in progress.disks if disk.total]
        grown = {
            disk.name: max(
                disk.processed - self.moved.get(disk.name, 0),
                0,
            )
            for disk in disks
        }
        carried = sum(grown[name] for name in self.synced & grown.keys())
        rate = carried / seconds if seconds > 0 else self.writes
        # The clock starts with the first byte.
        allowed = total * MIB * seconds if self.moved else 0.0
        ahead = self.debt + sum(grown.values()) - allowed
        return Pace(
            seconds=progress.seconds,
            moved={disk.name: disk.processed for disk in disks},
            synced=frozenset(d.name for d in disks if self._in_sync(d)),
            # The mean of both looks: a guest does not write at an even rate.
            writes=(self.writes + rate) / 2 if self.synced else 0.0,
            # At most so much has been sent ahead: the source skips zeroes,
            # which count as moved.
            debt=min(max(ahead, 0.0), _AT_ONCE * len(disks)) if total else 0.0,
        )

    def _in_sync(self, disk: migration_progress.Amount) -> bool:
        """Return whether a mirror is in sync, by the bytes that remain."""
        limit = _STILL if disk.name in self.synced else _NEARLY
        return disk.remaining <= limit


#: bytes/s; 0 would be no limit to QEMU. With 1 it sends one more part and then
#: waits.
PARKED = 1
# Memory gets at least one part in so many of the limit: with less, a guest
# changes its memory faster than it is copied.
_LEAST_OF_MEMORY = 2


@dataclasses.dataclass(frozen=True)
class Shares:
    """How the limit is shared out.

    :ivar disks: bytes/s by target, 0 for no limit
    :ivar memory: MiB/s, None where it is not limited
    """

    disks: collections.abc.Mapping[str, int]
    memory: int | None


def share(
    total: int,
    parallel_mirrors: int,
    progress: migration_progress.MigrationProgress,
    pace: Pace,
) -> Shares:
    """Share the limit out by what remains, so that all disks end together.

    A mirror in sync may use the whole limit: it sends only what the guest
    writes, which is taken off the shares of the others. One that had to wait
    at the switch-over would hold the guest paused.

    :param total: MiB/s; 0 for no limit
    :param parallel_mirrors: how many of the disks get any; 0 for all
    """
    begun = [disk for disk in progress.disks if disk.total]
    # The largest first, which was fastest in measurements: a write to a disk
    # that waits costs nothing, a write to one in sync is sent at once.
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


def _memory(
    total: int, free: float, phase: migration_progress.Phase
) -> int | None:
    """Return memory's share; all of it until it has begun."""
    if not total:
        return None
    if phase in (
        migration_progress.Phase.PREPARING,
        migration_progress.Phase.DISKS,
    ):
        return total
    return max(int(free) // MIB, total // _LEAST_OF_MEMORY, 1)
