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

"""live_migration on the source: follow the plan, record what is true."""

import collections.abc
import functools
import typing

from nova import exception

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import remote_libvirt
from nova_selective_migrate.compute.source import completion
from nova_selective_migrate.compute.source import forced_completion
from nova_selective_migrate.compute.source import live_migration_monitor
from nova_selective_migrate.compute.source import live_migration_operation
from nova_selective_migrate.compute.source import live_migration_settlement
from nova_selective_migrate.compute.source import live_migration_watchdogs
from nova_selective_migrate.compute.source import outgoing_journal
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import running_plans
from nova_selective_migrate.compute.source import volume_connections
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import bandwidth_throttle
from nova_selective_migrate.host.migration import migration_attempt
from nova_selective_migrate.host.migration import split_brain

LOG = migration_log.logger(__name__)

Method = collections.abc.Callable[..., typing.Any]


class LiveMigrations:
    """Runs and aborts the live migrations from this host."""

    def __init__(
        self,
        driver: typing.Any,
        plans: running_plans.RunningPlans,
        records: planned_migrations.PlannedMigrations,
        journal: outgoing_journal.OutgoingJournal,
        limits: watchdog_limits.AbortLimits,
    ) -> None:
        self._driver = driver
        self._plans = plans
        self._records = records
        self._journal = journal
        self._limits = limits

    def operate(
        self,
        stock: Method,
        instance: typing.Any,
        migrate_data: typing.Any,
        guest: typing.Any,
    ) -> None:
        """Make the libvirt call as planned; runs in a thread of nova's.

        What goes wrong is kept for the thread that follows the migration:
        nova from 32.2 on raises it there a second time after a clean
        rollback, and leaves the server in ERROR.

        :param stock: nova's _live_migration_operation, without its guest
        :param guest: nova.virt.libvirt.guest.Guest
        """
        running = self._records.running(instance.uuid)
        if running is None or running.calls.of is not migrate_data:
            LOG.warning(
                'A live migration that was given up is not begun any more',
                instance=instance,
            )
            return
        try:
            live_migration_operation.trim(
                guest, self._records.planned(instance.uuid), running.calls
            )
            live_migration_operation.make_calls(
                lambda planned: stock(guest=planned),
                lambda: self._plans.unchanged(instance).plan,
                guest,
                running.calls,
                volume_connections.VolumeConnections(
                    self._driver, instance, migrate_data
                ).disk,
            )
        except Exception as err:
            # The thread's boundary. nova has logged it; the thread that
            # follows the migration records it as a fault.
            LOG.debug('The migration call ended: %r', err, instance=instance)
            running.calls.end(err)
        else:
            running.calls.end()

    def follow(
        self,
        guest: typing.Any,
        instance: typing.Any,
        planned: planned_migrations.PlannedMigration,
        interval: float,
        idle: collections.abc.Callable[[], typing.Any],
        ask: collections.abc.Callable[[], None],
    ) -> live_migration_monitor.LiveMigrationMonitor:
        """Return the monitor that works inside nova's, disk by disk.

        :param idle: makes nova's JobInfo of no job
        :param ask: asks nova once more to complete the migration
        """
        running = (
            self._records.running(instance.uuid)
            or planned_migrations.RunningMigration()
        )
        return live_migration_monitor.LiveMigrationMonitor(
            guest,
            instance,
            planned.plan.migrate_disks,
            interval,
            idle=idle,
            watches=live_migration_monitor.Watches(
                live_migration_watchdogs.StallWatchdog(
                    guest, instance, self._limits.progress_seconds, running
                ),
                live_migration_watchdogs.ConvergenceWatchdog(
                    guest, instance, planned.plan, running.calls.second_copy
                ),
                bandwidth_throttle.BandwidthThrottle(
                    libvirt_guest.Guest(guest._domain),
                    planned.plan.limit,
                    len(planned.plan.migrate_disks),
                    lambda text: LOG.info('%s', text, instance=instance),
                ),
                forced_completion.ForcedCompletion(
                    guest, instance, running, ask
                ),
                running,
                functools.partial(self._records.activity.look, instance.uuid),
            ),
        )

    def force_complete(self, stock: Method, instance: typing.Any) -> None:
        """Let nova complete a migration, unless that is under way already."""
        running = self._records.running(instance.uuid)
        if running is None or not running.forced.asked:
            stock()

    def abort(self, stock: Method, instance: typing.Any) -> None:
        """Let nova abort a migration, also before each of its calls."""
        running = self._records.running(instance.uuid)
        planned = self._records.planned(instance.uuid)
        withdrawn = running is not None and running.calls.abort(
            migration_attempt.BY_OPERATOR
        )
        try:
            stock()
        except Exception as err:
            if not withdrawn:
                raise
            # libvirt has no job at this moment, and gets no other.
            LOG.info(
                'libvirt is not called any more: %s',
                err,
                instance=instance,
                # The abort is another request.
                plan_id=planned.plan_id if planned else '',
            )

    def run(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        dest: str,
        *,
        post_method: Method,
        recover_method: Method,
        block_migration: typing.Any,
        migrate_data: typing.Any,
    ) -> None:
        """Let nova migrate, and complete by where the guest really is.

        :param stock: nova's live_migration, without its post_method and
            recover_method
        :param post_method: nova's work after a migration that came through
        :param recover_method: nova's rollback
        :param migrate_data: LibvirtLiveMigrateData
        :raises MigrationError: when it cannot be known where the guest is;
            nothing has been cleaned up then
        """
        running = self._records.begin(instance.uuid, migrate_data)
        running.postcopy.noted_by(
            functools.partial(self._note_postcopy, instance)
        )
        uri = self.uri(outgoing_journal.address(dest, migrate_data))
        suspension = self._suspension(instance)
        end = completion.Completion(
            completion.NovaCallbacks(
                lambda: self._settle(instance, running, uri, suspension),
                self._with_totals(post_method, instance, migrate_data),
                recover_method,
                fault_reports.record_fault,
                fault_reports.record_event,
                lambda: fault_reports.abort_cause(
                    context, instance, running.calls.causes
                ),
            ),
            context,
            instance,
            dest,
            block_migration,
            migrate_data,
        )
        self._records.activity.begin(instance.uuid, instance.name)
        try:
            self._plans.assert_prepared(instance, migrate_data)
            # nova's partials: see ComputeManager._do_live_migration.
            named = post_method.keywords  # type: ignore[attr-defined]
            self._journal.begin(
                context,
                instance,
                dest,
                named['source_bdms'],
                block_migration,
                migrate_data,
                uri,
            )
            stock(
                post_method=end.believed_moved,
                recover_method=end.believed_failed,
            )
        except Exception as err:
            # For any error: nova would leave the destination prepared.
            if end.reached:
                raise
            end.broken_off(err)
        finally:
            self._records.forget(instance.uuid)
            self._drop(instance)
            self._records.activity.end(instance.uuid, end.ending, end.status)
        end.report()

    def _with_totals(
        self, post: Method, instance: typing.Any, data: typing.Any
    ) -> Method:
        """Return nova's post_method, with the totals saved before it."""

        def noted(*arguments: typing.Any, **named: typing.Any) -> typing.Any:
            planned = self._records.planned(instance.uuid)
            if planned is not None:
                completion.save_totals(data.migration, instance, planned.plan)
            return post(*arguments, **named)

        return noted

    def _suspension(
        self, instance: typing.Any
    ) -> split_brain.SourceSuspension:
        planned = self._records.planned(instance.uuid)
        return split_brain.SourceSuspension.before_call(
            self.connect,
            instance.uuid,
            planned.plan.migrate_disks if planned else (),
        )

    def _settle(
        self,
        instance: typing.Any,
        running: planned_migrations.RunningMigration,
        uri: str,
        suspension: split_brain.SourceSuspension,
    ) -> live_migration_settlement.SettledMigration:
        settled = running.postcopy.judge(
            self.find(instance.uuid, running.calls, uri, suspension=suspension)
        )
        not_moved = settled.ending is guest_location.Ending.NOT_MOVED
        if running.forced.paused and not_moved:
            settled = live_migration_settlement.release(
                self.connect, instance, settled
            )
        try:
            self._journal.note(instance.uuid, settled.ending)
        except exceptions.JournalFailed as err:
            # A restart finds out again where the guest is.
            LOG.warning('%s', err, instance=instance)
        return settled

    def _note_postcopy(self, instance: typing.Any) -> None:
        try:
            self._journal.note_postcopy(instance.uuid)
        except exceptions.JournalFailed as err:
            # This process knows it all the same.
            LOG.warning('%s', err, instance=instance)

    def _drop(self, instance: typing.Any) -> None:
        try:
            self._journal.drop(instance.uuid)
        except exceptions.JournalFailed as err:
            # The next start finds that nova has completed it.
            LOG.warning('%s', err, instance=instance)

    def find(
        self,
        uuid: str,
        calls: attempts.Attempts,
        uri: str,
        *,
        was_there: bool = False,
        suspension: split_brain.SourceSuspension | None = None,
    ) -> live_migration_settlement.SettledMigration:
        """Wait for the end of a migration, and find where the guest is.

        :param uri: of the destination's libvirt
        """
        hosts = live_migration_settlement.GuestHosts(
            self.connect, lambda: remote_libvirt.connect(self._driver, uri)
        )
        return live_migration_settlement.settle(
            hosts, uuid, calls, was_there=was_there, suspension=suspension
        )

    def uri(self, address: str) -> str:
        """Return the URI that nova uses for another host's libvirt."""
        return str(self._driver._live_migration_uri(address))

    def connect(self) -> connection.Connection:
        """Return nova's connection to this host's libvirt.

        :raises ConnectFailed: when it cannot be reached
        """
        try:
            return connection.Connection(
                self._driver._host.get_connection(), ''
            )
        except exception.HypervisorUnavailable as err:
            raise exceptions.ConnectFailed(str(err)) from err
