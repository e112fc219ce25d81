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

"""Abort a migration that does not move anything."""

import collections.abc
import math
import time
import typing

from oslo_log import log as logging

from nova_selective_migrate.compute import abort_cause
from nova_selective_migrate.compute.source import record
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.hypervisor import libvirt_guest

LOG = logging.getLogger(__name__)


class Holding:
    """Looks on while nova's monitor follows one migration.

    nova waits for [libvirt]live_migration_completion_timeout, at the
    switch-over with the guest paused.

    :param guest: nova.virt.libvirt.guest.Guest
    :param progress_seconds: for how long nothing may move; 0 for ever
    :param call: is told of the abort
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        progress_seconds: float = 0,
        call: record.Call | None = None,
    ) -> None:
        self._guest = libvirt_guest.Guest(guest._domain)
        self._instance = instance
        self._call = call or record.Call()
        self._stall = watchdog_limits.Stall()
        self._still = watchdog_limits.Stall()
        self._progress_seconds = progress_seconds or math.inf
        self._cause: abort_cause.AbortCause | None = None
        self._taken = False
        self._memory_begun = False

    def look(
        self, job: collections.abc.Mapping[str, int], *, running: bool = True
    ) -> None:
        """Abort a migration that holds its guest or stands still, once.

        :param job: the job's statistics, as they are now
        :param running: whether there is one: nova may still be about to
            begin it
        """
        now = time.monotonic()
        self._memory_begun |= bool(job.get('memory_total'))
        # libvirt says of a guest that is paused so that its disks get in
        # sync what it says at the switch-over.
        waits = self._call.forced and not self._memory_begun
        held = not waits and self._guest.held_by_migration()
        self._stall = self._stall.look(now, paused=held, job=job)
        self._still = self._still.look(now, paused=running, job=job)
        if self._cause is None:
            self._cause = self._find(now)
            if self._cause is None:
                return
            # Whatever comes of it, there is no second copy.
            self._call.abort(self._cause)
            LOG.warning('%s', self._cause.text, instance=self._instance)
        # Where libvirt takes no abort now, it may the next time.
        if not self._taken:
            self._taken = self._guest.abort_migration()

    def _find(self, now: float) -> abort_cause.AbortCause | None:
        """Return why to abort the migration; None: it may go on."""
        if self._stall.lasts(now):
            return abort_cause.switch_over_stalled(
                watchdog_limits.STALL_SECONDS
            )
        if self._still.seconds(now) > self._progress_seconds:
            return abort_cause.no_progress(self._progress_seconds)
        return None
