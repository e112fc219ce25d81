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

"""The compute driver: nova's libvirt driver that plans live migrations.

::

    [DEFAULT]
    compute_driver = selective_migrate.SelectiveMigrateDriver
    [selective_migrate]
    enabled = true

Not enabled, it is nova's own driver, byte for byte: every override below
then calls what it overrides. Overrides name what they read and pass on the
rest; the methods of nova that they build on are listed in seams.py.
"""

import os.path
import typing

import nova.conf
from nova.virt.libvirt import driver
from nova.virt.libvirt import guest as libvirt_guest
from oslo_log import log as logging

from nova_selective_migrate import conf
from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.destination import check_destination
from nova_selective_migrate.compute.destination import free_space_watchdog
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_recovery
from nova_selective_migrate.compute.destination import pre_live_migration
from nova_selective_migrate.compute.destination import rollback
from nova_selective_migrate.compute.source import audit
from nova_selective_migrate.compute.source import check_source
from nova_selective_migrate.compute.source import live_migration
from nova_selective_migrate.compute.source import nova_case
from nova_selective_migrate.compute.source import outgoing_journal
from nova_selective_migrate.compute.source import outgoing_recovery
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import running_plans
from nova_selective_migrate.host.facts import image_digests

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

_INTERVAL_SECONDS = 5  # nova's, before 34 made an option of it
_GIB = 2**30
_LEAST_GB = 2.0  # of a disk or of memory, as nova counts for its time-outs


