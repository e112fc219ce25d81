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

"""Tell disks that do not get ahead of the guest's writes.

A mirror that sends what the guest writes again and again is never in sync:
what remains to be copied stays where it is, however much is sent. Only a
copy that makes the guest wait for its writes comes to an end then.
"""

import dataclasses

from nova_selective_migrate.core.job import progress as progress_

#: A minute is longer than a guest's bursts, such as a flush of its page
#: cache (30 s, vm.dirty_expire_centisecs), and short against a copy that
#: never ends.
LIMIT_SECONDS = 60.0
# A slow copy is no such copy. Over a minute this is 70 kB/s, below any
# link that disks are copied over; near the end a tenth of what remains.
_MARGIN_BYTES = 4 * 2**20


@dataclasses.dataclass(frozen=True)
class Lag:
    """The least that has remained to be copied, and since when.

    :ivar lowest: bytes; None while not all disks are being copied
    :ivar since: seconds of any clock
    :ivar processed: bytes that had been sent then
    :ivar now_processed: bytes that had been sent at the last look
    """

    lowest: int | None = None
    since: float = 0.0
    processed: int = 0
    now_processed: int = 0

    def look(self, now: float, progress: progress_.MigrationProgress) -> 'Lag':
        """Take another look."""
        disks = progress.disks
        # libvirt starts one mirror after the other: each adds to the sum.
        if progress.phase is not progress_.Phase.DISKS or not all(
            disk.total for disk in disks
        ):
            return Lag()
        remaining = sum(disk.remaining for disk in disks)
        processed = sum(disk.processed for disk in disks)
        if self.lowest is not None:
            margin = max(min(_MARGIN_BYTES, self.lowest // 10), 1)
            if remaining > self.lowest - margin:
                return dataclasses.replace(self, now_processed=processed)
        return Lag(remaining, now, processed, processed)

    def seconds(self, now: float) -> float:
        """Return for how long the disks have not got ahead.

        A copy that sends nothing stands still, which is something else.
        """
        if self.lowest is None or self.now_processed <= self.processed:
            return 0.0
        return now - self.since

    def lasts(self, now: float) -> bool:
        """Tell whether it is time for another way of copying."""
        return self.seconds(now) > LIMIT_SECONDS
