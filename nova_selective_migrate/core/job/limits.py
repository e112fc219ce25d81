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

"""When a migration that runs is given up."""

import dataclasses

MIB = 2**20


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a migration may do to time and room.

    :ivar progress_seconds: for how long nothing may move; 0 for ever. The
        default is longer than TCP tries to reach a port that is filtered,
        and twice.
    :ivar reserve_bytes: what is to stay free where images are made; 0 for
        nothing. The default is what many guests' bursts take until somebody
        looks.
    """

    progress_seconds: float = 300
    reserve_bytes: int = 256 * MIB
