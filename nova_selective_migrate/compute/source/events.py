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

"""A refusal in the server's events, where its text can be read.

nova shows no fault of a server that is ACTIVE, and of the event of the
check 255 characters, before it wraps it in "No valid host was found".
"""

import typing

from nova_selective_migrate.compute import event
from nova_selective_migrate.core.plan import migration_plan

#: A server with more bad disks has the rest of them in the log.
_MOST = 20


def record(
    context: typing.Any,
    instance: typing.Any,
    plan: migration_plan.MigrationPlan,
) -> None:
    """Add an event for each refusal, with target and code in its name."""
    for refusal in plan.refusals[:_MOST]:
        about = f'{refusal.target}_' if refusal.target else ''
        name = f'selective_migrate_{about}{refusal.reason.value}'
        event.record(context, instance, name, refusal.message)
