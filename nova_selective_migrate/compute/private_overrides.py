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

"""nova's private methods that the driver overrides.

They are methods of nova.virt.libvirt.driver.LibvirtDriver that its public
ones call; common/nova_interface.py lists them with their parameters. See
driver.py for how an override is written.
"""

import functools
import typing

import nova.conf
from nova.virt.libvirt import driver
from nova.virt.libvirt import guest as libvirt_guest

from nova_selective_migrate import conf
from nova_selective_migrate.compute import components
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import check_source
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.source import running_plans

CONF = nova.conf.CONF

_INTERVAL_SECONDS = 5  # nova's, before 34 made an option of it


class PrivateOverrides(driver.LibvirtDriver):
    """LibvirtDriver whose private methods answer as planned.

    Without a plan for an instance they answer as nova does.
    """

    def __init__(self, virtapi: typing.Any, *args: typing.Any) -> None:
        super().__init__(virtapi, *args)
        conf.register_opts(CONF)
        self._components: components.Components | None = None

    @property
    def _enforcing(self) -> components.Components | None:
        """Return the components where plans are enforced."""
        parts = self._components
        if parts is None or parts.mode is not driver_settings.Mode.ENFORCE:
            return None
        return parts

    def _planned(
        self, instance: typing.Any
    ) -> planned_migrations.PlannedMigration | None:
        """Return the plan of an instance that has one."""
        if (parts := self._components) is None:
            return None
        return parts.planned.planned(instance.uuid)

    # The source, before anything is touched.

    def _is_shared_block_storage(
        self,
        instance: typing.Any,
        dest_check_data: typing.Any,
        block_device_info: typing.Any = None,
    ) -> bool:
        if (planned := self._planned(instance)) is not None:
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
        # Only for callers below microversion 2.25. The plan has already been
        # compared with the free space that the destination reports.
        if (planned := self._planned(instance)) is not None:
            check_source.assert_free_space(
                planned, available_mb, disk_over_commit
            )
            return
        super()._assert_dest_node_has_enough_disk(
            context, instance, available_mb, disk_over_commit, *args
        )

    # The destination is prepared.

    @migration_log.of_request
    def _create_images_and_backing(
        self,
        context: typing.Any,
        instance: typing.Any,
        instance_dir: str,
        disk_info: typing.Any,
        fallback_from_host: str | None = None,
    ) -> None:
        stock = functools.partial(
            super()._create_images_and_backing,
            context,
            instance,
            instance_dir,
            disk_info,
            fallback_from_host=fallback_from_host,
        )
        if (parts := self._enforcing) is None:
            stock()
            return
        parts.preparation.note(instance)
        stock()
        parts.images.fill(context, instance, instance_dir, disk_info)

    # The end.

    def _lvm_disks(self, instance: typing.Any) -> list[str]:
        # nova removes what has the name of the instance; the rollback here
        # removes what is proven, once nova has done its own part.
        parts = self._enforcing
        if parts is not None and parts.rollback.is_under_way(instance):
            return []
        return list(super()._lvm_disks(instance))

    # The migration.

    def _live_migration_copy_disk_paths(
        self, context: typing.Any, instance: typing.Any, guest: typing.Any
    ) -> tuple[list[str], list[str]]:
        if (parts := self._enforcing) is not None:
            return parts.plans.copied(instance)
        paths, names = super()._live_migration_copy_disk_paths(
            context, instance, guest
        )
        return paths, names

    def _live_migration_data_gb(
        self, instance: typing.Any, disk_paths: typing.Any
    ) -> float:
        if (planned := self._planned(instance)) is not None:
            return running_plans.data_gb(
                planned.plan, instance.flavor.memory_mb
            )
        return float(super()._live_migration_data_gb(instance, disk_paths))

    @migration_log.of_request
    def _live_migration_operation(
        self,
        context: typing.Any,
        instance: typing.Any,
        dest: typing.Any,
        block_migration: typing.Any,
        migrate_data: typing.Any,
        guest: typing.Any,
        device_names: typing.Any,
    ) -> None:
        stock = functools.partial(
            super()._live_migration_operation,
            context,
            instance,
            dest,
            block_migration=block_migration,
            migrate_data=migrate_data,
            device_names=device_names,
        )
        if (parts := self._enforcing) is None:
            stock(guest=guest)
            return
        parts.migrations.operate(stock, instance, migrate_data, guest)

    @migration_log.of_request
    def _live_migration_monitor(
        self,
        context: typing.Any,
        instance: typing.Any,
        guest: typing.Any,
        *args: typing.Any,
    ) -> None:
        stock = super()._live_migration_monitor
        planned = self._planned(instance)
        if (parts := self._enforcing) is None or planned is None:
            stock(context, instance, guest, *args)
            return
        with parts.migrations.follow(
            guest,
            instance,
            planned,
            getattr(
                CONF.libvirt,
                'live_migration_monitor_interval',
                _INTERVAL_SECONDS,
            ),
            idle=libvirt_guest.JobInfo,
            ask=functools.partial(
                super().live_migration_force_complete, instance
            ),
        ) as follow:
            stock(context, follow.instance, follow.guest, *args)
