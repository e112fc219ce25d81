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

"""init_host: complete outgoing migrations that an earlier process left.

Wherever the guest is, nova resets the state of a server that was migrating
and leaves the destination as it is (nova.compute.manager.ComputeManager.
_reset_live_migration). It does so after its driver has started, so that the
driver settles these migrations before.
"""

import functools
import typing

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.compute import task_states
from nova.compute import vm_states
import nova.conf

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.source import completion
from nova_selective_migrate.compute.source import live_migration
from nova_selective_migrate.compute.source import outgoing_journal
from nova_selective_migrate.compute.source import post_copy
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.migration import attempts

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)

# What nova.compute.manager.ComputeManager.init_host loads, and what the
# resource tracker's claims need.
_ATTRIBUTES = (
    'info_cache',
    'metadata',
    'system_metadata',
    'numa_topology',
    'flavor',
    'migration_context',
)


class OutgoingRecovery:
    """Ends each migration in the outgoing journal when nova-compute starts.

    It calls nova's own methods. At that time its manager is complete except
    for the resource tracker, which nova fills later. Post-migration work
    releases devices in it, so that it is filled before that.
    """

    def __init__(
        self,
        driver: typing.Any,
        journal: outgoing_journal.OutgoingJournal,
        migrations: live_migration.LiveMigrations,
        activity: migration_activity.MigrationActivity | None = None,
    ) -> None:
        self._driver = driver
        self._journal = journal
        self._migrations = migrations
        self._activity = activity or migration_activity.MigrationActivity()

    def settle(self) -> None:
        """Have nova's records say where each guest is; never raises."""
        try:
            instances = self._journal.instances()
        except exceptions.JournalFailed as err:
            LOG.error('%s', err)
            return
        for uuid in instances:
            with plan_log.working_on(self._journal.plan_id(uuid)):
                self._settle_or_fence(nova_context.get_admin_context(), uuid)

    def _settle_or_fence(self, context: typing.Any, uuid: str) -> None:
        try:
            self._settle(context, uuid)
        except Exception as err:
            # A boundary: nova-compute must start, and must not take the
            # guest for one that is on this host.
            LOG.exception(
                'A live migration was interrupted and cannot be settled',
                instance_uuid=uuid,
            )
            self._fence(context, uuid, err)

    def _settle(self, context: typing.Any, uuid: str) -> None:
        try:
            instance = objects.Instance.get_by_uuid(
                context, uuid, expected_attrs=_ATTRIBUTES
            )
        except exception.InstanceNotFound:
            LOG.warning(
                'A live migration was interrupted; nova knows no such server '
                'any more',
                instance_uuid=uuid,
            )
            self._journal.drop(uuid)
            return
        outgoing = self._journal.entry(context, uuid)
        if outgoing.request is not None:
            # Events belong to the action of the original request.
            context.request_id = outgoing.request
        row = objects.Migration.get_by_id(
            context, outgoing.migrate_data.migration.id
        )
        if instance.host == outgoing.destination:
            self._complete(context, instance, row)
        elif (
            _is_leaving(instance)
            and outgoing.source == CONF.host
            # Else another migration has begun without the plugin.
            and row.status not in nova_interface.FINAL_STATUSES
        ):
            self._end(context, instance, outgoing)
        else:
            LOG.warning(
                'A live migration to %s was interrupted, and ended by '
                'somebody else: nova has the server on %s, in state %s; look '
                'at both hosts if it was not you',
                outgoing.destination,
                instance.host,
                instance.vm_state,
                instance=instance,
            )
        self._journal.drop(uuid)

    def _complete(
        self, context: typing.Any, instance: typing.Any, row: typing.Any
    ) -> None:
        """Do what nova does once the server is on the destination."""
        if row.status not in nova_interface.FINAL_STATUSES:
            row.status = 'completed'
            row.save()
            self._manager._delete_allocation_after_move(context, instance, row)
        LOG.info(
            'A live migration to %s was interrupted when it had come '
            'through: it is %s',
            instance.host,
            row.status,
            instance=instance,
        )

    def _end(
        self,
        context: typing.Any,
        instance: typing.Any,
        outgoing: outgoing_journal.OutgoingMigration,
    ) -> None:
        why = exceptions.SelectiveMigrateError(
            f'nova-compute on {CONF.host} ended in the middle of it'
        )
        settled = self._migrations.find(
            instance.uuid,
            attempts.Attempts.of_earlier_process(why),
            outgoing.uri or self._migrations.uri(outgoing.address),
            was_there=outgoing.ending is guest_location.Ending.MOVED,
        )
        if outgoing.postcopy:
            settled = post_copy.after(settled)
        found = settled.ending
        LOG.warning(
            'A live migration to %s was interrupted: the guest is %s here '
            'and %s there, so it is %s: %s',
            outgoing.destination,
            settled.here,
            settled.there,
            found.value,
            settled.settlement.explanation,
            instance=instance,
        )
        manager, bdms = self._manager, outgoing.source_bdms
        if found is guest_location.Ending.MOVED:
            manager.update_available_resource(context)
        end = completion.Completion(
            completion.NovaCallbacks(
                lambda: settled,
                functools.partial(
                    manager._post_live_migration_update_host, source_bdms=bdms
                ),
                functools.partial(
                    manager._rollback_live_migration, source_bdms=bdms
                ),
                fault_reports.record_fault,
                fault_reports.record_event,
            ),
            context,
            instance,
            outgoing.destination,
            outgoing.block_migration,
            outgoing.migrate_data,
        )
        try:
            end.believed_failed()
            end.report()
        except Exception as err:
            # As nova does for any error of the driver: see
            # ComputeManager._do_live_migration.
            LOG.exception(
                'The guest is %s, and its records are not brought there',
                found.value,
                instance=instance,
            )
            if found is not guest_location.Ending.UNKNOWN:
                self._tell(context, instance, f'({found.value}) {err!r}')
            instance.refresh()
            _to_error(instance, outgoing.migrate_data.migration)
        self._activity.end(instance.uuid, found, end.status)

    def _fence(self, context: typing.Any, uuid: str, error: Exception) -> None:
        """Set a server to ERROR whose guest may be on another host."""
        try:
            instance = objects.Instance.get_by_uuid(context, uuid)
            if not _is_leaving(instance):
                return
            self._tell(context, instance, str(error))
            _to_error(instance, _running(context, instance))
            self._journal.drop(uuid)
        except Exception:
            # The boundary of settle() as well.
            LOG.exception('It is not set to ERROR', instance_uuid=uuid)

    def _tell(
        self, context: typing.Any, instance: typing.Any, why: str
    ) -> None:
        failure = exception.MigrationError(
            reason='nova-compute ended in the middle of a live migration, '
            f'which cannot be settled: {why}; look at both hosts before the '
            'guest is started anywhere'
        )
        fault_reports.record_fault(context, instance, failure)

    @property
    def _manager(self) -> typing.Any:
        # nova.compute.manager.ComputeVirtAPI.
        return self._driver.virtapi._compute


def _is_leaving(instance: typing.Any) -> bool:
    return bool(
        instance.host == CONF.host
        and instance.task_state == task_states.MIGRATING
    )


def _running(context: typing.Any, instance: typing.Any) -> typing.Any:
    try:
        return objects.Migration.get_by_instance_and_status(
            context, instance.uuid, 'running'
        )
    except exception.MigrationNotFoundByStatus:
        return None


def _to_error(instance: typing.Any, row: typing.Any) -> None:
    if row is not None:
        row.status = 'error'
        row.save()
    instance.vm_state = vm_states.ERROR
    instance.task_state = None
    instance.save()
