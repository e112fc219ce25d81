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
"""What a limit of the link means for one call.

libvirt takes one number and applies it to memory and to each mirror of a
disk by itself: two disks at a limit of B take 2 B.
"""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import hypervisor

#: The first libvirt that was seen to change the speed of a mirror while it
#: migrates; 10.0 takes no such call then (VIR_JOB_MODIFY), and 9.0 was seen
#: to keep the caller waiting for half a minute before it says so.
ADJUSTABLE_FROM = 11_003_000


#: MiB/s; libvirt takes no more, and tells it where there is no limit.
LARGEST = 8796093022207


@dataclasses.dataclass(frozen=True)
class Limit:
    """What the link may carry, disks and memory together.

    :ivar total: MiB/s; 0 for no limit
    :ivar parallel_mirrors: how many disks at a time are copied in earnest;
        0 for all
    :ivar adjustable: whether the speed of a mirror that runs can be changed
    """

    total: int = 0
    parallel_mirrors: int = 0
    adjustable: bool = False

    def per_disk(self, disks: int) -> int:
        """Return the number for libvirt, in MiB/s; 0 for no limit.

        It knows whole numbers, and none below 1.
        """
        if not self.total:
            return 0
        return max(self.total // max(disks, 1), 1)

    def kept(self, disks: int) -> bool:
        """Tell whether so many disks can stay below the limit."""
        return self.adjustable or not self.total or self.total >= disks

    def notes(self, disks: int) -> collections.abc.Iterator[str]:
        """Say what of it cannot be had with so many disks."""
        if self.adjustable or disks < 2:
            return
        if self.total:
            yield (
                f'each disk is copied at {self.per_disk(disks)} MiB/s: '
                'libvirt before 11.3 on the source cannot give the share of '
                'one that is done to the others'
            )
        if 0 < self.parallel_mirrors < disks:
            yield (
                f'all {disks} disks are copied at the same time: libvirt '
                'before 11.3 on the source cannot hold any of them back'
            )


def limit(
    total: int, parallel_mirrors: int, source: hypervisor.Versions
) -> Limit:
    """Make the limit of a migration.

    :param source: the mirrors run there
    """
    known = source.libvirt is not None and source.libvirt >= ADJUSTABLE_FROM
    return Limit(
        total,
        parallel_mirrors,
        adjustable=known,
    )
