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

"""Put a guest's own XML, with its passwords, into the planned call."""

import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import guest as guest_


def of(
    plan: migration_plan.MigrationPlan, guest: guest_.Guest
) -> migrate_call.MigrateCall:
    """Return the call that is made; the plan's own holds no secret.

    :raises PreparationFailed: when the domain lost its definition
    :raises HypervisorError: when the domain cannot be read
    """
    parameters = dict(plan.call.parameters)
    if 'destination_xml' in parameters:
        parameters['destination_xml'] = plan.destination_xml(
            guest.migratable_xml()
        )
    if 'persistent_xml' in parameters:
        definition = guest.persistent_xml(secure=True)
        if definition is None:
            raise exceptions.PreparationFailed(
                f'{guest.name} is not defined any more; plan again'
            )
        parameters['persistent_xml'] = destination_xml.flatten_definition(
            definition, guest.xml(), plan.flattened
        )
    return dataclasses.replace(plan.call, parameters=parameters)
