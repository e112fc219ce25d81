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

"""Run a plan: make the images, call libvirt, follow, settle the truth."""

import dataclasses
import logging
import threading
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.migration import bandwidth_throttle
from nova_selective_migrate.host.migration import created_images
from nova_selective_migrate.host.migration import destination_watchdogs
from nova_selective_migrate.host.migration import migration_outcome
from nova_selective_migrate.host.migration import preflight
from nova_selective_migrate.host.migration import progress_monitor

# Each poll is one call and one more for each disk; small disks are through
# in less than nova's half second.
LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.2


class Migrator:
    """One migration of one guest, after a plan that is ready."""

    def __init__(
        self,
        hosts: migration_outcome.MigrationHosts,
        guest: libvirt_guest.Guest,
        plan: migration_plan.MigrationPlan,
        uri: str,
        limits: watchdog_limits.AbortLimits | None = None,
    ) -> None:
        self._hosts = hosts
        self._source = hosts.source
        self._destination = hosts.destination
        self._guest = guest
        self._plan = plan
        self._uri = uri
        self._limits = limits or watchdog_limits.AbortLimits()
        self._lagged = False
        self._tell: bandwidth_throttle.Tell = bandwidth_throttle.untold
        self._begun_again: str | None = None
        self._returned = threading.Event()
        self._aborted = False
        self._why = ''
        self._called = False
        self._succeeded = False
        self._left_out: str | None = None
        self._error: Exception | None = None
        self._made: list[migration_journal.CreatedImage] = []
        self._plan_id: str | None = None

    @property
    def plan_id(self) -> str | None:
        """Return what the journal calls it; None before it is in there."""
        return self._plan_id

    def abort(self) -> None:
        """Ask for the migration to be aborted.

        Sets a flag and no more, so that a signal handler may call it.
        """
        self._aborted = True

    def run(
        self,
        report: progress_monitor.ProgressReport,
        tell: bandwidth_throttle.Tell = bandwidth_throttle.untold,
    ) -> migration_outcome.MigrationOutcome:
        """Migrate and return the truth about it.

        :param tell: is given what becomes of the limit
        :raises GuestBusy: when another process migrates the guest or cleans
            up after it
        :raises PreparationFailed: when the domain is not the planned one
            any more, the destination runs one like it, an image could not
            be made there or the journal not be written; then nothing is
            changed
        """
        name, uuid = self._guest.name, self._guest.uuid
        with self._hosts.journal.alone(uuid, name):
            return self._run_alone(report, tell)

    def _run_alone(
        self,
        report: progress_monitor.ProgressReport,
        tell: bandwidth_throttle.Tell,
    ) -> migration_outcome.MigrationOutcome:
        started = time.monotonic()
        preflight.assert_unchanged(self._guest, self._plan)
        preflight.assert_absent(self._destination, self._guest)
        run = self._prepare()
        follow = progress_monitor.ProgressMonitor(
            self._plan.migrate_disks, report
        )
        former = bandwidth_throttle.SavedSpeed(self._guest)
        autostart = self._guest.autostart()
        self._tell = tell
        if not self._aborted:
            self._call_and_follow(follow)
        if self._lagged and not self._aborted and not self._succeeded:
            held = [image.path for image in self._made]
            if migration_outcome.remove_for_second_copy(
                self._hosts, run, held
            ):
                seconds = time.monotonic() - started
                run, follow = self._begin_again(seconds, report)
            else:
                self._why = (
                    'aborted because the disks did not get ahead of what the '
                    'guest writes; migrate again with --synchronous-writes'
                )
        ended = self._hosts.conclude(
            run,
            call=self._call_result,
            follow=self._returned.is_set() or not self._called,
            held=[image.path for image in self._made],
        )
        LOG.info('%s: %s', self._guest.name, ended.settlement.explanation)
        if ended.settlement.ending is guest_location.Ending.NOT_MOVED:
            former.restore()
        if ended.settlement.ending is guest_location.Ending.MOVED:
            follow.complete()
        if (
            autostart
            and ended.settlement.ending is guest_location.Ending.MOVED
        ):
            self._start_with_host()
        return dataclasses.replace(
            ended,
            seconds=time.monotonic() - started,
            error=self._said(),
            left_out=self._left_out,
            progress=follow.progress,
            begun_again=self._begun_again,
        )

    def _start_with_host(self) -> None:
        """Have it start with its host there too; libvirt forgets that."""
        try:
            taken = self._destination.guest(self._guest.uuid).start_with_host()
        except exceptions.HypervisorError:
            taken = False
        if not taken:
            LOG.warning(
                'The destination does not start %s with the host as the '
                'source did: set it with virsh autostart',
                self._guest.name,
            )

    def _begin_again(
        self, seconds: float, report: progress_monitor.ProgressReport
    ) -> tuple[
        migration_journal.MigrationRecord, progress_monitor.ProgressMonitor
    ]:
        """Copy with synchronous writes, after a copy that did not converge.

        :param seconds: what the first took
        :raises PreparationFailed: see :meth:`run`
        """
        self._plan = self._plan.begun_again()
        self._begun_again = f'with synchronous writes, after {seconds:.0f} s'
        self._made = []
        self._returned.clear()
        self._called, self._lagged = False, False
        self._error, self._why = None, ''
        run = self._prepare()
        follow = progress_monitor.ProgressMonitor(
            self._plan.migrate_disks, report
        )
        if not self._aborted:
            self._call_and_follow(follow)
        return run, follow

    def _prepare(self) -> migration_journal.MigrationRecord:
        """Note what is to be made, and make it, all or none.

        :raises PreparationFailed: when one cannot be made; the others are
            removed again, and the message names what could not be
        """
        run = migration_journal.MigrationRecord.begun(
            domain=self._guest.name,
            uuid=self._guest.uuid,
            source_uri=redaction.uri(self._source.uri),
            source_host=self._source.host_uuid() or '',
            destination_uri=redaction.uri(self._destination.uri),
            destination_host=self._destination.host_uuid() or '',
            targets=tuple(self._plan.migrate_disks),
            images=tuple(
                map(migration_journal.CreatedImage.planned, self._plan.images)
            ),
        )
        self._hosts.journal.write(run)
        self._plan_id = run.plan_id

        def note(image: migration_journal.CreatedImage) -> None:
            nonlocal run
            LOG.info('%s: made %s', self._guest.name, image.path)
            self._made.append(image)
            run = run.with_image(image)
            self._hosts.journal.write(run)

        try:
            created_images.create_images(
                self._destination, self._plan.images, note
            )
        except exceptions.PreparationFailed as err:
            paths = [image.path for image in self._made]
            left = self._hosts.clean(run.only(paths), paths).left
            about = '; left behind: ' if left else ''
            about += ', '.join(f'{item.path} ({item.why})' for item in left)
            raise exceptions.PreparationFailed(f'{err}{about}') from err
        return run

    @property
    def _call_result(self) -> guest_location.CallResult:
        if not self._called:
            return guest_location.CallResult.NOT_MADE
        if self._succeeded:
            return guest_location.CallResult.SUCCEEDED
        if self._error is None:
            return guest_location.CallResult.UNTOLD
        return libvirt_codes.call_result(self._error)

    def _said(self) -> str | None:
        said = ' '.join(str(self._error).split()) if self._error else ''
        if self._why or said:
            return ': '.join(part for part in (self._why, said) if part)
        return None if self._called else 'aborted before the call'

    def _call_and_follow(
        self, follow: progress_monitor.ProgressMonitor
    ) -> None:
        thread = threading.Thread(
            target=self._call, name='migrate', daemon=True
        )
        reserve = self._limits.reserve_bytes
        with (
            destination_watchdogs.ReachabilityWatchdog(
                self._destination, self._guest.uuid
            ) as watched,
            destination_watchdogs.FreeSpaceWatchdog(
                self._destination, self._plan, reserve
            ) as space,
        ):
            thread.start()
            self._follow(follow, watched, space)

    def _follow(
        self,
        follow: progress_monitor.ProgressMonitor,
        watched: destination_watchdogs.ReachabilityWatchdog,
        space: destination_watchdogs.FreeSpaceWatchdog,
    ) -> None:
        taken = False
        waits = progress_monitor.AbortPolicy(
            self._guest, watched, self._limits.progress_seconds
        )
        throttled = bandwidth_throttle.BandwidthThrottle(
            self._guest,
            self._plan.limit,
            len(self._plan.migrate_disks),
            self._tell,
        )
        lag = watchdog_limits.Convergence()
        while not self._returned.wait(_POLL_SECONDS):
            job = follow.look(self._guest)
            now = time.monotonic()
            throttled.look(follow.progress)
            if follow.progress is not None:
                lag = lag.look(now, follow.progress)
            if lag.lasts(now) and self._plan.again and not self._aborted:
                self._lagged = True
            if space.short and not self._aborted:
                self._aborted, self._why = True, space.short
            given_up = waits.look(now, job)
            if given_up and (given_up.for_good or not self._aborted):
                self._aborted, self._why = True, given_up.why
            if given_up and given_up.for_good:
                return
            # Before the job has begun and while it ends libvirt takes none.
            if (self._aborted or self._lagged) and not taken:
                taken = self._guest.abort_migration()

    def _call(self) -> None:
        # A connection of its own: on a shared one libvirt 9.0 was seen to
        # answer no question until the call returned, 40 s later.
        try:
            with self._source.again() as own:
                guest = own.guest(self._guest.uuid)
                # Making the images took its time.
                preflight.assert_unchanged(self._guest, self._plan)
                call = preflight.with_secrets(self._plan, guest)
                LOG.info('%s: calls libvirt', self._guest.name)
                self._called = True
                if migrate_call.MigrateFlag.PEER2PEER in call.flags:
                    self._left_out = guest.migrate_to_uri(self._uri, call)
                else:
                    there = self._destination.virt
                    self._left_out = guest.migrate(there, call)
            self._succeeded = True
        except Exception as err:
            # The thread's boundary: what the binding raises for an argument
            # it cannot pass must not look like success.
            self._error = err
        finally:
            self._returned.set()
