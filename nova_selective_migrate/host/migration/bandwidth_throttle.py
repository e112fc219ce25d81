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

"""Keep a running migration within the bandwidth limit."""

import collections.abc

from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.host.hypervisor import libvirt_guest

Notify = collections.abc.Callable[[str], None]

# QEMU itself works in longer intervals: what a mirror sends at once is its
# share of several seconds.
_SECONDS = 1.0
# A smaller change is not worth a call.
_NOTICEABLE = 0.05


class BandwidthThrottle:
    """Shares a limit among disks and memory of a migration; never raises.

    A speed that virsh migrate-setspeed sets meanwhile is another limit.
    """

    def __init__(
        self,
        guest: libvirt_guest.Guest,
        limit: bandwidth.LinkLimit,
        disks: int,
        notify: Notify,
    ) -> None:
        """Begin with the limit of the call, which is per disk.

        :param notify: is called with a line of text for the operator
        """
        self._guest = guest
        self._limit = limit
        self._total = limit.total
        self._notify = notify
        self._warned = False
        # What we have set, by the call at first; None where that sets
        # nothing.
        self._set = limit.per_disk(disks) or None
        self._speeds: dict[str, int] = {}
        self._last_seen: int | None = None
        self._moved = 0
        self._pace = bandwidth.Pace()

    def look(
        self, progress: migration_progress.MigrationProgress | None
    ) -> None:
        """Adjust the speeds, at most once a second."""
        if (
            progress is None
            or progress.phase is migration_progress.Phase.PREPARING
            or progress.seconds - self._pace.seconds < _SECONDS
        ):
            return
        self._take_other_limit(progress)
        self._pace = self._pace.look(progress, self._total)
        shares = bandwidth.share(
            self._total, self._limit.parallel_mirrors, progress, self._pace
        )
        if self._limit.adjustable:
            self._share_disks(shares)
        if shares.memory is not None:
            # Mirrors that keep their speed take nothing from memory's.
            adjustable = self._limit.adjustable
            self._share_memory(shares.memory if adjustable else self._total)

    def _take_other_limit(
        self, progress: migration_progress.MigrationProgress
    ) -> None:
        """Take a speed that somebody else has set for another limit.

        At the second look, and if something has moved since: at the end of
        a migration, also of one that is aborted, libvirt itself sets what
        was before.
        """
        found = self._guest.max_speed()
        last_seen, self._last_seen = self._last_seen, found
        if found is None or found == self._set:
            return
        if found != last_seen:
            self._moved = progress.processed
            return
        if progress.processed == self._moved:
            return
        before, self._set = self._set, found
        if before is None:
            return
        if not self._limit.adjustable:
            self._notify(
                f'the speed was set to {found} MiB/s: libvirt before 11.3 '
                'changes that of memory alone'
            )
        else:
            self._notify(f'disks and memory now share {_words(found)}')
        self._total = 0 if found >= bandwidth.LARGEST else found

    def _share_disks(self, shares: bandwidth.Shares) -> None:
        for target, speed in shares.disks.items():
            before = self._speeds.get(target)
            if before is not None and not _differ(before, speed):
                continue
            if before is None and not speed and not self._limit.total:
                continue  # it has no limit yet
            if self._guest.set_mirror_speed(target, speed):
                self._speeds[target] = speed
            elif self._guest.block_job(target) and not self._warned:
                self._warned = True
                self._notify(
                    f'the speed of the copy of {target} cannot be changed '
                    'now: the limit may be exceeded'
                )

    def _share_memory(self, speed: int) -> None:
        if self._set is not None and not _differ(self._set, speed):
            return
        if self._set is not None and self._guest.max_speed() != self._set:
            return  # somebody has just set it, and is listened to next time
        if self._guest.set_max_speed(speed):
            self._set = speed


def ignore_notice(_text: str) -> None:
    """Take the place of a notice that nobody reads."""


def _differ(before: int, now: int) -> bool:
    """Tell whether a speed changes noticeably; 0 is no limit."""
    return abs(now - before) > _NOTICEABLE * before


def _words(speed: int) -> str:
    return 'no limit' if speed >= bandwidth.LARGEST else f'{speed} MiB/s'


class SavedSpeed:
    """The limit that the guest had before its migration; never raises."""

    def __init__(self, guest: libvirt_guest.Guest) -> None:
        """Read the limit; to be made before the call."""
        self._guest = guest
        self._speed = guest.max_speed()

    def restore(self) -> None:
        """Set it again for a guest that stays, once its job is over.

        libvirt does so itself; 9.0 and 11.3 were seen to.
        """
        if self._speed is None or not self._guest.job_over():
            return
        if self._guest.max_speed() != self._speed:
            self._guest.set_max_speed(self._speed)
