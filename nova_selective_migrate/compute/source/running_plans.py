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

"""What nova's later steps on the source ask of a plan."""

import typing

from nova import exception

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.source import check_source
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.wire import instance_disk_info
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.facts import image_digests

_GIB = 2**30
_LEAST_GB = 2.0  # of a disk or of memory, as nova counts for its time-outs


class RunningPlans:
    """Answers from the plan, after the check until the migration."""

    def __init__(
        self,
        check: check_source.SourceCheck,
        records: planned_migrations.PlannedMigrations,
        contents: image_digests.DigestCache,
    ) -> None:
        self._check = check
        self._records = records
        self._contents = contents

    def disk_info(self, instance: typing.Any) -> str:
        """Return JSON of the files that the destination has to make.

        See instance_disk_info.dumps_disk_info.

        :raises MigrationError: when there is no plan, or the guest or a file
            has changed since the check
        """
        try:
            planned = self.unchanged(instance)
            carried, seeds = (
                {
                    target: carriage.read(self._contents)
                    for target, carriage in carriages.items()
                }
                for carriages in (planned.carried, planned.seeds)
            )
        except exceptions.SelectiveMigrateError as err:
            failure = exception.MigrationError(reason=str(err))
            # nova records no fault of an error here.
            fault_reports.record_fault(instance._context, instance, failure)
            raise failure from err
        digests = {
            path: facts.content
            for path, facts in planned.case.storage.source.items()
            if facts.content
        }
        groups = {
            path: facts.group_uuid
            for path, facts in planned.case.storage.source.items()
            if facts.group_uuid
        }
        return instance_disk_info.dumps_disk_info(
            planned.plan, carried, seeds, digests, groups
        )

    def unchanged(
        self, instance: typing.Any
    ) -> planned_migrations.PlannedMigration:
        """Return the plan of an instance that has not changed since the check.

        :raises PreparationFailed: when there is no plan, or the guest has
            changed
        """
        planned = self._records.planned(instance.uuid)
        if planned is None:
            raise exceptions.PreparationFailed(
                'no plan of this migration is known, as after a restart of '
                'nova-compute; migrate again'
            )
        guest = self._check.guest(instance)
        now = domain_xml.parse(redaction.domain_xml(guest.xml()))
        state = guest.state([disk.target for disk in now.disks])
        if (
            now != planned.plan.domain
            or state.snapshots
            or state.block_jobs
            or state.job_active
        ):
            raise exceptions.PreparationFailed(
                f'{guest.name} changed since the plan was made; migrate again'
            )
        return planned

    def assert_prepared(self, instance: typing.Any, data: typing.Any) -> None:
        """Assert that the destination has made the planned files.

        :param data: LibvirtLiveMigrateData that pre_live_migration returned
        :raises PreparationFailed: when it lacks Note.PREPARED, which the
            destination's report promised
        """
        planned = self._records.planned(instance.uuid)
        if planned is None or not (
            planned.sends_disk_info and planned.acknowledges
        ):
            return
        if not protocol.Note.PREPARED.is_in(data.filename):
            raise exceptions.PreparationFailed(
                'the destination does not acknowledge what it was to make: '
                'its nova-compute has been started without the plugin since '
                'the check; migrate again'
            )

    def copied(self, instance: typing.Any) -> tuple[list[str], list[str]]:
        """Return source paths and targets of the disks to copy.

        As nova's _live_migration_copy_disk_paths does.

        :raises MigrationError: when there is no plan
        """
        planned = self._records.planned(instance.uuid)
        if planned is None:
            raise exception.MigrationError(
                reason='no plan of this migration is known'
            )
        targets = planned.plan.migrate_disks
        disks = {d.disk.target: d.disk for d in planned.plan.disks}
        paths = [disks[target].chain[0].path or '' for target in targets]
        return paths, targets


def data_gb(plan: migration_plan.MigrationPlan, memory_mb: int) -> float:
    """Return GiB to move, by which nova scales its time-outs.

    As nova.virt.libvirt.driver.LibvirtDriver._live_migration_data_gb counts
    it, of the disks that the plan copies.

    :param memory_mb: MiB, of the flavor
    """
    limited = bool(plan.limit.total)
    copied = (
        disk.counted_bytes(limited=limited) / _GIB
        for disk in plan.disks
        if disk.copied
    )
    return max(float(memory_mb) / 1024, _LEAST_GB) + sum(
        max(size, _LEAST_GB) for size in copied
    )
