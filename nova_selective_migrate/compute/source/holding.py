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

"""Let a guest go that its migration holds without moving anything."""

import collections.abc
import time
import typing

from oslo_log import log as logging

from nova_selective_migrate.core.job import stall
from nova_selective_migrate.host.hypervisor import guest as guest_

LOG = logging.getLogger(__name__)


class Holding:
    """Looks on while nova's monitor follows one migration.

    nova waits for [libvirt]live_migration_completion_timeout, with the guest
    paused.

    :param guest: nova.virt.libvirt.guest.Guest
    """

    def __init__(self, guest: typing.Any, instance: typing.Any) -> None:
        self._guest = guest_.Guest(guest._domain)
        self._instance = instance
        self._stall = stall.Stall()
        self._let_go = False

    def look(self, job: collections.abc.Mapping[str, int]) -> None:
        """Abort a migration that holds its guest, once.

        :param job: the job's statistics, as they are now
        """
        now = time.monotonic()
        self._stall = self._stall.look(
            now, paused=self._guest.held_by_migration(), job=job
        )
        if self._let_go or not self._stall.lasts(now):
            return
        self._let_go = True
        LOG.warning(
            'Nothing has moved for %d s while the guest was paused for the '
            'switch-over: the live migration is aborted',
            stall.LIMIT_SECONDS,
            instance=self._instance,
        )
        if not self._guest.abort_migration():
            LOG.warning('It cannot be aborted', instance=self._instance)
