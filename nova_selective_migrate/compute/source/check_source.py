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

"""check_can_live_migrate_source: plan or refuse, before any change."""

import collections.abc
import dataclasses
import os
import typing

from nova import exception
from nova import objects
import nova.conf
from nova.virt.libvirt import utils as libvirt_utils

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_images
from nova_selective_migrate.compute.common import nova_volume_groups
from nova_selective_migrate.compute.source import nova_case
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import plan_ids
from nova_selective_migrate.core.model import trim_options
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import plan_formats
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)

Method = collections.abc.Callable[..., typing.Any]

_KNOWN_FLAGS = sum(migrate_call.MigrateFlag)


class SourceCheck:
    """Answers check_can_live_migrate_source on this host."""

    def __init__(
        self,
        driver: typing.Any,
        planner: nova_case.CaseGatherer,
        records: planned_migrations.PlannedMigrations,
    ) -> None:
        self._driver = driver
        self._planner = planner
        self._records = records

    def enforce(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        dest_check_data: typing.Any,
        block_device_info: typing.Any,
    ) -> typing.Any:
        """Plan, and let nova make its other checks, or refuse.

        :param stock: nova's check_can_live_migrate_source, without its
            dest_check_data
        :param dest_check_data: LibvirtLiveMigrateData of the destination's
            check
        :returns: the same with what nova's later steps read of it
        :raises MigrationPreCheckError: naming every bad disk
        """
        planned = self.plan(
            context, instance, dest_check_data, block_device_info
        )
        if not planned.plan.ready:
            self._records.activity.refuse(
                refusal.reason.value for refusal in planned.plan.refusals
            )
            fault_reports.record_refusal(context, instance, planned.plan)
            raise exception.MigrationPreCheckError(
                reason=plan_formats.refusal_text(planned.plan, planned.plan_id)
            )
        self._records.keep(instance.uuid, planned)
        prepared = planned.case.options.prepared
        shared = planned.shared_block_storage or (
            prepared is not None and prepared.shared_directory
        )
        # nova compares this one boolean with all of the storage at once.
        dest_check_data.block_migration = not shared
        result = stock(dest_check_data=dest_check_data)
        result.block_migration = planned.sends_disk_info
        result.filename = protocol.Note.PLANNED.added_to(result.filename)
        return result

    def plan(
        self,
        context: typing.Any,
        instance: typing.Any,
        data: typing.Any,
        block_device_info: typing.Any,
        otherwise: protocol.DestinationReport | None = None,
    ) -> planned_migrations.PlannedMigration:
        """Make the plan of a live migration and log it.

        :param data: LibvirtLiveMigrateData of the destination's check
        :param otherwise: the report to assume where the destination sends
            none
        :raises MigrationPreCheckError: when no plan can be made
        """
        try:
            virt = self._driver._host.get_connection()
            guest = self.guest(instance)
            planned = self._planner.plan(
                guest,
                connection.Connection(virt, '').versions(),
                self._request(
                    context,
                    instance,
                    data,
                    guest,
                    block_device_info,
                    protocol.DestinationReport.of(data.filename) or otherwise,
                ),
            )
        except exceptions.SelectiveMigrateError as err:
            raise exception.MigrationPreCheckError(
                reason=migration_log.with_plan(
                    f'selective migration refused: {err}', context, instance
                )
            ) from err
        planned = dataclasses.replace(
            planned,
            plan_id=plan_ids.of_request(context.request_id, instance.uuid),
        )
        for line in plan_formats.log_lines(planned.plan):
            LOG.info('Selective migration: %s', line, instance=instance)
        LOG.debug(
            'Case: %s', migration_case.dumps(planned.case), instance=instance
        )
        return planned

    def guest(self, instance: typing.Any) -> libvirt_guest.Guest:
        """Return the guest of an instance.

        :raises InstanceNotFound: where this host has none
        """
        return libvirt_guest.Guest(self.found(instance)._domain)

    def found(self, instance: typing.Any) -> typing.Any:
        """Return nova's own guest of an instance.

        :raises InstanceNotFound: where this host has none
        """
        return self._driver._host.get_guest(instance)

    def _request(
        self,
        context: typing.Any,
        instance: typing.Any,
        data: typing.Any,
        guest: libvirt_guest.Guest,
        block_device_info: typing.Any,
        peer: protocol.DestinationReport | None,
    ) -> planned_migrations.LiveMigrationRequest:
        directory = libvirt_utils.get_instance_path(instance)
        image = instance.image_ref or ''
        told = data.image_type if 'image_type' in data else ''
        there = (peer.images if peer else '') or nova_images.images_type(told)
        flags = migrate_call.MigrateFlag(
            self._driver._block_migration_flags & _KNOWN_FLAGS
        )
        return planned_migrations.LiveMigrationRequest(
            block_device_info=_with_left_out(
                context, instance, block_device_info, guest
            ),
            instances_path=CONF.instances_path,
            instance_directory=directory,
            shared_directory=self._driver._check_shared_storage_test_file(
                data.filename, instance
            ),
            image_base=nova_images.image_base(image)
            if there == 'qcow2'
            else '',
            image_root=os.path.join(directory, 'disk') if image else '',
            images_type=there,
            same_images_type=there
            == nova_images.images_type(CONF.libvirt.images_type),
            fetched_bytes=sum(
                _size(os.path.join(directory, name))
                for name in ('kernel', 'ramdisk')
            ),
            block_migration=(
                data.block_migration if 'block_migration' in data else None
            ),
            peer=peer,
            options=migration_options.MigrationOptions(
                bandwidth=CONF.libvirt.live_migration_bandwidth,
                tunnelled=bool(flags & migrate_call.MigrateFlag.TUNNELLED),
                tls=bool(flags & migrate_call.MigrateFlag.TLS),
                postcopy=bool(flags & migrate_call.MigrateFlag.POSTCOPY),
                parallel=bool(flags & migrate_call.MigrateFlag.PARALLEL),
                thin=nova_images.thin(self._planner.settings.thin),
                disks_uri=(peer.disks_uri or None) if peer else None,
                trim=trim_options.TrimOptions(on=self._planner.settings.trim),
            ),
            volume_group=nova_volume_groups.configured(),
            volumes=_volumes(guest),
        )


