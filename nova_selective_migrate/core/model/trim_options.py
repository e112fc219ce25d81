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

"""Whether, and for how long, a guest trims its file systems before a copy."""

import dataclasses

#: Of a trim; one of a TiB on a slow disk takes less. Nova's own timeout of
#: a migration counts meanwhile.
TRIM_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class TrimOptions:
    """What is asked of the guest's agent before the disks are copied.

    :ivar on: whether the guest is to discard what its file systems do not use
    :ivar seconds: how long it may take; then the copy begins without
    """

    on: bool = False
    seconds: int = TRIM_SECONDS
