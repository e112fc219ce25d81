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

from nova import objects
import nova.conf
from oslo_log import log as logging

from nova_selective_migrate.core.plan import plan as plan_
from nova_selective_migrate.core.plan import refusal as refusal_

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

#: A server with more bad disks has the rest of them in the log.
_MOST = 20


def record(
    context: typing.Any, instance: typing.Any, plan: plan_.MigrationPlan
) -> None:
    """Add an event for each refusal to the action that asked for it.

    The event's name has target and code, which the server's owner reads;
    its details and traceback have the message, which admins read
    (os-instance-actions, from microversions 2.84 and 2.1 on).
    """
    try:
        for refusal in plan.refusals[:_MOST]:
            _record(context, instance, refusal)
    except Exception as err:
        # A boundary: the refusal itself must reach the caller.
        LOG.warning(
            'The refusal is not in the events: %r', err, instance=instance
        )


def _record(
    context: typing.Any, instance: typing.Any, refusal: refusal_.Refusal
) -> None:
    about = f'{refusal.target}_' if refusal.target else ''
    name = f'selective_migrate_{about}{refusal.reason.value}'
    event = objects.InstanceActionEvent
    event.event_start(
        context, instance.uuid, name, want_result=False, host=CONF.host
    )
    event.event_finish_with_failure(
        context,
        instance.uuid,
        name,
        exc_val=refusal.message,
        exc_tb=refusal.message,
        want_result=False,
    )
