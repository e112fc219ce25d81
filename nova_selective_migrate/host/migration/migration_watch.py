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

"""Watch a migration that somebody else has begun, and change nothing."""

import collections.abc
import dataclasses
import time
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import watched_end
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import progress_monitor
from nova_selective_migrate.host.migration import settlement

_POLL_SECONDS = 0.5
# libvirt tells of the departure when it has ended the guest's QEMU.
_NOTICE_SECONDS = 5.0
# For both hosts to agree; it only looks, and suspends nothing.
_SETTLE_SECONDS = 15.0


@dataclasses.dataclass(frozen=True)
class WatchedMigration:
    """How a migration ended that was watched.

    :ivar seconds: for how long it was watched; 0.0: none went on
    :ivar stats: libvirt's of the completed job, where it still has them
    :ivar progress: the last that was seen; None where none went on
    """

    settlement: guest_location.Settlement
    source: guest_presence.GuestSide
    destination: guest_presence.GuestSide | None = None
    seconds: float = 0.0
    stats: collections.abc.Mapping[str, typing.Any] = dataclasses.field(
        default_factory=dict
    )
    progress: migration_progress.MigrationProgress | None = None


class MigrationWatch:
    """Watches one guest on the host that it migrates from.

    :param destination: to be asked in the end; None where it is not known
    """

    def __init__(
        self,
        source: connection.Connection,
        guest: libvirt_guest.Guest,
        destination: connection.Connection | None = None,
    ) -> None:
        self._source = source
        self._guest = guest
        self._destination = destination

    def follow(
        self,
        report: progress_monitor.ProgressReport,
        begun: collections.abc.Callable[[], None],
        *,
        wait: bool,
    ) -> WatchedMigration:
        """Follow the migration to its end.

        :param report: is called with the progress at each look
        :param begun: is called when a migration is seen
        :param wait: whether to wait for one that has not begun
        """
        with self._guest.migrated_notice() as notice:
            if not self._await_beginning(
                wait=wait, left=notice.departed.is_set
            ):
                return self._none()
            began = time.monotonic()
            begun()
            targets: list[str] = []
            monitor = progress_monitor.ProgressMonitor(targets, report)
            candidates = self._disks()
            while self._goes_on():
                # Mirrors begin one after the other.
                targets += [
                    target
                    for target in candidates
                    if target not in targets and self._guest.block_job(target)
                ]
                monitor.look(self._guest)
                time.sleep(_POLL_SECONDS)
            side = self._source.look(self._guest.uuid)
            if not side.holds:
                notice.departed.wait(_NOTICE_SECONDS)
            ended = self._ended(side, departed=notice.departed.is_set())
        if ended.settlement.ending is guest_location.Ending.MOVED:
            monitor.complete()
        return dataclasses.replace(
            ended,
            seconds=time.monotonic() - began,
            stats=self._guest.job_stats(completed=True),
            progress=monitor.progress,
        )

    def _await_beginning(
        self, *, wait: bool, left: collections.abc.Callable[[], bool]
    ) -> bool:
        """Wait for a migration; tell whether one goes on, or went too fast."""
        while not self._guest.migrates_away():
            if left():
                return True
            if not wait:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _goes_on(self) -> bool:
        # A failed post-copy keeps its job, to be taken up again.
        failed = guest_presence.Presence.POSTCOPY_FAILED
        return (
            self._guest.migrates_away()
            and self._guest.presence() is not failed
        )

    def _disks(self) -> list[str]:
        try:
            domain = domain_xml.parse(self._guest.xml())
        except exceptions.SelectiveMigrateError:
            return []  # it has just left
        return [disk.target for disk in domain.disks]

    def _none(self) -> WatchedMigration:
        side = self._source.look(self._guest.uuid)
        return WatchedMigration(
            guest_location.Settlement(
                guest_location.Ending.NOT_MOVED,
                f'no migration of {self._guest.name} goes on, which is {side} '
                'there; --wait waits for one',
            ),
            side,
        )

    def _ended(
        self, side: guest_presence.GuestSide, *, departed: bool
    ) -> WatchedMigration:
        if self._destination is None:
            return WatchedMigration(
                watched_end.judge(side, departed=departed), side
            )
        uuid = self._guest.uuid
        deadline = time.monotonic() + _SETTLE_SECONDS
        found = settlement.settle_once(self._source, self._destination, uuid)
        while not found.settlement.final and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            found = settlement.settle_once(
                self._source, self._destination, uuid
            )
        return WatchedMigration(
            found.settlement, found.source, found.destination
        )
