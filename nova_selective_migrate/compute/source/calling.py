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

"""Make the libvirt call of a migration, or the two of it."""

import collections.abc
import typing

from oslo_log import log as logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import guest as guest_
from nova_selective_migrate.compute.source import record as record_
from nova_selective_migrate.core.plan import migration_plan

LOG = logging.getLogger(__name__)


def make(
    operate: collections.abc.Callable[[guest_.PlannedGuest], None],
    unchanged: collections.abc.Callable[[], migration_plan.MigrationPlan],
    guest: typing.Any,
    call: record_.Call,
    connection: guest_.Connection,
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
        operate(guest_.PlannedGuest(guest, plan, call, connection))
    except Exception as err:
        if not call.again.pending:
            raise
        LOG.info('The first copy ended: %s', err)
    else:
        return
    # The destination takes no guest that it has: libvirt looks there.
    plan = unchanged().begun_again()
    if not call.again.take():
        raise exceptions.PreparationFailed(
            'the migration was aborted between its two copies'
        )
    LOG.info('The copy begins again')
    operate(guest_.PlannedGuest(guest, plan, call, connection))
