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

"""Abort a migration that stalls; copy again what does not converge."""

import collections.abc
import math
import time
import typing

from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import migration_attempt

LOG = migration_log.logger(__name__)


class StallWatchdog:
    """Aborts a migration that stalls, while nova's monitor follows it.

    nova waits for [libvirt]live_migration_completion_timeout, at the
    switch-over with the guest paused.

    :param guest: nova.virt.libvirt.guest.Guest
    :param progress_seconds: for how long nothing may move; 0 for ever
    :param migration: is told of the abort
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        progress_seconds: float = 0,
        migration: planned_migrations.RunningMigration | None = None,
    ) -> None:
        self._guest = libvirt_guest.Guest(guest._domain)
        self._instance = instance
        self._migration = migration or planned_migrations.RunningMigration()
        self._switch_over = watchdog_limits.Stall()
        self._progress = watchdog_limits.Stall()
        self._progress_seconds = progress_seconds or math.inf
        self._cause: migration_attempt.AbortCause | None = None
        self._taken = False
        self._memory_begun = False

    def look(
        self, job: collections.abc.Mapping[str, int], *, running: bool = True
    ) -> None:
        """Abort a migration, once, that holds its guest or moves nothing.

        :param job: the job's statistics, as they are now
        :param running: whether there is one: nova may still be about to
            begin it
        """
        now = time.monotonic()
        self._memory_begun |= bool(job.get('memory_total'))
        # A guest that was paused so that its disks get in sync looks like
        # one at the switch-over.
        waits = self._migration.forced.asked and not self._memory_begun
        held = not waits and self._guest.held_by_migration()
        self._switch_over = self._switch_over.look(now, paused=held, job=job)
        self._progress = self._progress.look(now, paused=running, job=job)
        if self._cause is None:
            self._cause = self._find(now)
            if self._cause is None:
                return
            # No second copy, whether or not the abort succeeds.
            self._migration.calls.abort(self._cause)
            LOG.warning(
                '(%s) %s',
                self._cause.kind.value,
                self._cause.text,
                instance=self._instance,
            )
        # Where libvirt takes no abort now, it may the next time.
        if not self._taken:
            self._taken = self._guest.abort_migration()

    def _find(self, now: float) -> migration_attempt.AbortCause | None:
        """Return why to abort the migration; None: it may go on."""
        if self._switch_over.lasts(now):
            return abort_causes.switch_over_stalled(
                watchdog_limits.STALL_SECONDS
            )
        if self._progress.seconds(now) > self._progress_seconds:
            return abort_causes.no_progress(self._progress_seconds)
        return None


class ConvergenceWatchdog:
    """Has a copy that does not converge begin again, once.

    :param guest: nova.virt.libvirt.guest.Guest
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        plan: migration_plan.MigrationPlan,
        second_copy: attempts.SecondCopy,
    ) -> None:
        self._guest = libvirt_guest.Guest(guest._domain)
        self._instance = instance
        self._plan = plan
        self._convergence = watchdog_limits.Convergence()
        self._warned = False
        self._taken = False
        self._second_copy = second_copy

    def look(
        self, now: float, progress: migration_progress.MigrationProgress
    ) -> None:
        """Look at the progress, and ask for a second copy where needed.

        :param now: seconds of a clock that nobody sets
        """
        self._convergence = self._convergence.look(now, progress)
        if self._convergence.lasts(now) and not self._warned:
            self._warned = True
            self._want_second_copy()
        # Where libvirt takes no abort now, it may the next time.
        if self._second_copy.wanted and not self._taken:
            self._taken = self._guest.abort_migration()

    def _want_second_copy(self) -> None:
        flags = self._plan.call.flags
        if migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES in flags:
            return  # more cannot be done
        if self._plan.second_call is not None and self._second_copy.want():
            LOG.warning(
                'The disks have not got ahead of what the guest writes for '
                '%d s: the copy is aborted and begins again, with '
                'synchronous writes',
                watchdog_limits.CONVERGENCE_SECONDS,
                instance=self._instance,
            )
            return
        LOG.warning(
            'The disks have not got ahead of what the guest writes for %d s, '
            'and the copy cannot begin again here. If it does not end, abort '
            'the live migration, set [selective_migrate]synchronous_writes = '
            'on on this host where its QEMU is fit for that, and migrate '
            'again; or pause the server meanwhile',
            watchdog_limits.CONVERGENCE_SECONDS,
            instance=self._instance,
        )
