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

While it is not enabled, each override calls nova's method and nothing else,
except that update_provider_tree takes away the trait of an enabled driver.
The overrides are in the order in which nova calls them; those of nova's
private methods are in private_overrides.py. In each, ``stock`` is nova's
method with the arguments that stay as they are; what a component changes is
left open and passed by name.
"""

import functools
import typing

import nova.conf
from oslo_log import log as logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute import components
from nova_selective_migrate.compute import private_overrides
from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.destination import remote_filesystem
from nova_selective_migrate.compute.source import audit
from nova_selective_migrate.core.model import host_traits

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)


class SelectiveMigrateDriver(private_overrides.PrivateOverrides):
    """LibvirtDriver that decides disk by disk what a migration copies."""

    def init_host(self, host: str) -> None:
        """Read the options and recover migrations of an earlier process.

        Those are the ones that nova-compute did not finish before it ended.

        :raises SelectiveMigrateError: when options contradict each other, or
            the installed nova is not known and on_seam_mismatch is "fail"
        """
        if CONF.selective_migrate.enabled:
            settings = driver_settings.DriverSettings.of(
                CONF.selective_migrate
            )
            if _nova_is_known():
                LOG.info('Selective migration is enabled: %s', settings)
                self._components = components.build(self, CONF, settings)
                self._remotefs = remote_filesystem.IncomingRemoteFilesystem(
                    self._components.preparation
                )
        super().init_host(host)
        if (parts := self._enforcing) is not None:
            parts.outgoing_recovery.settle()
            parts.incoming_recovery.settle()
        if self._components is not None:
            self._components.start()

    def cleanup_host(self, host: str) -> None:
        """Wait for outgoing migrations before nova ends its thread pools.

        A guest that has moved after that is left in ERROR by nova from 34
        on: its resource tracker needs a pool. nova's main thread ends the
        process after manager_shutdown_timeout in any case.
        """
        seconds = getattr(CONF, 'manager_shutdown_timeout', 0)
        if (
            (parts := self._enforcing) is not None
            and seconds
            and nova_interface.thread_pools_are_taken_down()
        ):
            parts.planned.await_ends(seconds)
        super().cleanup_host(host=host)
        if self._components is not None:
            self._components.stop()

    def update_provider_tree(
        self,
        provider_tree: typing.Any,
        nodename: str,
        allocations: typing.Any = None,
    ) -> None:
        """Report to placement whether plans are enforced here.

        nova calls this every minute, and reports only what has changed.
        """
        super().update_provider_tree(
            provider_tree, nodename, allocations=allocations
        )
        if self._enforcing is not None:
            provider_tree.add_traits(nodename, host_traits.ENFORCES)
        else:
            provider_tree.remove_traits(nodename, host_traits.ENFORCES)

    # The destination, before anything is touched.

    @migration_log.of_request
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
        if (parts := self._enforcing) is None:
            return data
        return parts.destination_check.mark(instance, data)

    # The source, before anything is touched.

    @migration_log.of_request
    def check_can_live_migrate_source(
        self,
        context: typing.Any,
        instance: typing.Any,
        dest_check_data: typing.Any,
        block_device_info: typing.Any = None,
    ) -> typing.Any:
        stock = functools.partial(
            super().check_can_live_migrate_source,
            context,
            instance,
            block_device_info=block_device_info,
        )
        if (parts := self._components) is None:
            return stock(dest_check_data=dest_check_data)
        if parts.mode is driver_settings.Mode.ENFORCE:
            return parts.check.enforce(
                stock, context, instance, dest_check_data, block_device_info
            )
        return audit.audit(
            parts.check,
            stock,
            super()._live_migration_copy_disk_paths,
            context,
            instance,
            dest_check_data,
            block_device_info,
        )

    # The source, just before the destination is prepared.

    def get_instance_disk_info(
        self, instance: typing.Any, block_device_info: typing.Any = None
    ) -> str:
        if (parts := self._enforcing) is not None:
            return parts.plans.disk_info(instance)
        return str(super().get_instance_disk_info(instance, block_device_info))

    # The destination is prepared.

    @migration_log.of_request
    def pre_live_migration(
        self,
        context: typing.Any,
        instance: typing.Any,
        block_device_info: typing.Any,
        network_info: typing.Any,
        disk_info: typing.Any,
        migrate_data: typing.Any,
    ) -> typing.Any:
        stock = functools.partial(
            super().pre_live_migration,
            context,
            instance,
            block_device_info=block_device_info,
            network_info=network_info,
            migrate_data=migrate_data,
        )
        if (parts := self._enforcing) is None:
            return stock(disk_info=disk_info)
        with fault_reports.naming_plan(context, instance):
            return parts.preparation.prepare(
                stock, context, instance, disk_info, migrate_data
            )

    # The migration.

    @migration_log.of_request
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
        stock = functools.partial(
            super().live_migration,
            context,
            instance,
            dest,
            block_migration=block_migration,
            migrate_data=migrate_data,
        )
        if (parts := self._enforcing) is None:
            stock(post_method=post_method, recover_method=recover_method)
            return
        parts.migrations.run(
            stock,
            context,
            instance,
            dest,
            post_method=post_method,
            recover_method=recover_method,
            block_migration=block_migration,
            migrate_data=migrate_data,
        )

    def live_migration_abort(self, instance: typing.Any) -> None:
        stock = functools.partial(super().live_migration_abort, instance)
        if (parts := self._enforcing) is None:
            stock()
            return
        parts.migrations.abort(stock, instance)

    def live_migration_force_complete(self, instance: typing.Any) -> None:
        stock = functools.partial(
            super().live_migration_force_complete, instance
        )
        if (parts := self._enforcing) is None:
            stock()
            return
        parts.migrations.force_complete(stock, instance)

    # The end.

    @migration_log.of_request
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
        if (parts := self._enforcing) is not None:
            parts.preparation.finish(instance)

    @migration_log.of_request
    def rollback_live_migration_at_destination(
        self,
        context: typing.Any,
        instance: typing.Any,
        network_info: typing.Any,
        block_device_info: typing.Any,
        destroy_disks: bool = True,
        migrate_data: typing.Any = None,
    ) -> None:
        stock = functools.partial(
            super().rollback_live_migration_at_destination,
            context,
            instance,
            network_info,
            block_device_info,
        )
        if (parts := self._enforcing) is None:
            stock(destroy_disks=destroy_disks, migrate_data=migrate_data)
            return
        with fault_reports.naming_plan(context, instance):
            parts.rollback.roll_back(
                stock,
                context,
                instance,
                destroy_disks=destroy_disks,
                migrate_data=migrate_data,
            )


def _nova_is_known() -> bool:
    """Tell whether the installed nova is one that the driver builds on.

    :raises SelectiveMigrateError: when it is not, and on_seam_mismatch is
        "fail"
    """
    problems = nova_interface.problems()
    if not problems:
        return True
    message = (
        'this nova is not one that nova-selective-migrate knows: '
        f'{"; ".join(problems)}'
    )
    if CONF.selective_migrate.on_seam_mismatch == 'fail':
        raise exceptions.SelectiveMigrateError(message)
    LOG.error(
        "Selective migration is DISABLED, live migrations are nova's own: %s",
        message,
    )
    return False
