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

"""A server as nova's API shows it, and what moves with it."""

import dataclasses

GIB = 1 << 30
MIB = 1 << 20

#: Statuses from which nova migrates live (vm_states ACTIVE and PAUSED).
LIVE_STATUSES = frozenset({'ACTIVE', 'PAUSED'})


@dataclasses.dataclass(frozen=True)
class DrainServer:
    """A server of the host that is emptied.

    :ivar host: where it is now; None where nova does not say
    :ivar status: as ``openstack server show`` has it
    :ivar task: task state; None while nova does nothing with it
    :ivar memory_bytes: of its flavor
    :ivar disk_bytes: what its flavor allows its local disks at most; None
        where the size is the image's. 0: it has volumes alone
    :ivar fault: what nova says of it in ERROR
    """

    uuid: str
    name: str
    project: str
    host: str | None
    status: str
    flavor: str
    memory_bytes: int
    disk_bytes: int | None
    task: str | None = None
    fault: str = ''

    @property
    def has_local_disks(self) -> bool:
        """Return whether it may have disks that its host alone has."""
        return self.disk_bytes != 0

    @property
    def most_bytes(self) -> int | None:
        """Return what a migration moves at most; None: not known."""
        if self.disk_bytes is None:
            return None
        return self.memory_bytes + self.disk_bytes