def _volumes(
    guest: libvirt_guest.Guest,
) -> tuple[logical_volumes.LogicalVolume, ...]:
    """Read the guest's volumes in nova's volume group.

    One that LVM does not tell is left out, and refused where it would be
    copied.
    """
    group = nova_volume_groups.configured()
    found = []
    for disk in domain_xml.parse(guest.xml()).disks if group else ():
        path = (disk.source.path or '') if disk.source else ''
        if path != nova_volume_groups.device(group, os.path.basename(path)):
            continue
        try:
            found.append(nova_volume_groups.read_volume(path))
        except exceptions.PreparationFailed as err:
            LOG.warning('%s: %s', disk.target, err, instance_uuid=guest.uuid)
    return tuple(found)


def _size(path: str) -> int:
    return os.stat(path).st_size if os.path.exists(path) else 0


def _with_left_out(
    context: typing.Any,
    instance: typing.Any,
    block_device_info: typing.Any,
    guest: libvirt_guest.Guest,
) -> typing.Any:
    """Add the volumes that nova leaves out as they have no connection_info."""
    info = dict(block_device_info or {})
    bdms = objects.BlockDeviceMappingList.get_by_instance_uuid(
        context, instance.uuid
    )
    info['block_device_mapping'] = block_device_mapping.as_migrated(
        [
            *(info.get('block_device_mapping') or ()),
            *(
                {'mount_device': bdm.device_name, 'volume_id': bdm.volume_id}
                for bdm in bdms
                if bdm.is_volume and not bdm.connection_info
            ),
        ],
        domain_xml.parse(guest.xml()).disks,
    )
    return info


def assert_free_space(
    planned: planned_migrations.PlannedMigration,
    available_mb: int,
    over_commit: bool,
) -> None:
    """Compare what is copied with the free space in nova's records.

    Callers below microversion 2.25 ask for it.

    :param available_mb: MiB, of the destination's ComputeNode
    :param over_commit: disk_over_commit: whether disks may be larger than
        their data; without it they have to fit with their virtual sizes
    :raises MigrationPreCheckError: with both figures, in bytes
    """
    needed = sum(
        (disk.copy_bytes if over_commit else disk.virtual_bytes) or 0
        for disk in planned.plan.disks
        if disk.copied
    )
    available = (available_mb or 0) * 2**20
    if needed > available:
        raise exception.MigrationPreCheckError(
            reason=f'the disks to copy need {needed} bytes, and the '
            f'destination has {available} bytes available'
        )
