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

"""Where a guest is whose nova-compute ended in the middle of a migration.

Nobody knows any more what the libvirt call has said; both hosts are looked
at in its place.
"""

import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import ending as ending_
from nova_selective_migrate.core.job import outcome
from nova_selective_migrate.host.hypervisor import connection

_SETTLE_SECONDS = 30.0
#: A job in post-copy cannot be aborted; longer is nobody kept waiting.
_LAST_SECONDS = 300.0
_POLL_SECONDS = 0.2

_GONE = (outcome.Presence.ABSENT, outcome.Presence.OFF)


def judge(
    here: outcome.Side, there: outcome.Side, *, was_moved: bool
) -> ending_.Ending:
    """Judge from the state of both hosts; no job runs here any more.

    libvirt resumes the guest here when it did not come to run there, and
    undefines it here, or marks it, when it did, and not before.

    :param there: may be out of reach
    :param was_moved: whether it had been found there before
    """
    if here.holds:
        moved = there.holds or was_moved
        return ending_.Ending.UNKNOWN if moved else ending_.Ending.NOT_MOVED
    if here.presence is outcome.Presence.MIGRATED:
        return ending_.Ending.MOVED
    if here.presence not in _GONE:
        return ending_.Ending.UNKNOWN
    if there.holds or was_moved:
        return ending_.Ending.MOVED
    if (
        here.presence is outcome.Presence.OFF
        and there.presence is outcome.Presence.ABSENT
    ):
        # It ended here, by itself, before it could move.
        return ending_.Ending.NOT_MOVED
    return ending_.Ending.UNKNOWN


def find(
    connect: ending_.Connect,
    uuid: str,
    destination: str,
    *,
    was_moved: bool,
) -> tuple[ending_.Ending, outcome.Side, outcome.Side]:
    """Abort a job that still runs, and say where the guest is then.

    :param connect: returns a connection to this host's daemon
    :param destination: URI of the other
    """
    started = time.monotonic()
    calm = None
    while True:
        here, over = ending_.look(connect, uuid, abort=True)
        there = _look(destination, uuid)
        now = time.monotonic()
        if over:
            calm = calm or now
            found = judge(here, there, was_moved=was_moved)
            patient = now - calm < _SETTLE_SECONDS
            if found is not ending_.Ending.UNKNOWN or not patient:
                return found, here, there
        elif now - started > _LAST_SECONDS:
            return ending_.Ending.UNKNOWN, here, there
        # libvirt has no event for "it stays as it is".
        time.sleep(_POLL_SECONDS)


def _look(uri: str, uuid: str) -> outcome.Side:
    try:
        with connection.Connection.open(uri) as host:
            return host.look(uuid)
    except exceptions.HypervisorError as err:
        return outcome.Side(outcome.Presence.UNREACHABLE, str(err))
