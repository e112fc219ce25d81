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
"""How fast a migration goes, against what it may take of the link."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.job import progress as progress_

MIB = 1 << 20
# So little is copied in a moment, and QEMU copies up to 16 MiB in one go
# (DEFAULT_MIRROR_BUF_SIZE): what is left of a mirror in sync.
_AT_ONCE = 16 * MIB
_NEARLY, _STILL = MIB, _AT_ONCE


@dataclasses.dataclass(frozen=True)
class Pace:
    """What was seen up to one moment.

    QEMU copies up to 16 MiB at once and then waits for as long as that may
    take, so that every mirror is ahead of its limit until it waits no more.

    :ivar seconds: of the moment, since the call was started
    :ivar moved: bytes copied so far, by target
    :ivar synced: targets whose mirror carries the guest's writes alone
    :ivar writes: bytes/s that these carry
    :ivar debt: bytes by which the disks are ahead of the limit
    """

    seconds: float = 0.0
    moved: collections.abc.Mapping[str, int] = dataclasses.field(
        default_factory=dict
    )
    synced: frozenset[str] = frozenset()
    writes: float = 0.0
    debt: float = 0.0

    def look(
        self, progress: progress_.MigrationProgress, total: int
    ) -> 'Pace':
        """Take another look.

        :param total: the limit in MiB/s; 0 for none
        """
        seconds = progress.seconds - self.seconds
        disks = [disk for disk in progress.disks if disk.total]
        grown = {
            disk.name: max(
                disk.processed - self.moved.get(disk.name, 0),
                0,
            )
            for disk in disks
        }
        carried = sum(grown[name] for name in self.synced & grown.keys())
        rate = carried / seconds if seconds > 0 else self.writes
        # The clock starts with the first byte.
        allowed = total * MIB * seconds if self.moved else 0.0
        ahead = self.debt + sum(grown.values()) - allowed
        return Pace(
            seconds=progress.seconds,
            moved={disk.name: disk.processed for disk in disks},
            synced=frozenset(d.name for d in disks if self._in_sync(d)),
            # Half of it: a guest does not write evenly.
            writes=(self.writes + rate) / 2 if self.synced else 0.0,
            # What is more was never sent: zeroes that the source found.
            debt=min(max(ahead, 0.0), _AT_ONCE * len(disks)) if total else 0.0,
        )

    def _in_sync(self, disk: progress_.Amount) -> bool:
        """Tell it from what remains; libvirt does not."""
        limit = _STILL if disk.name in self.synced else _NEARLY
        return disk.remaining <= limit
