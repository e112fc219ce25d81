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

"""When a running migration is aborted: stalled, not converging, full."""

import collections.abc
import dataclasses
import typing

from nova_selective_migrate.core.job import migration_progress

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class AbortLimits:
    """How long a migration may stand still, and how much space it may take.

    :ivar progress_seconds: for how long nothing may move; 0 for ever. The
        default is more than twice the time for which TCP tries to reach a
        filtered port.
    :ivar reserve_bytes: bytes to keep free where images are made; 0 for none.
        The default is what bursts of many guests take until somebody looks.
    """

    progress_seconds: float = 300
    reserve_bytes: int = 256 * MIB


#: A minute is longer than a guest's bursts, such as a flush of its page
#: cache (30 s, vm.dirty_expire_centisecs), and short against a copy that
#: never ends.
CONVERGENCE_SECONDS = 60.0
# The least progress that counts: over a minute 70 kB/s, less than any link
# that disks are copied over; near the end a tenth of what remains.
_MARGIN_BYTES = 4 * 2**20


@dataclasses.dataclass(frozen=True)
class Convergence:
    """The fewest bytes that have remained to be copied, and since when.

    :ivar lowest: bytes; None while not all disks are being copied
    :ivar since: seconds of any clock
    :ivar processed: bytes that had been sent then
    :ivar now_processed: bytes that had been sent at the last look
    """

    lowest: int | None = None
    since: float = 0.0
    processed: int = 0
    now_processed: int = 0

    def look(
        self, now: float, progress: migration_progress.MigrationProgress
    ) -> 'Convergence':
        """Take another look."""
        disks = progress.disks
        # libvirt starts one mirror after the other, and each adds to the sum.
        if progress.phase is not migration_progress.Phase.DISKS or not all(
            disk.total for disk in disks
        ):
            return Convergence()
        remaining = sum(disk.remaining for disk in disks)
        processed = sum(disk.processed for disk in disks)
        if self.lowest is not None:
            margin = max(min(_MARGIN_BYTES, self.lowest // 10), 1)
            if remaining > self.lowest - margin:
                return dataclasses.replace(self, now_processed=processed)
        return Convergence(remaining, now, processed, processed)

    def seconds(self, now: float) -> float:
        """Return for how long the disks have not converged.

        A copy that sends nothing is stalled, which is another matter.
        """
        if self.lowest is None or self.now_processed <= self.processed:
            return 0.0
        return now - self.since

    def lasts(self, now: float) -> bool:
        """Return whether it is time for another way of copying."""
        return self.seconds(now) > CONVERGENCE_SECONDS


# Faster than any disk or network: until the next look no copy can use up the
# bytes above the floor.
_FASTEST = 2**30
_SHORTEST_SECONDS = 1.0
_LONGEST_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class FreeSpaceFloor:
    """The free bytes below which a migration is aborted; 0: never."""

    bytes: int = 0

    @classmethod
    def of(cls, reserve: int, free: int, needed: int) -> 'FreeSpaceFloor':
        """Set the floor when the copy begins.

        :param reserve: bytes that are to stay free; 0 for no floor
        :param free: bytes that are free now
        :param needed: bytes that the copy is to take, as far as is known

        A small file system that the disks fit into is accepted: the floor is
        then half of what they leave. Where they do not fit, by a count that
        includes zeroes which take no room, the floor is an eighth of what is
        free.
        """
        left = free - needed
        low = left // 2 if left > 0 else free // 8
        return cls(min(reserve, low) if left < reserve else reserve)

    def allows(self, free: int) -> bool:
        """Return whether the copy may go on."""
        return free >= self.bytes

    def next_look(self, free: int) -> float:
        """Return after how many seconds to look again."""
        seconds = (free - self.bytes) / _FASTEST
        return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)


#: No switch-over goes that long without sending a byte, and libvirt itself
#: waits as long for a peer (keepalive_interval times keepalive_count).
STALL_SECONDS = 30.0

#: State of devices such as a vGPU, which travels at the switch-over; told
#: from libvirt 10.6 on (VIR_DOMAIN_JOB_VFIO_DATA_TRANSFERRED).
DEVICE_STATE = 'vfio_data_transferred'
_MOVING = (
    'memory_processed',
    'memory_remaining',
    'memory_iteration',
    'disk_processed',
    DEVICE_STATE,
)
Job = collections.abc.Mapping[str, typing.Any]


@dataclasses.dataclass(frozen=True)
class Stall:
    """For how long nothing has moved while the guest is paused.

    :ivar since: seconds of any clock; None while it is not paused
    :ivar seen: what the job's statistics were then
    """

    since: float | None = None
    seen: tuple[int, ...] = ()

    def look(self, now: float, *, paused: bool, job: Job) -> 'Stall':
        """Take another look.

        :param paused: whether the migration has paused the guest
        :param job: virDomainGetJobStats' dictionary, or one with its keys
        """
        if not paused:
            return Stall()
        seen = tuple(int(job.get(name) or 0) for name in _MOVING)
        if self.since is not None and seen == self.seen:
            return self
        return Stall(now, seen)

    def seconds(self, now: float) -> float:
        """Return for how long nothing has moved."""
        return 0.0 if self.since is None else now - self.since

    def lasts(self, now: float) -> bool:
        """Return whether it is time to abort."""
        return self.seconds(now) > STALL_SECONDS
