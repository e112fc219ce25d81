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

"""_live_migration_monitor: follow a migration disk by disk."""

import collections.abc
import dataclasses
import threading
import time
import types
import typing

from nova_selective_migrate import plan_log
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import forced_completion
from nova_selective_migrate.compute.source import live_migration_watchdogs
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import watched_guest
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import bandwidth_throttle

LOG = migration_log.logger(__name__)

_INFO_SECONDS = 30.0
_JOB_KEYS = (
    'memory_total',
    'memory_processed',
    'memory_remaining',
    'memory_iteration',
    'disk_total',
    'disk_processed',
    watchdog_limits.DEVICE_STATE,
)
_NO_JOB = 0  # VIR_DOMAIN_JOB_NONE


@dataclasses.dataclass(frozen=True)
class Watches:
    """The watchdogs that are shown each sample and may act on it.

    :ivar seen: is told the progress, for metrics
    """

    holding: live_migration_watchdogs.StallWatchdog
    converging: live_migration_watchdogs.ConvergenceWatchdog
    limits: bandwidth_throttle.BandwidthThrottle
    forced: forced_completion.ForcedCompletion
    migration: planned_migrations.RunningMigration
    seen: collections.abc.Callable[
        [migration_progress.MigrationProgress], None
    ] = lambda _: None


class LiveMigrationMonitor:
    """Follows one migration while the context lasts.

    A thread of its own asks for the disks: on one connection libvirt was
    seen to answer such a question only when the migration had ended, and
    nova's monitor must not wait for that.
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        targets: collections.abc.Sequence[str],
        interval: float,
        idle: collections.abc.Callable[[], typing.Any],
        watches: Watches,
    ) -> None:
        self._targets = targets
        self._interval = interval
        self._ended = threading.Event()
        self._job: dict[str, int] = {}
        self._percent = 0
        self._started = self._measured = time.monotonic()
        self._progress: migration_progress.MigrationProgress | None = None
        self._memory_bytes = instance.flavor.memory_mb * 2**20
        self._real = instance
        self._disks = guest
        self._job_stats = libvirt_guest.Guest(guest._domain).job_stats
        self._watches = watches
        self.guest = watched_guest.WatchedGuest(
            guest,
            instance,
            watches.migration,
            watches.forced,
            take=self.take,
            idle=idle,
        )
        self.instance = _CountedInstance(instance, self)

    def __enter__(self) -> 'LiveMigrationMonitor':
        if self._targets:
            threading.Thread(
                target=plan_log.in_thread(self._watch),
                name='selective-migrate-progress',
                daemon=True,
            ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._ended.set()

    def take(self, info: typing.Any) -> None:
        """Show the watchdogs the job statistics that nova has just read."""
        job = {key: getattr(info, key, 0) or 0 for key in _JOB_KEYS}
        if job['memory_total']:
            # nova's JobInfo leaves it out.
            found = self._job_stats().get(watchdog_limits.DEVICE_STATE)
            job[watchdog_limits.DEVICE_STATE] = found or 0
        self._job = job
        running = getattr(info, 'type', _NO_JOB) != _NO_JOB
        self._watches.holding.look(self._job, running=running)
        self._watches.forced.look(self._job, running=running)
        if not self._targets and running:
            self._measure_memory()

    def _measure_memory(self) -> None:
        """Tell the progress of a migration without copies of disks."""
        now = time.monotonic()
        if self._progress and now - self._measured < self._interval:
            return
        sample = migration_progress.Sample(now - self._started, self._job, {})
        self._measured = now
        self._progress = migration_progress.measure(sample, (), self._progress)
        self._watches.seen(self._progress)

    def percent(self) -> int:
        """Return percent done, disks and memory; it never decreases."""
        now = migration_progress.percent(self._job, self._memory_bytes)
        self._percent = max(self._percent, now)
        return self._percent

    def _watch(self) -> None:
        started = told = time.monotonic()
        before: migration_progress.MigrationProgress | None = None
        while not self._ended.wait(self._interval):
            try:
                blocks = self._blocks()
                now = time.monotonic()
                sample = migration_progress.Sample(
                    now - started, self._job, blocks
                )
                before = migration_progress.measure(
                    sample, self._targets, before
                )
                self._watches.seen(before)
                self._watches.limits.look(before)
            except Exception as err:
                # The thread's boundary: the migration goes on without.
                LOG.debug(
                    'no progress of the disks: %s', err, instance=self._real
                )
                continue
            self._watches.converging.look(now, before)
            log = LOG.debug
            if now - told >= _INFO_SECONDS:
                log, told = LOG.info, now
            for disk in (disk for disk in before.disks if disk.total):
                log('%s', _line(disk), instance=self._real)

    def _blocks(self) -> dict[str, dict[str, int]]:
        found = {}
        for target in self._targets:
            job = self._disks.get_block_device(target).get_job_info()
            if job is not None:
                found[target] = {'cur': job.cur, 'end': job.end}
        return found


def _line(disk: migration_progress.Amount) -> str:
    eta = '-' if disk.eta_seconds is None else f'{disk.eta_seconds:.0f} s'
    return (
        f'Migration of disk {disk.name}: {disk.processed} bytes of '
        f'{disk.total} processed, {disk.rate:.0f} bytes/s, ETA {eta}'
    )


class _CountedInstance:
    """nova's instance, whose progress counts the disks as well."""

    def __init__(
        self, instance: typing.Any, following: LiveMigrationMonitor
    ) -> None:
        vars(self)['_instance'] = instance
        vars(self)['_following'] = following

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._instance, name)

    def __setattr__(self, name: str, value: typing.Any) -> None:
        if name == 'progress':
            value = self._following.percent()
        setattr(self._instance, name, value)

    def __getitem__(self, name: str) -> typing.Any:
        return self._instance[name]
