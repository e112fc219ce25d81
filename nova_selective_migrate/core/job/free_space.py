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

"""How low the free space of a file system may fall that is copied to.

A destination that is full fails the migration, and pauses every other guest
there that writes.
"""

import dataclasses

# Faster than what a disk or a network takes: until the next look no copy
# can use up what is above the floor.
_FASTEST = 2**30
_SHORTEST_SECONDS = 1.0
_LONGEST_SECONDS = 30.0


@dataclasses.dataclass(frozen=True)
class Floor:
    """The free bytes below which a migration is aborted; 0: never."""

    bytes: int = 0

    @classmethod
    def of(cls, reserve: int, free: int, needed: int) -> 'Floor':
        """Set the floor when the copy begins.

        :param reserve: bytes that are to stay free; 0 for no floor
        :param free: bytes that are free now
        :param needed: bytes that the copy is to take, as far as is known

        A small file system that the disks fit into is not refused: there
        the floor is half of what they were to leave. Where they do not fit
        by what is known, which counts zeroes that take no room, it is an
        eighth of what is free.
        """
        left = free - needed
        low = left // 2 if left > 0 else free // 8
        return cls(min(reserve, low) if left < reserve else reserve)

    def allows(self, free: int) -> bool:
        """Tell whether the copy may go on."""
        return free >= self.bytes

    def next_look(self, free: int) -> float:
        """Return after how many seconds to look again."""
        seconds = (free - self.bytes) / _FASTEST
        return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)
