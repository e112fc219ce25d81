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

"""_live_migration_operation: trim the guest, and make the planned calls."""

import collections.abc
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.source import planned_guest
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import guest_trim

LOG = migration_log.logger(__name__)


def trim(
    guest: typing.Any,
    planned: planned_migrations.PlannedMigration | None,
    calls: attempts.Attempts,
) -> None:
    """Have the server trim before it is copied, where that is planned.

    Bounded in time, and ended by an abort; never raises.

    :param guest: nova.virt.libvirt.guest.Guest
    """
    if planned is None or calls.causes:
        return
    guest_trim.trim(
        libvirt_guest.Guest(guest._domain),
        planned.plan.trimming,
        guest_trim.allocated_here,
        lambda: bool(calls.causes),
    )


def make_calls(
    operate: collections.abc.Callable[[planned_guest.PlannedGuest], None],
    unchanged: collections.abc.Callable[[], migration_plan.MigrationPlan],
    guest: typing.Any,
    calls: attempts.Attempts,
    connection: planned_guest.Connection,
) -> None:
    """Call libvirt, and once more where the copy does not converge.

    :param operate: nova's own operation, with the guest that it is given
    :param unchanged: returns the plan of a guest that still is as planned,
        and that no job runs on
    :param guest: nova.virt.libvirt.guest.Guest
    :param connection: returns the <disk> of a volume at the destination
    :raises PreparationFailed: when the guest changed, or the migration was
        aborted between the two
    """
    plan = unchanged()
    try:
        operate(
            planned_guest.PlannedGuest(guest, plan, calls.first, connection)
        )
    except Exception as err:
        calls.first.fail(err)
        if not calls.second_copy.wanted:
            raise
        LOG.info(
            'The first copy ended: %s', err, instance_uuid=plan.domain.uuid
        )
    else:
        return
    # libvirt refuses a destination that has the guest already.
    plan = unchanged().second_copy()
    second = calls.begin_second()
    if second is None:
        raise exceptions.PreparationFailed(
            'the migration was aborted between its two copies'
        )
    LOG.info('The copy begins again', instance_uuid=plan.domain.uuid)
    operate(planned_guest.PlannedGuest(guest, plan, second, connection))
