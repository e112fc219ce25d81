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

from nova_selective_migrate.core.job import stall
from nova_selective_migrate.host.hypervisor import guest as guest_

LOG = logging.getLogger(__name__)


class Holding:
    """Looks on while nova's monitor follows one migration.

    nova waits for [libvirt]live_migration_completion_timeout, at the
    switch-over with the guest paused.

    :param guest: nova.virt.libvirt.guest.Guest
    :param progress_seconds: for how long nothing may move; 0 for ever
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        progress_seconds: float = 0,
    ) -> None:
        self._guest = guest_.Guest(guest._domain)
        self._instance = instance
        self._stall = stall.Stall()
        self._still = stall.Stall()
        self._progress_seconds = progress_seconds or math.inf
        self._let_go = False

    def look(
        self, job: collections.abc.Mapping[str, int], *, running: bool = True
    ) -> None:
        """Abort a migration that holds its guest or stands still, once.

        :param job: the job's statistics, as they are now
        :param running: whether there is one: nova may still be about to
            begin it
        """
        now = time.monotonic()
        self._stall = self._stall.look(
            now, paused=self._guest.held_by_migration(), job=job
        )
        self._still = self._still.look(now, paused=running, job=job)
        if self._let_go:
            return
        if self._stall.lasts(now):
            self._abort(
                'while the guest was paused for the switch-over',
                stall.LIMIT_SECONDS,
            )
        elif self._still.seconds(now) > self._progress_seconds:
            self._abort(
                'which is as long as [selective_migrate]progress_timeout '
                'allows',
                self._progress_seconds,
            )

    def _abort(self, why: str, seconds: float) -> None:
        self._let_go = True
        LOG.warning(
            'Nothing has moved for %d s, %s: the live migration is aborted',
            seconds,
            why,
            instance=self._instance,
        )
        if not self._guest.abort_migration():
            LOG.warning('It cannot be aborted', instance=self._instance)
