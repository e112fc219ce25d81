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

"""Notice disks that do not get ahead of the guest's writes."""

import typing

from oslo_log import log as logging

from nova_selective_migrate.compute.source import again as again_
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_guest

LOG = logging.getLogger(__name__)


class Converging:
    """Looks on while disks are copied; has the copy begin again, once.

    :param guest: nova.virt.libvirt.guest.Guest
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        plan: migration_plan.MigrationPlan,
        again: again_.Again,
    ) -> None:
        self._guest = libvirt_guest.Guest(guest._domain)
        self._instance = instance
        self._plan = plan
        self._lag = watchdog_limits.Convergence()
        self._told = False
        self._aborted = False
        self.again = again

    def look(
        self, now: float, progress: migration_progress.MigrationProgress
    ) -> None:
        """Take another look.

        :param now: seconds of a clock that nobody sets
        """
        self._lag = self._lag.look(now, progress)
        if self._lag.lasts(now) and not self._told:
            self._told = True
            self._tell()
        # Where libvirt takes no abort now, it may the next time.
        if self.again.pending and not self._aborted:
            self._aborted = self._guest.abort_migration()

    def _tell(self) -> None:
        flags = self._plan.call.flags
        if migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES in flags:
            return  # more cannot be done
        if self._plan.again is not None and self.again.want():
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
