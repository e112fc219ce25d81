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

"""Both hosts of a migration: its images, its end, and what is cleaned up."""

import collections.abc
import contextlib
import dataclasses
import functools
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import copied_media
from nova_selective_migrate.host.migration import created_images
from nova_selective_migrate.host.migration import migration_events
from nova_selective_migrate.host.migration import migration_outcome
from nova_selective_migrate.host.migration import settlement
from nova_selective_migrate.host.migration import source_images
from nova_selective_migrate.host.migration import split_brain

LOG = plan_log.logger(__name__)

_NOT_RUNNING = 'nothing is removed while the source has no guest running'
_NOT_ASKED = 'nothing is removed while the destination cannot be asked'
_IN_DOUBT = 'nothing is removed while the destination may use it'


@dataclasses.dataclass(frozen=True)
class MigrationHosts:
    """Both hosts of a migration, and the journal that it is in.

    :ivar probe: whether marker files may be put on the destination
    """

    source: connection.Connection
    destination: connection.Connection
    journal: migration_journal.MigrationJournal
    probe: bool = True

    def enter(
        self,
        guest: libvirt_guest.Guest,
        plan: migration_plan.MigrationPlan,
        plan_id: str,
    ) -> migration_record.MigrationRecord:
        """Enter a copy in the journal, before anything is made for it.

        :param plan_id: of the migration; a second copy has that of the first

        :raises PreparationFailed: when it cannot be written
        """
        made = {image.target for image in plan.images}
        record = migration_record.MigrationRecord.begun(
            plan_id=plan_id,
            domain=guest.name,
            uuid=guest.uuid,
            source_uri=redaction.uri(self.source.uri),
            source_host=self.source.host_uuid() or '',
            destination_uri=redaction.uri(self.destination.uri),
            destination_host=self.destination.host_uuid() or '',
            targets=tuple(plan.migrate_disks),
            destination_name=plan.transport.dname or '',
            postcopy=migrate_call.MigrateFlag.POSTCOPY in plan.call.flags,
            images=(
                *map(migration_record.CreatedImage.planned, plan.images),
                *(
                    migration_record.CreatedImage.planned_medium(medium)
                    for medium in plan.media.copied
                ),
            ),
            removals=tuple(
                migration_record.LeavingImage(
                    each.path, each.identity, each.virtual_bytes, each.pool
                )
                for each in plan.removals.removed
            ),
            existing_sources=tuple(
                disk.disk.chain[0].label
                for disk in plan.disks
                if disk.copied and disk.disk.target not in made
            ),
        )
        self.journal.write(record)
        return record

    def make_images(
        self,
        record: migration_record.MigrationRecord,
        plan: migration_plan.MigrationPlan,
        aborted: copied_media.Aborted,
        listen: migration_events.Listen = migration_events.ignore_event,
    ) -> tuple[migration_record.MigrationRecord, tuple[str, ...]]:
        """Make the images that a copy writes to, and copy media, or nothing.

        :param aborted: tells whether media are not to be copied any more;
            then not all are made
        :returns: the record with the stamps of what was made, and its paths
        :raises PreparationFailed: when one cannot be made; the others are
            removed again, and the message names what could not be
        """
        held: list[str] = []

        def note(image: migration_record.CreatedImage) -> None:
            nonlocal record
            LOG.info(
                '%s: made %s',
                record.domain,
                image.path,
                plan_id=record.plan_id,
            )
            if image.path not in held:
                held.append(image.path)
                listen(migration_events.ImageMade(image))
            record = record.with_image(image)
            self.journal.write(record)

        try:
            created_images.create_images(self.destination, plan.images, note)
            copied_media.copy_media(
                self.source,
                self.destination,
                plan.media.copied,
                note,
                aborted=aborted,
                limit=plan.limit.total,
            )
        except exceptions.PreparationFailed as err:
            left = self.clean(record.only(held), held).left
            about = '; left behind: ' if left else ''
            about += ', '.join(f'{item.path} ({item.why})' for item in left)
            raise exceptions.PreparationFailed(f'{err}{about}') from err
        return record, tuple(held)

    def conclude(
        self,
        run: migration_record.MigrationRecord,
        *,
        call: guest_location.CallResult = guest_location.CallResult.NOT_KNOWN,
        follow: bool = True,
        held: collections.abc.Collection[str] = (),
        suspension: split_brain.SourceSuspension | None = None,
    ) -> migration_outcome.MigrationOutcome:
        """Wait for the end of a migration and settle what can be proven.

        :param call: what is known of the call
        :param follow: whether to wait for a job that still runs
        :param held: see :func:`created_images.examine`
        :param suspension: see :func:`settlement.settle`
        """
        settled = settlement.settle(
            self.source,
            self.destination,
            run.uuid,
            call,
            follow=follow,
            suspension=suspension,
            postcopy=run.postcopy,
        )
        called = call is not guest_location.CallResult.NOT_MADE
        moved = settled.settlement.ending is guest_location.Ending.MOVED
        cleaned = created_images.ImageCleanup()
        if settled.vacant or not called:
            cleaned = self.clean(run, held)
        elif not moved:
            silent = guest_presence.Presence.UNREACHABLE
            why = _NOT_RUNNING
            if settled.destination.presence is silent:
                why = _NOT_ASKED
            elif settled.source.holds:
                why = _IN_DOUBT
            cleaned = created_images.ImageCleanup(
                left=tuple(
                    created_images.LeftImage(image.path, why)
                    for image in run.images
                    if image.stamp is not None or image.path in held
                )
            )
            if settled.settlement.ending is guest_location.Ending.NOT_MOVED:
                self._keep(run, cleaned)
        left_source = created_images.ImageCleanup()
        if moved:
            left_source = self.leave_source(run)
            # The images are the guest's own now.
            self.journal.end(run)
        return migration_outcome.MigrationOutcome(
            settlement=settled.settlement,
            source=settled.source,
            destination=settled.destination,
            seconds=0.0,
            plan_id=run.plan_id,
            stats=self._completed_stats(settled, run.uuid) if moved else {},
            created=tuple(i.path for i in run.images if i.stamp is not None),
            copied=run.copied,
            cleaned=cleaned,
            left_source=left_source,
        )

    def leave_source(
        self, run: migration_record.MigrationRecord, *, delete: bool = True
    ) -> created_images.ImageCleanup:
        """Delete the source's images of a guest that has moved."""
        return source_images.leave(
            self.source,
            self.destination,
            self.journal,
            run,
            probe=self.probe,
            delete=delete,
        )

    def clean(
        self,
        run: migration_record.MigrationRecord,
        held: collections.abc.Collection[str] = (),
        *,
        remove: bool = True,
    ) -> created_images.ImageCleanup:
        """Remove what a migration made, and keep in the journal what stays.

        :param remove: False removes nothing and leaves the journal as it is
        """
        cleaned = created_images.examine(
            run,
            self.destination,
            self._sight(),
            held=held,
            probe=self.probe,
            remove=remove,
            is_beginning=functools.partial(
                copied_media.is_beginning, self.source
            ),
        )
        if remove:
            self._keep(run, cleaned)
        return cleaned

    def _sight(self) -> shared_directories.Sight | None:
        """Return how to see files of the source; None where it has gone."""
        try:
            return shared_directories.sight(self.source)
        except exceptions.HypervisorError:
            return None

    def _keep(
        self,
        run: migration_record.MigrationRecord,
        cleaned: created_images.ImageCleanup,
    ) -> None:
        """Leave in the journal what is left of a migration, if anything is."""
        kept = run.only([item.path for item in cleaned.left])
        if not kept.images:
            self.journal.end(run)
        elif kept != run:
            # What is in it then is too much, and looked at again.
            with contextlib.suppress(exceptions.PreparationFailed):
                self.journal.write(kept)

    def _completed_stats(
        self, settled: settlement.SettledGuest, uuid: str
    ) -> dict[str, typing.Any]:
        if not settled.destination.holds:
            return {}
        try:
            return self.destination.guest(uuid).job_stats(completed=True)
        except exceptions.HypervisorError:
            return {}


def remove_for_second_copy(
    hosts: MigrationHosts,
    run: migration_record.MigrationRecord,
    held: collections.abc.Collection[str],
) -> bool:
    """Remove what a copy has made; tell whether another one may begin.

    It may where the source has the guest, the destination has nothing of
    it, no job runs, and nothing of the copy is left. An image is not used
    twice: what it holds already would survive where a copy of top images
    alone writes nothing.

    :param held: paths that this process has made
    """
    settled = settlement.settle(hosts.source, hosts.destination, run.uuid)
    return settled.vacant and not hosts.clean(run, held).left
