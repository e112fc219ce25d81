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

"""How long a migration is waited for that does not get on."""

import dataclasses
import math

from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.hypervisor import guest as guest_
from nova_selective_migrate.host.migration import reach

# Twice what libvirt's keepalive gives a peer.
_SILENT_SECONDS = 60.0
# Then the abort has had its chance.
_LAST_SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class GivenUp:
    """Why a migration is not waited for any more.

    :ivar for_good: whether even its abort is not
    """

    why: str
    for_good: bool = False


_STALLED = GivenUp(
    f'aborted after {watchdog_limits.STALL_SECONDS:.0f} s in which the guest was paused '
    'for the switch-over and nothing moved'
)
_SILENT = GivenUp(
    f'aborted after {_SILENT_SECONDS:.0f} s in which the destination did not '
    'answer'
)
_STUCK = GivenUp(
    'nothing moves, and the migration of the source does not end, nor can it '
    'be aborted: look at the source with virsh domjobinfo',
    for_good=True,
)
# QEMU waits for an answer that was lost, and libvirt for QEMU: there is
# nothing more that could be asked.
_ABANDONED = GivenUp(
    'the destination does not answer, and the migration of the source does '
    'not end: its QEMU may wait for an answer that was lost, and the guest '
    'with it. On the source "ss -K dst ADDRESS", with the address of the '
    'destination, ends that',
    for_good=True,
)


class Patience:
    """Looks on while a migration runs."""

    def __init__(
        self,
        guest: guest_.Guest,
        watched: reach.Reach,
        still_seconds: float,
    ) -> None:
        """Begin to look.

        :param still_seconds: for how long nothing may move; 0 for ever
        """
        self._guest = guest
        self._still_seconds = still_seconds or math.inf
        self._watched = watched
        self._held = watchdog_limits.Stall()
        self._still = watchdog_limits.Stall()

    def look(self, now: float, job: watchdog_limits.Job) -> GivenUp | None:
        """Tell whether to wait on.

        :param now: seconds of a clock that nobody sets
        :param job: the job's statistics, as they are now
        """
        silent = self._watched.silent_seconds()
        if silent > _SILENT_SECONDS + _LAST_SECONDS:
            return _ABANDONED
        self._still = self._still.look(now, paused=True, job=job)
        still = self._still.seconds(now)
        if still > self._still_seconds + _LAST_SECONDS:
            return _STUCK
        self._held = self._held.look(
            now, paused=self._guest.held_by_migration(), job=job
        )
        if self._held.lasts(now):
            return _STALLED
        if still > self._still_seconds:
            return GivenUp(
                f'aborted after {self._still_seconds:.0f} s in which nothing '
                'moved; --progress-timeout sets how long that may be'
            )
        return _SILENT if silent > _SILENT_SECONDS else None
