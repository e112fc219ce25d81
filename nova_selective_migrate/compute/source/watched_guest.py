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

"""nova's guest as its monitor has it, watched and kept from a wrong end."""

import collections.abc
import typing

from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import forced_completion
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest

LOG = migration_log.logger(__name__)

# VIR_DOMAIN_JOB_UNBOUNDED, _FAILED and _CANCELLED.
_RUNNING = 2
_FAILED = 4
_BROKEN_OFF = (_FAILED, 5)


class WatchedGuest:
    """nova's guest, whose job statistics the watchdogs see as well."""

    def __init__(
        self,
        guest: typing.Any,
        instance: typing.Any,
        migration: planned_migrations.RunningMigration,
        forced: forced_completion.ForcedCompletion,
        *,
        take: collections.abc.Callable[[typing.Any], None],
        idle: collections.abc.Callable[[], typing.Any],
    ) -> None:
        """Take nova's guest.

        :param guest: nova.virt.libvirt.guest.Guest
        :param take: is shown each JobInfo before nova sees it
        :param idle: makes nova's JobInfo of no job
        """
        self._guest = guest
        self._instance = instance
        self._domain = libvirt_guest.Guest(guest._domain)
        self._calls = migration.calls
        self._second_copy = self._calls.second_copy
        self._post_copy = migration.postcopy
        self._forced = forced
        self._downtime: int | None = None
        self._take = take
        self._idle = idle

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._guest, name)

    def abort_job(self) -> None:
        """Abort the migration for nova's time-out, and for good."""
        self._calls.abort(abort_causes.completion_timeout())
        self._guest.abort_job()

    def pause(self) -> None:
        """Pause it for nova, so that its migration comes to an end."""
        self._forced.pause()

    def migrate_start_postcopy(self) -> None:
        """Switch to post-copy for nova, as soon as QEMU can."""
        self._forced.start_postcopy()
        self._post_copy.begin()

    def resume(self) -> None:
        """Leave it paused when nova takes its migration for failed.

        Where it is has still to be found out; it may run at the destination.
        """

    def get_job_info(self) -> typing.Any:
        """Return nova's JobInfo.

        Where libvirt cannot tell now, there is none: nova then goes on
        waiting for the call, and does not take that for an error.
        """
        try:
            info = self._guest.get_job_info()
        except Exception as err:
            if not libvirt_codes.is_busy(err):
                raise
            LOG.warning(
                'Migration job: %s. If this goes on, QEMU may wait for an '
                'answer of the destination that was lost, and the guest with '
                'it: "ss -K dst ADDRESS" on this host ends the connection',
                err,
                instance=self._instance,
            )
            return self._idle()
        if info.type == _RUNNING and self._is_torn():
            # Else nova follows it without end: the job stays, for whoever
            # takes the post-copy up again.
            info.type = _FAILED
            return info
        self._take(info)
        if self._second_copy.wanted and info.type in _BROKEN_OFF:
            # Of the first copy: the second is about to begin, and nova
            # must not roll back.
            return self._idle()
        if self._second_copy.begun and info.type == _RUNNING:
            self._set_downtime()
        return info

    def _is_torn(self) -> bool:
        """Tell whether the call has ended with a post-copy that failed."""
        found = self._domain.presence()
        self._post_copy.look(found)
        failed = guest_presence.Presence.POSTCOPY_FAILED
        return found is failed and self._calls.error is not None

    def migrate_configure_max_downtime(self, mstime: int) -> None:
        """Set the longest downtime for nova, in milliseconds."""
        if not self._second_copy.begun:
            self._downtime = mstime
        self._guest.migrate_configure_max_downtime(mstime)

    def _set_downtime(self) -> None:
        """Set the downtime again for the second copy; nova sets it once."""
        mstime, self._downtime = self._downtime, None
        if mstime is None:
            return
        try:
            self._guest.migrate_configure_max_downtime(mstime)
        except Exception as err:
            # libvirt's default then holds until nova's next step.
            LOG.warning(
                'The longest downtime is not set: %s',
                err,
                instance=self._instance,
            )
