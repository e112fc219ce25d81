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

"""Ask both hosts until it is certain where the guest is."""

import dataclasses
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import post_copy_endings
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import timed_question
from nova_selective_migrate.host.migration import split_brain

# libvirt needs some time to stop what is left on both hosts.
_SETTLE_SECONDS = 15.0
_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class SettledGuest:
    """An ending, and the state of both hosts that it follows from."""

    settlement: guest_location.Settlement
    source: guest_presence.GuestSide
    destination: guest_presence.GuestSide

    @property
    def vacant(self) -> bool:
        """Tell whether the guest stays and the destination has nothing."""
        return (
            self.settlement.final
            and self.settlement.ending is guest_location.Ending.NOT_MOVED
            and self.source.holds
            and self.destination.presence
            is not guest_presence.Presence.UNREACHABLE
        )


def settle(
    source: connection.Connection,
    destination: connection.Connection,
    uuid: str,
    call: guest_location.CallResult = guest_location.CallResult.NOT_KNOWN,
    *,
    follow: bool = True,
    suspension: split_brain.SourceSuspension | None = None,
    postcopy: bool = False,
) -> SettledGuest:
    """Wait until neither host changes any more, and say where the guest is.

    Where both run it, that of the destination is suspended.

    :param call: what is known of the call
    :param follow: whether to wait for a job that still runs
    :param suspension: made before the call; None where another process did
        that
    :param postcopy: whether the call permits post-copy
    """
    fence = suspension or split_brain.SourceSuspension(
        lambda: source, uuid, ()
    )
    found = _follow(source, destination, uuid, call, fence, follow=follow)
    found = dataclasses.replace(
        found, settlement=fence.conclude(found.settlement)
    )
    return _after_post_copy(found, call) if postcopy else found


def _after_post_copy(
    found: SettledGuest, call: guest_location.CallResult
) -> SettledGuest:
    judged = post_copy_endings.after(
        found.settlement, found.source, call, seen=False
    )
    return dataclasses.replace(found, settlement=judged)


def _follow(
    source: connection.Connection,
    destination: connection.Connection,
    uuid: str,
    call: guest_location.CallResult,
    suspension: split_brain.SourceSuspension,
    *,
    follow: bool,
) -> SettledGuest:
    look_at_destination = timed_question.TimedQuestion(
        lambda: _look(destination, uuid)
    )
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        # The call can end before its job: the daemon that was told to
        # migrate goes on when we lose the connection that waits for it.
        active = False if call in _ENDED else _migrates(source, uuid)
        here = source.look(uuid)
        there = suspension.ask(look_at_destination, here, call)
        if suspension.suspended:
            here = source.look(uuid)
        found = _judge(here, there, call, active)
        if split_brain.is_to_be_ended(found.settlement, call):
            again = _judge(source.look(uuid), found.destination, call, active)
            if split_brain.is_to_be_ended(again.settlement, call):
                failure = split_brain.suspend_destination(
                    lambda: destination.guest(uuid).suspend()
                )
                return SettledGuest(
                    guest_location.both_ran(failure),
                    again.source,
                    look_at_destination(),
                )
        if found.settlement.final:
            # A failed post-copy keeps its job, to be taken up again.
            return found
        if active and follow:
            deadline = time.monotonic() + _SETTLE_SECONDS
        elif time.monotonic() > deadline:
            return found
        # libvirt has no event for the end of a migration on both hosts.
        time.sleep(_POLL_SECONDS)


# After these no migration of ours runs on the source.
_ENDED = (
    guest_location.CallResult.SUCCEEDED,
    guest_location.CallResult.NOT_MADE,
)


def settle_once(
    source: connection.Connection,
    destination: connection.Connection,
    uuid: str,
) -> SettledGuest:
    """Say where the guest is after asking once; changes nothing.

    :param uuid: of a guest of whose call nothing is known any more
    """
    look_at_destination = timed_question.TimedQuestion(
        lambda: _look(destination, uuid)
    )
    active = _migrates(source, uuid)
    call = guest_location.CallResult.NOT_KNOWN
    return _judge(source.look(uuid), look_at_destination(), call, active)


def _judge(
    here: guest_presence.GuestSide,
    there: guest_presence.GuestSide,
    call: guest_location.CallResult,
    active: bool | None,
) -> SettledGuest:
    # A host that does not answer is judged as one.
    silent = here.presence is guest_presence.Presence.UNREACHABLE
    found = guest_location.locate(
        here, there, call, job_over=active is False or silent
    )
    return SettledGuest(found, here, there)


def _look(
    destination: connection.Connection, uuid: str
) -> guest_presence.GuestSide:
    """Return what the destination has, and whether a migration brought it."""
    there = destination.look(uuid)
    if not there.holds:
        return there
    arrived = destination.guest(uuid).came_here()
    return dataclasses.replace(there, arrived=arrived)


def _migrates(source: connection.Connection, uuid: str) -> bool | None:
    """Tell whether the source migrates it; None where that is unknown."""
    try:
        guest = source.guest(uuid)
        if guest.job_over():
            return False
        # While QEMU does not answer, libvirt does not know either.
        return guest.job_active() or None
    except exceptions.DomainNotFound:
        return False
    except exceptions.HypervisorError:
        return None
