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

"""How busy the processors are, by proc_stat(5)."""

import dataclasses
import pathlib

STAT = pathlib.Path('/proc/stat')


@dataclasses.dataclass(frozen=True)
class ProcessorTime:
    """Time of all processors since the machine started, in clock ticks.

    :ivar idle: of that, in which they had nothing to do or waited for a disk
    """

    total: int
    idle: int

    @classmethod
    def now(cls) -> 'ProcessorTime':
        """Read it."""
        line = STAT.read_text(encoding='ascii').splitlines()[0]
        # The time of guests is in that of users already.
        ticks = [int(word) for word in line.split()[1:9]]
        return cls(sum(ticks), ticks[3] + ticks[4])

    def idle_percent(self, later: 'ProcessorTime') -> float:
        """Return the share of idle time between this and a later reading."""
        total = later.total - self.total
        return 100 * (later.idle - self.idle) / total if total else 0.0
