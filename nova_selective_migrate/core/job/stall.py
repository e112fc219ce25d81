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

"""Notice a migration that holds its guest and moves nothing any more.

At the switch-over the guest is paused on the source until the destination
has it. A destination that cannot be reached then was seen to keep it paused
for as long as TCP tries, a quarter of an hour; aborting the migration lets
it run again at once.
"""

import collections.abc
import dataclasses
import typing

#: No switch-over takes that long without a byte, and libvirt itself gives a
#: peer as long to answer (keepalive_interval times keepalive_count).
LIMIT_SECONDS = 30.0

#: State of devices such as a vGPU, which travels at the switch-over; told
#: from libvirt 10.6 on (VIR_DOMAIN_JOB_VFIO_DATA_TRANSFERRED).
DEVICE_STATE = 'vfio_data_transferred'
_MOVING = (
    'memory_processed',
    'memory_remaining',
    'memory_iteration',
    'disk_processed',
    DEVICE_STATE,
)
Job = collections.abc.Mapping[str, typing.Any]


@dataclasses.dataclass(frozen=True)
class Stall:
    """How long a paused guest has seen nothing move.

    :ivar since: seconds of any clock; None while it is not paused
    :ivar seen: what the job's statistics were then
    """

    since: float | None = None
    seen: tuple[int, ...] = ()

    def look(self, now: float, *, paused: bool, job: Job) -> 'Stall':
        """Take another look.

        :param paused: whether the migration has paused the guest
        :param job: virDomainGetJobStats' dictionary, or one with its keys
        """
        if not paused:
            return Stall()
        seen = tuple(int(job.get(name) or 0) for name in _MOVING)
        if self.since is not None and seen == self.seen:
            return self
        return Stall(now, seen)

    def seconds(self, now: float) -> float:
        """Return for how long nothing has moved."""
        return 0.0 if self.since is None else now - self.since

    def lasts(self, now: float) -> bool:
        """Tell whether it is time to abort."""
        return self.seconds(now) > LIMIT_SECONDS
