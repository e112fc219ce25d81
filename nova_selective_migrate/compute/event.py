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

"""An event of ours among those of a server's action.

nova shows no fault of a server that is ACTIVE. An event's name is what the
server's owner reads; its details and traceback have the message, which
admins read (os-instance-actions, from microversions 2.84 and 2.1 on).
"""

import typing

from nova import objects
import nova.conf
from oslo_log import log as logging

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)


def record(
    context: typing.Any, instance: typing.Any, name: str, message: str
) -> None:
    """Add a failed event to the action of the context; never raises."""
    try:
        event = objects.InstanceActionEvent
        event.event_start(
            context, instance.uuid, name, want_result=False, host=CONF.host
        )
        event.event_finish_with_failure(
            context,
            instance.uuid,
            name,
            exc_val=message,
            exc_tb=message,
            want_result=False,
        )
    except Exception as err:
        # A boundary: what the event tells of goes on.
        LOG.warning(
            '%s is not in the events: %r', name, err, instance=instance
        )


def message(
    context: typing.Any, instance: typing.Any, name: str
) -> str | None:
    """Return what an event of the context's action says; never raises.

    None where there is no such event.
    """
    try:
        action = objects.InstanceAction.get_by_request_id(
            context, instance.uuid, context.request_id
        )
        events = objects.InstanceActionEventList.get_by_action(
            context, action.id
        )
        for found in events:
            if found.event == name:
                # The details end after 255 characters.
                return str(found.traceback or found.details or '') or None
    except Exception as err:
        # A boundary: the end of the migration is recorded without it.
        LOG.warning('No event can be read: %r', err, instance=instance)
    return None
