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

"""The parts of the enabled driver, each made once when nova-compute starts."""

import dataclasses
import functools
import os.path
import typing

from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.destination import check_destination
from nova_selective_migrate.compute.destination import free_space_watchdog
from nova_selective_migrate.compute.destination import incoming_images
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_recovery
from nova_selective_migrate.compute.destination import pre_live_migration
from nova_selective_migrate.compute.destination import rollback
from nova_selective_migrate.compute.metrics import audit_results
from nova_selective_migrate.compute.metrics import host_state
from nova_selective_migrate.compute.source import audited_guests
from nova_selective_migrate.compute.source import check_source
from nova_selective_migrate.compute.source import live_migration
from nova_selective_migrate.compute.source import nova_case
from nova_selective_migrate.compute.source import outgoing_journal
from nova_selective_migrate.compute.source import outgoing_recovery
from nova_selective_migrate.compute.source import periodic_audit
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import running_plans
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.host.facts import image_digests

if typing.TYPE_CHECKING:
    from nova_selective_migrate.compute.metrics import host_metrics

# Where nova-compute connects to unless it is told otherwise.
_LIBVIRT = 'qemu:///system'


@dataclasses.dataclass(frozen=True)
class Components:
    """What the driver's overrides call, one field for each.

    :ivar mode: whether plans are enforced, or only compared with nova's acts
    :ivar check: check_can_live_migrate_source
    :ivar planned: the plans, from the check to the end of the migration
    :ivar plans: what nova's later steps on the source ask of a plan
    :ivar migrations: live_migration, its operation, monitor and abort
    :ivar outgoing_recovery: init_host, for migrations from this host
    :ivar destination_check: check_can_live_migrate_destination
    :ivar preparation: pre_live_migration
    :ivar images: what nova makes in it, in _create_images_and_backing
    :ivar rollback: rollback_live_migration_at_destination
    :ivar incoming_recovery: init_host, for migrations to this host
    :ivar metrics: from init_host to cleanup_host; None: nobody wants them
    :ivar audits: likewise
    """

    mode: driver_settings.Mode
    check: check_source.SourceCheck
    planned: planned_migrations.PlannedMigrations
    plans: running_plans.RunningPlans
    migrations: live_migration.LiveMigrations
    outgoing_recovery: outgoing_recovery.OutgoingRecovery
    destination_check: check_destination.DestinationCheck
    preparation: pre_live_migration.DestinationPreparation
    images: incoming_images.IncomingImages
    rollback: rollback.DestinationRollback
    incoming_recovery: incoming_recovery.IncomingRecovery
    metrics: 'host_metrics.HostMetrics | None' = None
    audits: periodic_audit.PeriodicAudit | None = None

    def start(self) -> None:
        """Begin what goes on beside migrations; never raises."""
        if self.metrics is not None:
            self.metrics.start()
        if self.audits is not None:
            self.audits.start()

    def stop(self) -> None:
        """End what goes on beside migrations; never raises."""
        if self.audits is not None:
            self.audits.stop()
        if self.metrics is not None:
            self.metrics.stop()


def build(
    driver: typing.Any,
    options: typing.Any,
    settings: driver_settings.DriverSettings,
) -> Components:
    """Make all components of a driver.

    Nothing is read or written yet: nova-compute has not connected to
    libvirt.

    :param driver: nova.virt.libvirt.driver.LibvirtDriver
    :param options: nova.conf.CONF: its state_path and instances_path
    """
    journals = os.path.join(options.state_path, 'selective-migrate')
    digests = image_digests.DigestCache()
    audit_path = os.path.join(journals, 'audit.json')

    planned = planned_migrations.PlannedMigrations()
    gatherer = nova_case.CaseGatherer(settings, digests)
    check = check_source.SourceCheck(driver, gatherer, planned)
    plans = running_plans.RunningPlans(check, planned, digests)
    outgoing = outgoing_journal.OutgoingJournal(
        os.path.join(journals, 'departures')
    )
    migrations = live_migration.LiveMigrations(
        driver, plans, planned, outgoing, settings.limits
    )

    incoming = incoming_journal.IncomingJournal(
        os.path.join(journals, 'arrivals'), options.instances_path
    )
    space = free_space_watchdog.IncomingSpaceWatchdog(
        driver, settings.limits.reserve_bytes
    )
    return Components(
        mode=settings.mode,
        check=check,
        planned=planned,
        plans=plans,
        migrations=migrations,
        outgoing_recovery=outgoing_recovery.OutgoingRecovery(
            driver, outgoing, migrations, planned.activity
        ),
        destination_check=check_destination.DestinationCheck(
            driver, digests, settings.disks_uri
        ),
        preparation=pre_live_migration.DestinationPreparation(
            driver, incoming, space
        ),
        images=incoming_images.IncomingImages(digests),
        rollback=rollback.DestinationRollback(driver, incoming, space),
        incoming_recovery=incoming_recovery.IncomingRecovery(driver, incoming),
        metrics=_metrics(
            settings,
            host_state.HostSources(
                planned.activity,
                incoming,
                outgoing.instances,
                functools.partial(_pending, driver, planned),
                audit_results.AuditFile(audit_path),
            ),
        ),
        audits=_audits(driver, options, settings, planned, audit_path),
    )


def _metrics(
    settings: driver_settings.DriverSettings, sources: host_state.HostSources
) -> 'host_metrics.HostMetrics | None':
    if not settings.metrics.wanted:
        return None
    # Here, since who wants no metrics needs no prometheus_client.
    from nova_selective_migrate.compute.metrics import host_metrics

    return host_metrics.HostMetrics(settings.metrics, sources)


def _audits(
    driver: typing.Any,
    options: typing.Any,
    settings: driver_settings.DriverSettings,
    planned: planned_migrations.PlannedMigrations,
    path: str,
) -> periodic_audit.PeriodicAudit | None:
    if not settings.audit_seconds:
        return None
    return periodic_audit.PeriodicAudit(
        settings.audit_seconds,
        path,
        redaction.uri(options.libvirt.connection_uri or _LIBVIRT),
        audited_guests.AuditedGuests(
            driver,
            settings,
            lambda uuid: planned.running(uuid) is not None,
        ),
        nova=host_audit.NovaHost(options.host, settings.mode.value),
    )


def _pending(
    driver: typing.Any, planned: planned_migrations.PlannedMigrations
) -> int | None:
    """Count the migrations in nova's queue; None where it has none.

    nova.compute.manager.ComputeManager takes one out of it when the
    destination is prepared.
    """
    # nova.compute.manager.ComputeVirtAPI.
    manager = getattr(driver.virtapi, '_compute', None)
    waiting = getattr(manager, '_waiting_live_migrations', None)
    return None if waiting is None else planned.pending(tuple(waiting))
