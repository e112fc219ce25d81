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

"""Migrate one guest from the command line: check, copy, say how it ended."""

import dataclasses
import time
import uuid

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import transfer_rate
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import transfer_rates
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import bandwidth_throttle
from nova_selective_migrate.host.migration import copy_call
from nova_selective_migrate.host.migration import guest_trim
from nova_selective_migrate.host.migration import migration_attempt
from nova_selective_migrate.host.migration import migration_events
from nova_selective_migrate.host.migration import migration_hosts
from nova_selective_migrate.host.migration import migration_outcome
from nova_selective_migrate.host.migration import preflight
from nova_selective_migrate.host.migration import progress_monitor
from nova_selective_migrate.host.migration import split_brain

LOG = plan_log.logger(__name__)

_NOT_CONVERGING = migration_attempt.AbortCause(
    migration_attempt.AbortKind.NOT_CONVERGING,
    'aborted because the disks did not get ahead of what the guest writes; '
    'migrate again with --synchronous-writes',
)


class Migrator:
    """One migration of one guest, after a plan that is ready."""

    def __init__(
        self,
        hosts: migration_hosts.MigrationHosts,
        guest: libvirt_guest.Guest,
        plan: migration_plan.MigrationPlan,
        uri: str,
        limits: watchdog_limits.AbortLimits | None = None,
    ) -> None:
        self._hosts = hosts
        self._guest = guest
        self._plan = plan
        self._attempts = attempts.Attempts()
        self._call = copy_call.CopyCall(
            hosts,
            guest,
            uri,
            limits or watchdog_limits.AbortLimits(),
            self._attempts,
            self._take_abort,
        )
        self._abort_asked = False
        self._plan_id: str | None = None
        # One for all copies: both are of one migration.
        self._named = str(uuid.uuid4())

    @property
    def plan_id(self) -> str | None:
        """Return what the journal calls it; None before it is in there."""
        return self._plan_id

    def abort(self) -> None:
        """Ask for the migration to be aborted.

        Sets a flag and no more, so that a signal handler may call it.
        """
        self._abort_asked = True

    def run(
        self,
        report: progress_monitor.ProgressReport,
        notify: bandwidth_throttle.Notify = bandwidth_throttle.ignore_notice,
        listen: migration_events.Listen = migration_events.ignore_event,
    ) -> migration_outcome.MigrationOutcome:
        """Migrate, and return how it ended.

        :param report: is called with the progress at each poll
        :param notify: is called with a line when the limit changes, and
            with what is done before the call
        :param listen: is called with what happens besides, by any thread
        :raises GuestBusy: when another process migrates the guest or cleans
            up after it
        :raises PreparationFailed: when the domain is not the planned one
            any more, the destination runs one like it, an image could not
            be made there or the journal not be written; then nothing is
            changed
        """
        name = self._guest.name
        with (
            plan_log.working_on(self._named),
            self._hosts.journal.alone(self._guest.uuid, name),
        ):
            return self._run_alone(report, notify, listen)

    def _run_alone(
        self,
        report: progress_monitor.ProgressReport,
        notify: bandwidth_throttle.Notify,
        listen: migration_events.Listen,
    ) -> migration_outcome.MigrationOutcome:
        started = time.monotonic()
        preflight.assert_unchanged(self._guest, self._plan)
        preflight.assert_absent(self._hosts.destination, self._guest)
        saved_speed = bandwidth_throttle.SavedSpeed(self._guest)
        autostart = self._guest.autostart()
        suspension = split_brain.SourceSuspension.before_call(
            lambda: self._hosts.source,
            self._guest.uuid,
            self._plan.migrate_disks,
        )
        trimmed = self._trim(notify)
        begun_again = None
        told = (report, notify, listen)
        copy = self._copy(self._plan, self._attempts.first, 1, *told)
        if self._may_copy_again(copy):
            second = self._attempts.begin_second()
            if second is not None:
                seconds = time.monotonic() - started
                begun_again = f'with synchronous writes, after {seconds:.0f} s'
                plan = self._plan.second_copy()
                copy = self._copy(plan, second, 2, *told)
        ended = self._conclude(copy, suspension)
        if ended.settlement.ending is guest_location.Ending.NOT_MOVED:
            saved_speed.restore()
        if ended.settlement.ending is guest_location.Ending.MOVED:
            copy.monitor.complete()
            self._note_rate(copy, ended)
            if autostart:
                self._carry_autostart()
        return dataclasses.replace(
            ended,
            seconds=time.monotonic() - started,
            error=_error_words(copy.attempt),
            left_out=copy.attempt.left_out,
            progress=copy.monitor.progress,
            begun_again=begun_again,
            trim=trimmed,
        )

    def _trim(
        self, notify: bandwidth_throttle.Notify
    ) -> guest_trim.TrimResult | None:
        """Have the guest trim, where that is planned, and tell of it."""
        wanted = self._plan.trimming
        if wanted.images:
            notify(f'asks the guest to trim, for {wanted.seconds} s at most')
        found = guest_trim.trim(
            self._guest,
            wanted,
            guest_trim.allocated_at(self._hosts.source),
            lambda: self._abort_asked,
        )
        if found is not None:
            notify(str(found))
        return found

    def _copy(
        self,
        plan: migration_plan.MigrationPlan,
        attempt: migration_attempt.Attempt,
        number: int,
        report: progress_monitor.ProgressReport,
        notify: bandwidth_throttle.Notify,
        listen: migration_events.Listen,
    ) -> copy_call.MigrationCopy:
        """Make the images of a copy, call libvirt and follow the call.

        :param number: 1, or 2 where the copy is begun again
        :raises PreparationFailed: see :meth:`run`
        """
        record = self._hosts.enter(self._guest, plan, self._named)
        self._plan_id = record.plan_id
        for medium in plan.media.copied:
            there = medium.destination
            where = f'to {there} at' if there else 'to'
            notify(
                f'copies {medium.path}, {medium.size_bytes} bytes, {where} '
                'the destination'
            )
        record, held = self._hosts.make_images(
            record, plan, lambda: self._abort_asked, listen
        )
        monitor = progress_monitor.ProgressMonitor(
            plan.migrate_disks, report, number
        )
        copy = copy_call.MigrationCopy(plan, record, held, attempt, monitor)
        self._take_abort()
        if attempt.state is migration_attempt.AttemptState.PLANNED:
            self._call.run(copy, notify, listen)
        return copy

    def _may_copy_again(self, copy: copy_call.MigrationCopy) -> bool:
        """Tell whether a second copy is wanted and the way is free for it."""
        self._take_abort()
        if not self._attempts.second_copy.wanted or self._attempts.succeeded:
            return False
        if migration_hosts.remove_for_second_copy(
            self._hosts, copy.record, copy.held
        ):
            return True
        self._attempts.abort(_NOT_CONVERGING)
        return False

    def _conclude(
        self,
        copy: copy_call.MigrationCopy,
        suspension: split_brain.SourceSuspension,
    ) -> migration_outcome.MigrationOutcome:
        abandoned = (
            copy.attempt.state is migration_attempt.AttemptState.ABANDONED
        )
        ended = self._hosts.conclude(
            copy.record,
            call=copy.attempt.result,
            follow=not abandoned,
            held=copy.held,
            suspension=suspension,
        )
        LOG.info('%s: %s', self._guest.name, ended.settlement.explanation)
        return ended

    def _note_rate(
        self,
        copy: copy_call.MigrationCopy,
        ended: migration_outcome.MigrationOutcome,
    ) -> None:
        """Keep how fast it was, unless a limit made it that slow."""
        found = transfer_rate.measured(copy.monitor.progress, ended.stats)
        if found is not None and not copy.plan.limit.total:
            rates = transfer_rates.TransferRates(self._hosts.journal.directory)
            rates.note(copy.record.destination_host, found)

    def _carry_autostart(self) -> None:
        """Start the guest with the destination, and with no other host.

        libvirt does not keep autostart. Where the definition here stays, it
        names the images that the guest has left.
        """
        transport, defined = self._plan.transport, self._plan.defined
        if not transport.undefines(defined=defined):
            self._guest.start_with_host(wanted=False)
        if transport.persists(defined=defined):
            self._start_with_destination()

    def _start_with_destination(self) -> None:
        try:
            guest = self._hosts.destination.guest(self._guest.uuid)
            taken = guest.start_with_host()
        except exceptions.HypervisorError:
            taken = False
        if not taken:
            LOG.warning(
                'The destination does not start %s with the host as the '
                'source did: set it with virsh autostart',
                self._guest.name,
            )

    def _take_abort(self) -> None:
        """Note what a signal handler, which may take no lock, has asked."""
        if self._abort_asked:
            self._attempts.abort(migration_attempt.BY_OPERATOR)


def _error_words(attempt: migration_attempt.Attempt) -> str | None:
    """Say what went wrong: the cause of the abort, and libvirt's words."""
    said = ' '.join(str(attempt.error).split()) if attempt.error else ''
    if attempt.why or said:
        return ': '.join(part for part in (attempt.why, said) if part)
    return None if attempt.called else 'aborted before the call'
