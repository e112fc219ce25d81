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

"""Find out where the guest is when its migration seems over."""

import collections.abc
import dataclasses
import math
import time
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import timed_question
from nova_selective_migrate.host.migration import attempts
from nova_selective_migrate.host.migration import split_brain

LOG = migration_log.logger(__name__)

#: Seconds for a call that is about to return.
_CALL_SECONDS = 20.0
_SETTLE_SECONDS = 60.0
#: Seconds; longer than TCP tries to connect to a filtered port.
_LAST_SECONDS = 300.0
_POLL_SECONDS = 0.2

Connect = collections.abc.Callable[[], connection.Connection]
_Result = guest_location.CallResult
_Presence = guest_presence.Presence
# Final: libvirt does not leave it by itself.
_BROKEN = (_Presence.POSTCOPY_FAILED,)


@dataclasses.dataclass(frozen=True)
class SettledMigration:
    """Where the guest is, what both hosts have, and why the call failed.

    :ivar there: NOT_ASKED where the source alone told enough
    """

    settlement: guest_location.Settlement
    here: guest_presence.GuestSide
    there: guest_presence.GuestSide = guest_presence.NOT_ASKED
    error: Exception | None = None

    @property
    def ending(self) -> guest_location.Ending:
        """Return the ending as nova is to record it.

        A guest that the migration has left paused is not as it was before:
        nova would have it as active.
        """
        ending = self.settlement.ending
        if ending is guest_location.Ending.NOT_MOVED and not (
            self.here.holds or self.here.presence is _Presence.OFF
        ):
            return guest_location.Ending.UNKNOWN
        return ending


@dataclasses.dataclass(frozen=True)
class GuestHosts:
    """How to reach the libvirt of both hosts.

    :ivar source: returns a connection that stays open
    :ivar destination: returns one that is closed afterwards
    """

    source: Connect
    destination: Connect

    def look_at_destination(self, uuid: str) -> guest_presence.GuestSide:
        """Return what the destination has of the guest.

        :raises ConnectFailed: when it cannot be reached
        """
        with self.destination() as host:
            return host.look(uuid)

    def suspend_at_destination(self, uuid: str) -> None:
        """Suspend the guest of the destination.

        :raises HypervisorError: when libvirt cannot
        """
        with self.destination() as host:
            host.guest(uuid).suspend()


def settle(
    hosts: GuestHosts,
    uuid: str,
    calls: attempts.Attempts,
    *,
    was_there: bool = False,
    suspension: split_brain.SourceSuspension | None = None,
) -> SettledMigration:
    """Wait until nothing changes any more, and judge.

    A call whose connection is lost ends before its job does. Such a job is
    aborted, and so is a call that nova has given up on; no further call is
    made. A daemon that starts again cancels the migration itself, and is asked
    over a new connection. Where both hosts run the guest, that of the
    destination is suspended.

    :param was_there: whether it was found at the destination before
    :param suspension: made before the call; None where another process did
        that
    """
    fence = suspension or split_brain.SourceSuspension(hosts.source, uuid, ())
    found = _follow(hosts, uuid, calls, fence, was_there=was_there)
    return dataclasses.replace(
        found, settlement=fence.conclude(found.settlement)
    )


