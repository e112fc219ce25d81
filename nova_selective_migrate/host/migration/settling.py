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

"""Look at both hosts until it is certain where the guest is."""

import dataclasses
import time

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.job import outcome
from nova_selective_migrate.host.hypervisor import connection

# libvirt needs some time to stop what is left on both hosts.
_SETTLE_SECONDS = 15.0
_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Settled:
    """An ending, and the state of both hosts that it follows from."""

    settlement: outcome.Settlement
    source: outcome.Side
    destination: outcome.Side

    @property
    def vacant(self) -> bool:
        """Tell whether the destination is done with and has nothing."""
        return (
            self.settlement.final
            and self.settlement.ending is outcome.Ending.NOT_MOVED
            and self.source.holds
        )


def settle(
    source: connection.Connection,
    destination: connection.Connection,
    uuid: str,
    *,
    succeeded: bool,
    follow: bool = True,
) -> Settled:
    """Wait until neither host changes any more, and say where the guest is.

    :param succeeded: whether the call returned without an error
    :param follow: whether to wait for a job that still runs
    """
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        # The call can end before its job: the daemon that was told to
        # migrate goes on when we lose the connection that waits for it.
        active = False if succeeded else _migrates(source, uuid)
        here = source.look(uuid)
        there = destination.look(uuid)
        found = Settled(
            outcome.settle(
                here,
                there,
                completed=succeeded or _completed(destination, uuid),
            ),
            here,
            there,
        )
        if active and follow:
            deadline = time.monotonic() + _SETTLE_SECONDS
        elif (
            time.monotonic() > deadline
            or found.settlement.final
            and active is not None
        ):
            return found
        # No event of libvirt's tells what both hosts have come to.
        time.sleep(_POLL_SECONDS)


def _migrates(source: connection.Connection, uuid: str) -> bool | None:
    """Tell whether the source is still at it; None where it does not say."""
    try:
        guest = source.guest(uuid)
        if guest.job_over():
            return False
        # While QEMU answers nothing, libvirt cannot tell either.
        return guest.job_active() or None
    except exceptions.DomainNotFound:
        return False
    except exceptions.HypervisorError:
        return None


def _completed(destination: connection.Connection, uuid: str) -> bool:
    """Ask the destination whether the job that brought the guest is done."""
    try:
        return destination.guest(uuid).came_here()
    except exceptions.HypervisorError:
        return False
