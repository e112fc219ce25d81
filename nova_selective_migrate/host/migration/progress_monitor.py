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

"""Measure and report a running migration; say when to abort it."""

import collections.abc
import dataclasses
import math
import time
import typing

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import destination_watchdogs
from nova_selective_migrate.host.migration import migration_attempt

ProgressReport = collections.abc.Callable[
    [migration_progress.MigrationProgress], None
]


class ProgressMonitor:
    """Measures and reports one migration, from when this is made.

    :ivar copy: 1, or 2 where the copy was begun again
    :ivar progress: the last that was measured; None before the first
    """

    def __init__(
        self,
        targets: collections.abc.Sequence[str],
        report: ProgressReport,
        copy: int = 1,
    ) -> None:
        """Begin to count.

        :param targets: the disks that are copied
        :param copy: 2 where the copy was begun again
        """
        self._targets = targets
        self._report = report
        self.copy = copy
        self._started = time.monotonic()
        self.progress: migration_progress.MigrationProgress | None = None

    def complete(self) -> None:
        """Report the end of a migration that has succeeded."""
        if self.progress is not None:
            self.progress = migration_progress.complete(self.progress)
            self._send_report(self.progress)

    def _send_report(
        self, progress: migration_progress.MigrationProgress
    ) -> None:
        try:
            self._report(progress)
        except (OSError, ValueError):
            # The reader has gone; the migration is followed to its end.
            self._report = _unread

    def look(
        self, guest: libvirt_guest.Guest
    ) -> collections.abc.Mapping[str, typing.Any]:
        """Measure once and report; return the job's statistics."""
        sample = migration_progress.Sample(
            seconds=time.monotonic() - self._started,
            job=guest.job_stats(),
            blocks={each: guest.block_job(each) for each in self._targets},
        )
        measured = migration_progress.measure(
            sample, self._targets, self.progress
        )
        self.progress = dataclasses.replace(measured, copy=self.copy)
        self._send_report(self.progress)
        return sample.job


def _unread(_progress: migration_progress.MigrationProgress) -> None:
    """Take the place of a report that nobody reads any more."""


# Twice what libvirt's keepalive gives a peer.
_SILENT_SECONDS = 60.0
# Seconds after which an abort without effect is given up on.
_LAST_SECONDS = 120.0


_STALLED = migration_attempt.AbortCause(
    migration_attempt.AbortKind.STALLED,
    f'aborted after {watchdog_limits.STALL_SECONDS:.0f} s in which the guest '
    'was paused for the switch-over and nothing moved',
)
_SILENT = migration_attempt.AbortCause(
    migration_attempt.AbortKind.DESTINATION_SILENT,
    f'aborted after {_SILENT_SECONDS:.0f} s in which the destination did not '
    'answer',
)
_STUCK = migration_attempt.AbortCause(
    migration_attempt.AbortKind.NO_PROGRESS,
    'nothing moves, and the migration of the source does not end, nor can it '
    'be aborted: look at the source with virsh domjobinfo',
    hopeless=True,
)
# QEMU waits for an answer that was lost, and libvirt for QEMU: there is
# nothing more that could be asked.
_ABANDONED = migration_attempt.AbortCause(
    migration_attempt.AbortKind.DESTINATION_SILENT,
    'the destination does not answer, and the migration of the source does '
    'not end: its QEMU may wait for an answer that was lost, and the guest '
    'with it. On the source "ss -K dst ADDRESS", with the address of the '
    'destination, ends that',
    hopeless=True,
)


class AbortPolicy:
    """Says for what a running migration is to be aborted."""

    def __init__(
        self,
        guest: libvirt_guest.Guest,
        attempt: migration_attempt.Attempt,
        reachability: destination_watchdogs.ReachabilityWatchdog,
        free_space: destination_watchdogs.FreeSpaceWatchdog,
        progress_seconds: float,
    ) -> None:
        """Begin to count.

        :param attempt: nothing can move before it has called libvirt
        :param progress_seconds: for how long nothing may move; 0 for ever
        """
        self._guest = guest
        self._attempt = attempt
        self._progress_seconds = progress_seconds or math.inf
        self._reachability = reachability
        self._free_space = free_space
        self._switch_over = watchdog_limits.Stall()
        self._progress = watchdog_limits.Stall()

    def look(
        self, now: float, job: watchdog_limits.Job
    ) -> migration_attempt.AbortCause | None:
        """Return what it is to be aborted for; None: wait on.

        :param now: seconds of a clock that nobody sets
        :param job: the job's statistics, as they are now
        """
        silent = self._reachability.silent_seconds()
        if silent > _SILENT_SECONDS + _LAST_SECONDS:
            return _ABANDONED
        called = self._attempt.called
        self._progress = self._progress.look(now, paused=called, job=job)
        unmoved = self._progress.seconds(now)
        if unmoved > self._progress_seconds + _LAST_SECONDS:
            return _STUCK
        self._switch_over = self._switch_over.look(
            now, paused=self._guest.held_by_migration(), job=job
        )
        if self._free_space.short:
            return migration_attempt.AbortCause(
                migration_attempt.AbortKind.DESTINATION_FULL,
                self._free_space.short,
            )
        if self._switch_over.lasts(now):
            return _STALLED
        if unmoved > self._progress_seconds:
            return migration_attempt.AbortCause(
                migration_attempt.AbortKind.NO_PROGRESS,
                f'aborted after {self._progress_seconds:.0f} s in which '
                'nothing moved; --progress-timeout sets how long that may be',
            )
        return _SILENT if silent > _SILENT_SECONDS else None
