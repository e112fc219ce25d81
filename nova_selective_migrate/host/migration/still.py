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

"""Hold both hosts against what a plan was made from, once more."""

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import guest as guest_

# What a destination may have of the guest: nothing, or its definition.
_VACANT = (
    guest_location.Presence.ABSENT,
    guest_location.Presence.OFF,
    guest_location.Presence.MIGRATED,
)


def planned(guest: guest_.Guest, plan: migration_plan.MigrationPlan) -> None:
    """Hold the domain against the plan.

    :raises PreparationFailed: when it is not the planned one any more, or
        another job runs on it
    """
    now = domain_xml.parse(redaction.domain_xml(guest.xml()))
    state = guest.state([disk.target for disk in now.disks])
    defined = migrate_call.MigrateFlag.PERSIST_DEST in plan.call.flags
    if (
        now != plan.domain
        or state.snapshots
        or state.block_jobs
        or bool(state.persistent) != defined
    ):
        raise exceptions.PreparationFailed(
            f'{guest.name} changed since the plan was made; plan again'
        )
    if state.job_active:
        raise exceptions.PreparationFailed(
            f'another job runs on {guest.name}; wait for it, or end it with '
            'virsh domjobabort'
        )


def vacant(destination: connection.Connection, guest: guest_.Guest) -> None:
    """See that the destination runs no guest like it.

    :raises PreparationFailed: when it has one, or cannot be asked
    """
    there = destination.look(guest.uuid)
    if there.presence not in _VACANT:
        raise exceptions.PreparationFailed(
            f'the destination has {guest.name} already: {there}; look at '
            'both hosts before anything else'
        )