def _follow(
    hosts: GuestHosts,
    uuid: str,
    calls: attempts.Attempts,
    suspension: split_brain.SourceSuspension,
    *,
    was_there: bool,
) -> SettledMigration:
    calls.withdraw()
    look_at_destination = timed_question.TimedQuestion(
        lambda: hosts.look_at_destination(uuid)
    )
    started = time.monotonic()
    quiet_since = math.inf
    while True:
        ended = calls.wait(_POLL_SECONDS)
        now = time.monotonic()
        given_up = not ended and now - started > _CALL_SECONDS
        unfollowed = ended and not calls.succeeded
        here, over = look(hosts.source, uuid, abort=given_up or unfollowed)
        quiet = over or calls.succeeded or here.presence in _BROKEN
        if ended and (quiet or here.presence is _Presence.POSTCOPY):
            quiet_since = min(quiet_since, now) if quiet else math.inf
            there = guest_presence.NOT_ASKED
            if _asks(here, calls.result):
                there = suspension.ask(look_at_destination, here, calls.result)
            if suspension.suspended:
                here, _ = look(hosts.source, uuid, abort=False)
            found = guest_location.locate(
                here, there, calls.result, was_there=was_there
            )
            settled = SettledMigration(found, here, there, calls.error)
            if split_brain.is_to_be_ended(found, calls.result):
                return _end_double_run(hosts, uuid, settled)
            waited = now - quiet_since > _SETTLE_SECONDS
            if _is_certain(settled, calls) or waited:
                return settled
        if not (ended and quiet) and now - started > _LAST_SECONDS:
            found = guest_location.locate(
                here, guest_presence.NOT_ASKED, calls.result, job_over=False
            )
            return SettledMigration(found, here, error=calls.error)
        if ended:
            # libvirt has no event for "it stays as it is".
            time.sleep(_POLL_SECONDS)


def _asks(here: guest_presence.GuestSide, result: _Result) -> bool:
    """Tell whether the source alone does not tell enough.

    After an abort, and without a call, the destination was not told to run
    the guest. After a call that has succeeded it does.
    """
    if result is _Result.SUCCEEDED:
        return here.presence not in guest_presence.GONE
    return result not in (_Result.NOT_MADE, _Result.ABORTED)


def _is_certain(settled: SettledMigration, calls: attempts.Attempts) -> bool:
    found = settled.settlement
    if found.ending is guest_location.Ending.UNKNOWN:
        return found.final
    if found.final:
        return True
    # libvirt tells the waiting destination that the migration failed.
    return settled.here.holds and calls.result is _Result.FAILED


def _end_double_run(
    hosts: GuestHosts, uuid: str, settled: SettledMigration
) -> SettledMigration:
    """Suspend the destination's guest where the source still runs its own."""
    here, _ = look(hosts.source, uuid, abort=False)
    if here.presence is not _Presence.RUNNING:
        found = guest_location.locate(here, settled.there)
        return dataclasses.replace(settled, settlement=found, here=here)
    failure = split_brain.suspend_destination(
        lambda: hosts.suspend_at_destination(uuid)
    )
    found = guest_location.both_ran(failure)
    there = timed_question.TimedQuestion(
        lambda: hosts.look_at_destination(uuid)
    )()
    return dataclasses.replace(
        settled, settlement=found, here=here, there=there
    )


def release(
    connect: Connect, instance: typing.Any, settled: SettledMigration
) -> SettledMigration:
    """Resume a guest that was paused to complete its migration.

    libvirt does so itself where it was paused before the job's end.
    """
    if settled.here.presence is not _Presence.PAUSED:
        return settled
    try:
        host = connect()
        host.guest(instance.uuid).resume()
        here = host.look(instance.uuid)
    except exceptions.HypervisorError as err:
        LOG.error('It is still paused, unpause it: %s', err, instance=instance)
        return settled
    return dataclasses.replace(settled, here=here)


def look(
    connect: Connect, uuid: str, *, abort: bool
) -> tuple[guest_presence.GuestSide, bool]:
    """Return what the source has of the guest, and whether its job is over.

    :param abort: whether to abort one that does

    The state is read last: it is that of a guest whose job was over.
    """
    try:
        host = connect()
        over = _job_over(host, uuid, abort=abort)
        return host.look(uuid), over
    except exceptions.HypervisorError as err:
        return guest_presence.GuestSide(_Presence.UNREACHABLE, str(err)), False


def _job_over(host: connection.Connection, uuid: str, *, abort: bool) -> bool:
    try:
        guest = host.guest(uuid)
    except exceptions.DomainNotFound:
        return True
    if guest.job_over():
        return True
    if abort:
        guest.abort_migration()
    return False