class SelectiveMigrateDriver(driver.LibvirtDriver):
    """LibvirtDriver that decides disk by disk what a migration copies."""

    def __init__(self, virtapi: typing.Any, *args: typing.Any) -> None:
        super().__init__(virtapi, *args)
        conf.register_opts(CONF)
        self._settings: driver_settings.DriverSettings | None = None
        self._records = planned_migrations.PlannedMigrations()
        self._contents = image_digests.DigestCache()

    def init_host(self, host: str) -> None:
        """Take up the options, and what an earlier process has left.

        :raises SelectiveMigrateError: when they contradict each other, or
            nova is not one that we know
        """
        if CONF.selective_migrate.enabled:
            self._enable()
        super().init_host(host)
        if self._enforced:
            self._interrupted.settle()
            self._leftovers.settle()

    def cleanup_host(self, host: str) -> None:
        """Let migrations that leave end before nova's thread pools do.

        nova from 34 on takes its pools down at the end of the time that it
        has to end in, and a guest that comes through after that has its
        server in ERROR: the resource tracker finds no pool. Its main thread
        ends the process when that time is over, whatever we wait for.
        """
        seconds = getattr(CONF, 'manager_shutdown_timeout', 0)
        if (
            self._enforced
            and seconds
            and nova_interface.thread_pools_are_taken_down()
        ):
            self._records.await_ends(seconds)
        super().cleanup_host(host=host)

    def _enable(self) -> None:
        settings = driver_settings.DriverSettings.of(CONF.selective_migrate)
        problems = nova_interface.problems()
        if problems:
            message = (
                'this nova is not one that nova-selective-migrate knows: '
                f'{"; ".join(problems)}'
            )
            if CONF.selective_migrate.on_seam_mismatch == 'fail':
                raise exceptions.SelectiveMigrateError(message)
            LOG.error(
                'Selective migration is DISABLED, live migrations are '
                "nova's own: %s",
                message,
            )
            return
        LOG.info('Selective migration is enabled: %s', settings)
        self._settings = settings
        planner = nova_case.CaseGatherer(settings, self._contents)
        self._check = check_source.SourceCheck(self, planner, self._records)
        departures = outgoing_journal.OutgoingJournal(_journal('departures'))
        self._plans = running_plans.RunningPlans(
            self._check, self._records, self._contents
        )
        self._migrations = live_migration.LiveMigrations(
            self, self._plans, self._records, departures, settings.limits
        )
        self._interrupted = outgoing_recovery.OutgoingRecovery(
            self, departures, self._migrations
        )
        self._telling = check_destination.DestinationCheck(
            self, self._contents, settings.disks_uri
        )
        claims = incoming_journal.IncomingJournal(
            _journal('arrivals'), CONF.instances_path
        )
        rooms = free_space_watchdog.IncomingSpaceWatchdog(
            self, settings.limits.reserve_bytes
        )
        self._destination = pre_live_migration.DestinationPreparation(
            self, self._contents, claims, rooms
        )
        self._withdrawals = rollback.DestinationRollback(self, claims, rooms)
        self._leftovers = incoming_recovery.IncomingRecovery(self, claims)

    @property
    def _enforced(self) -> bool:
        return (
            self._settings is not None
            and self._settings.mode is driver_settings.Mode.ENFORCE
        )

    # The destination, before anything is touched.

    def check_can_live_migrate_destination(
        self,
        context: typing.Any,
        instance: typing.Any,
        *args: typing.Any,
        **kwargs: typing.Any,
    ) -> typing.Any:
        data = super().check_can_live_migrate_destination(
            context, instance, *args, **kwargs
        )
        if self._enforced:
            return self._telling.mark(instance, data)
        return data

    # The source, before anything is touched.

    def check_can_live_migrate_source(
        self,
        context: typing.Any,
        instance: typing.Any,
        dest_check_data: typing.Any,
        block_device_info: typing.Any = None,
    ) -> typing.Any:
        stock = super().check_can_live_migrate_source
        asked = (context, instance, dest_check_data, block_device_info)
        if self._enforced:
            return self._check.enforce(stock, *asked)
        if self._settings is not None:
            choice = super()._live_migration_copy_disk_paths
            return audit.audit(self._check, stock, choice, *asked)
        return stock(*asked)

    def _is_shared_block_storage(
        self,
        instance: typing.Any,
        dest_check_data: typing.Any,
        block_device_info: typing.Any = None,
    ) -> bool:
        planned = self._planned(instance)
        if planned is not None:
            return planned.shared_block_storage
        return bool(
            super()._is_shared_block_storage(
                instance, dest_check_data, block_device_info
            )
        )

    def _assert_dest_node_has_enough_disk(
        self,
        context: typing.Any,
        instance: typing.Any,
        available_mb: typing.Any,
        disk_over_commit: typing.Any,
        *args: typing.Any,
    ) -> None:
        # Below microversion 2.25 alone; the plan has been held against the
        # room that a destination with the plugin tells.
        planned = self._planned(instance)
        if planned is None:
            super()._assert_dest_node_has_enough_disk(
                *(context, instance, available_mb, disk_over_commit), *args
            )
        else:
            check_source.assert_room(planned, available_mb, disk_over_commit)

    # The source, just before the destination is prepared.

    def get_instance_disk_info(
        self, instance: typing.Any, block_device_info: typing.Any = None
    ) -> str:
        if self._enforced:
            return self._plans.disk_info(instance)
        return str(super().get_instance_disk_info(instance, block_device_info))

    # The destination is prepared.

    def pre_live_migration(
        self,
        context: typing.Any,
        instance: typing.Any,
        block_device_info: typing.Any,
        network_info: typing.Any,
        disk_info: typing.Any,
        migrate_data: typing.Any,
    ) -> typing.Any:
        stock = super().pre_live_migration
        asked = (
            *(context, instance, block_device_info, network_info),
            *(disk_info, migrate_data),
        )
        if self._enforced:
            return self._destination.prepare(stock, *asked)
        return stock(*asked)

    def _create_images_and_backing(
        self,
        context: typing.Any,
        instance: typing.Any,
        instance_dir: str,
        disk_info: typing.Any,
        fallback_from_host: str | None = None,
    ) -> None:
        if self._enforced:
            self._destination.note(instance)
        super()._create_images_and_backing(
            *(context, instance, instance_dir, disk_info),
            fallback_from_host=fallback_from_host,
        )
        if self._enforced:
            self._destination.fill(context, instance, instance_dir, disk_info)

    # The migration.

    def live_migration(
        self,
        context: typing.Any,
        instance: typing.Any,
        dest: str,
        post_method: typing.Any,
        recover_method: typing.Any,
        block_migration: typing.Any = False,
        migrate_data: typing.Any = None,
    ) -> None:
        stock = super().live_migration
        asked = (
            *(context, instance, dest, post_method, recover_method),
            *(block_migration, migrate_data),
        )
        if self._enforced:
            self._migrations.run(stock, *asked)
        else:
            stock(*asked)

    def _live_migration_copy_disk_paths(
        self, context: typing.Any, instance: typing.Any, guest: typing.Any
    ) -> tuple[list[str], list[str]]:
        if self._enforced:
            return self._plans.copied(instance)
        paths, names = super()._live_migration_copy_disk_paths(
            context, instance, guest
        )
        return paths, names

    def _live_migration_data_gb(
        self, instance: typing.Any, disk_paths: typing.Any
    ) -> float:
        planned = self._planned(instance)
        if planned is None:
            return float(super()._live_migration_data_gb(instance, disk_paths))
        limited = bool(planned.plan.limit.total)
        copied = (
            disk.counted_bytes(limited=limited) / _GIB
            for disk in planned.plan.disks
            if disk.copied
        )
        memory_gb = float(instance.flavor.memory_mb) / 1024
        return max(memory_gb, _LEAST_GB) + sum(
            max(size, _LEAST_GB) for size in copied
        )

    def _live_migration_operation(
        self, context: typing.Any, instance: typing.Any, *args: typing.Any
    ) -> None:
        stock = super()._live_migration_operation
        if self._enforced:
            self._migrations.operate(stock, context, instance, *args)
        else:
            stock(context, instance, *args)

    def _live_migration_monitor(
        self,
        context: typing.Any,
        instance: typing.Any,
        guest: typing.Any,
        *args: typing.Any,
    ) -> None:
        stock = super()._live_migration_monitor
        planned = self._planned(instance)
        if planned is None:
            stock(context, instance, guest, *args)
            return
        interval = getattr(
            CONF.libvirt, 'live_migration_monitor_interval', _INTERVAL_SECONDS
        )
        with self._migrations.follow(
            *(guest, instance, planned, interval),
            idle=libvirt_guest.JobInfo,
            ask=super().live_migration_force_complete,
        ) as follow:
            stock(context, follow.instance, follow.guest, *args)

    def live_migration_abort(self, instance: typing.Any) -> None:
        stock = super().live_migration_abort
        if self._enforced:
            self._migrations.abort(stock, instance)
        else:
            stock(instance)

    def live_migration_force_complete(self, instance: typing.Any) -> None:
        stock = super().live_migration_force_complete
        if self._enforced:
            self._migrations.force_complete(stock, instance)
        else:
            stock(instance)

    def _planned(
        self, instance: typing.Any
    ) -> planned_migrations.PlannedMigration | None:
        return self._records.planned(instance.uuid)

    # The end.

    def post_live_migration_at_destination(
        self,
        context: typing.Any,
        instance: typing.Any,
        *args: typing.Any,
        **kwargs: typing.Any,
    ) -> None:
        super().post_live_migration_at_destination(
            context, instance, *args, **kwargs
        )
        if self._enforced:
            self._destination.finish(instance)

    def rollback_live_migration_at_destination(
        self,
        context: typing.Any,
        instance: typing.Any,
        network_info: typing.Any,
        block_device_info: typing.Any,
        destroy_disks: bool = True,
        migrate_data: typing.Any = None,
    ) -> None:
        stock = super().rollback_live_migration_at_destination
        asked = (
            *(context, instance, network_info, block_device_info),
            *(destroy_disks, migrate_data),
        )
        if self._enforced:
            self._withdrawals.roll_back(stock, *asked)
        else:
            stock(*asked)


def _journal(kind: str) -> str:
    return os.path.join(CONF.state_path, 'selective-migrate', kind)
