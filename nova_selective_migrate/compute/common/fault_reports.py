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

"""Faults and instance action events, which nova shows to its users."""

import collections.abc
import contextlib
import typing

from nova import exception
from nova import objects
from nova.compute import utils as compute_utils
import nova.conf

from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.core.model import plan_ids
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.migration import migration_attempt

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)


def record_event(
    context: typing.Any, instance: typing.Any, name: str, message: str
) -> None:
    """Add a failed event to the action of the context's request.

    Never raises.

    :param message: details of the event; it gets the plan id
    """
    message = migration_log.with_plan(message, context, instance)
    try:
        event = objects.InstanceActionEvent
        event.event_start(
            context, instance.uuid, name, want_result=False, host=CONF.host
        )
        event.event_finish_with_failure(
            context,
            instance.uuid,
            name,
            exc_val=migration_log.shortened(message),
            exc_tb=message,
            want_result=False,
        )
    except Exception as err:
        # A boundary: the migration goes on without the event.
        LOG.warning(
            '%s is not in the events: %r', name, err, instance=instance
        )


def event_message(
    context: typing.Any, instance: typing.Any, name: str
) -> str | None:
    """Return the details of an event of the context's action.

    Never raises; None where there is no such event.
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
                # nova cuts the details at 255 characters.
                said = str(found.traceback or found.details or '')
                return migration_log.without_plan(said) or None
    except Exception as err:
        # A boundary: the end of the migration is recorded without it.
        LOG.warning('No event can be read: %r', err, instance=instance)
    return None


def record_fault(
    context: typing.Any, instance: typing.Any, fault: Exception
) -> None:
    """Record a fault of an instance, which nova shows if it is in ERROR."""
    text = migration_log.with_plan(str(fault), context, instance)
    compute_utils.add_instance_fault_from_exc(
        context,
        instance,
        fault,
        (type(fault), fault, None),
        fault_message=migration_log.shortened(text),
    )


@contextlib.contextmanager
def naming_plan(
    context: typing.Any, instance: typing.Any
) -> collections.abc.Iterator[None]:
    """Have what this host raises name the plan, as refusals do.

    The name comes first: nova keeps 255 characters of an event's details
    and of a fault. The error stays the same one, so that the source gets it
    as it was.
    """
    try:
        yield
    except (exception.MigrationError, exception.DestinationDiskExists) as err:
        named = plan_ids.mark(
            plan_ids.of_request(context.request_id, instance.uuid)
        )
        text = str(err)
        if named and named not in text:
            # What goes to the other host is made of its arguments.
            err.args = (f'{named} {text}', *err.args[1:])
        raise


#: Events of one refused plan; the log has all refusals.
_MOST = 20


def record_refusal(
    context: typing.Any,
    instance: typing.Any,
    plan: migration_plan.MigrationPlan,
) -> None:
    """Add an event for each refusal; its name has target and reason code."""
    for refusal in plan.refusals[:_MOST]:
        about = f'{refusal.target}_' if refusal.target else ''
        name = f'selective_migrate_{about}{refusal.reason.value}'
        record_event(context, instance, name, refusal.message)


def abort_cause(
    context: typing.Any,
    instance: typing.Any,
    causes: collections.abc.Sequence[migration_attempt.AbortCause],
) -> migration_attempt.AbortCause | None:
    """Return why a watchdog aborted the migration; None: none did.

    The destination asks for an abort as a user does, and has recorded why.
    """
    if not causes:
        return None
    if causes[0].kind is not migration_attempt.AbortKind.OPERATOR:
        return causes[0]
    told = event_message(context, instance, abort_causes.FULL_EVENT)
    return abort_causes.told_by_destination(told) if told else None
