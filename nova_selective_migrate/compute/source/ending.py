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

"""Where a guest is when nova's source believes its migration over."""

import collections.abc
import dataclasses
import enum
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import record as record_
from nova_selective_migrate.core.job import outcome
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import errors

#: For a call that is about to return.
_CALL_SECONDS = 20.0
_SETTLE_SECONDS = 60.0
#: Longer than TCP tries to connect to a port that is filtered.
_LAST_SECONDS = 300.0
_POLL_SECONDS = 0.2

Connect = collections.abc.Callable[[], connection.Connection]


class Ending(enum.Enum):
    """What the source can tell of a migration that is over."""

    MOVED = 'moved'
    NOT_MOVED = 'not moved'
    UNKNOWN = 'unknown'


def judge(here: outcome.Side, call: record_.Call) -> Ending:
    """Judge from the state of the source and the end of the call.

    libvirt undefines the guest on the source, or marks it as migrated,
    after the destination has confirmed that it runs there, and not before.
    A guest that is off for any other reason has not moved: nova takes it
    for moved, and deletes its disks (nova.virt.libvirt.migration.
    find_job_type). So does it with one that somebody else has undefined.
    """
    presence = here.presence
    if presence in (outcome.Presence.MIGRATED, outcome.Presence.ABSENT):
        lost = call.error is not None and errors.is_lost(call.error)
        marked = presence is outcome.Presence.MIGRATED
        moved = call.made and (call.returned or lost or marked)
        return Ending.MOVED if moved else Ending.UNKNOWN
    if presence is outcome.Presence.OFF:
        return Ending.MOVED if call.returned else Ending.NOT_MOVED
    if here.holds and not call.returned:
        return Ending.NOT_MOVED
    return Ending.UNKNOWN


@dataclasses.dataclass(frozen=True)
class Settled:
    """An ending, what the source has then, and why the call failed."""

    ending: Ending
    here: outcome.Side
    error: Exception | None


def settle(connect: Connect, uuid: str, call: record_.Call) -> Settled:
    """Wait until the source does not change any more, and judge.

    A call can end before its job does, when its connection is lost; a job
    that nobody follows any more is aborted, and so is a call that nova has
    given up. A daemon that starts again cancels the migration itself, and
    is asked over a new connection.

    :param connect: returns a connection to the source's daemon
    """
    started = time.monotonic()
    calm = None
    while True:
        ended = call.wait(_POLL_SECONDS)
        now = time.monotonic()
        given_up = not ended and now - started > _CALL_SECONDS
        unfollowed = ended and not call.returned
        here, over = look(connect, uuid, abort=given_up or unfollowed)
        if ended and (call.returned or over):
            calm = calm or now
            found = judge(here, call)
            if found is not Ending.UNKNOWN or now - calm > _SETTLE_SECONDS:
                return Settled(found, here, call.error)
        elif now - started > _LAST_SECONDS:
            return Settled(Ending.UNKNOWN, here, call.error)
        if ended:
            # libvirt has no event for "it stays as it is".
            time.sleep(_POLL_SECONDS)


def look(
    connect: Connect, uuid: str, *, abort: bool
) -> tuple[outcome.Side, bool]:
    """Look what the source has, and whether no job runs on it.

    :param abort: whether to abort one that does

    The state is read last: it is that of a guest whose job was over.
    """
    try:
        host = connect()
        over = _job_over(host, uuid, abort=abort)
        return host.look(uuid), over
    except exceptions.HypervisorError as err:
        return outcome.Side(outcome.Presence.UNREACHABLE, str(err)), False


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
