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

"""live_migration_force_complete: pause the guest until disks are in sync.

nova pauses the guest for that, or switches to post-copy where that is
permitted. While disks are copied QEMU refuses post-copy and nova forgets the
request (nova.virt.libvirt.migration.trigger_postcopy_switch), so that the
migration of a guest that writes faster than its disks are copied never ends. A
paused guest writes nothing, and its disks get in sync.
"""

import collections.abc
import time
import typing

from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest

LOG = migration_log.logger(__name__)

# QEMU refuses post-copy in the first moments of sending memory.
_ASK_AGAIN_SECONDS = 5.0


class ForcedCompletion:
    """Remembers that a migration is to be completed, until it is.

    libvirt itself resumes the guest: at the destination, and here when the
    migration ends otherwise (qemuMigrationSrcRestoreDomainState). One that
    its user has paused stays so.

    :param guest: nova.virt.libvirt.guest.Guest
    :param migration: remembers the request
    :param ask: asks nova for it once more
    """

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        migration: planned_migrations.RunningMigration,
        ask: collections.abc.Callable[[], None],
    ) -> None:
        self._guest = guest
        self._domain = libvirt_guest.Guest(guest._domain)
        self._instance = instance
        self._migration = migration
        self._ask = ask
        self._memory_begun = False
        self._switch_wanted = False
        self._asked: float | None = None
        self._told = False

    def pause(self) -> None:
        """Act on nova's request where post-copy is not permitted."""
        self._begin()
        self._hold()

    def start_postcopy(self) -> None:
        """Act on nova's request where post-copy is permitted.

        :raises libvirtError: while it cannot be started; it is remembered,
            and nova does not record that it has been
        """
        self._begin()
        self._switch_wanted = True
        if not self._memory_begun:
            self._hold()
            raise libvirt_codes.refused(
                'the guest is paused until its disks are in sync; post-copy '
                'is started then'
            )
        self._guest.migrate_start_postcopy()
        self._switch_wanted = False

    def look(
        self, job: collections.abc.Mapping[str, int], *, running: bool
    ) -> None:
        """Pause the guest or ask for post-copy, as soon as that is possible.

        :param job: the job's statistics, as they are now
        :param running: whether there is one
        """
        if not running:
            return
        # libvirt sends no memory before all disks are in sync.
        self._memory_begun = bool(job.get('memory_total'))
        if not self._migration.forced.asked:
            return
        if self._memory_begun and self._switch_wanted:
            now = time.monotonic()
            if self._asked is None or now - self._asked > _ASK_AGAIN_SECONDS:
                self._asked = now
                self._ask()
        else:
            # The guest runs again when a second copy has begun.
            self._hold()

    def _begin(self) -> None:
        if self._migration.force():
            LOG.info(
                'The live migration is to be completed: the guest is paused '
                'until its disks are in sync',
                instance=self._instance,
            )

    def _hold(self) -> None:
        if self._domain.presence() is not guest_presence.Presence.RUNNING:
            return
        self._migration.forced.pause()
        try:
            self._guest.pause()
        except Exception as err:
            # The monitor's boundary, as nova has it: it goes on without, and
            # the next look tries again.
            if not self._told:
                self._told = True
                LOG.warning(
                    'The guest is not paused yet: %s',
                    err,
                    instance=self._instance,
                )
