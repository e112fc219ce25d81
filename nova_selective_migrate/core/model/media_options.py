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

"""What is wished of read-only media that the destination lacks."""

import dataclasses

#: The size up to which a medium is copied: an installer of Windows is 5 GiB.
LIMIT_MIB = 8192
_MIB = 2**20


@dataclasses.dataclass(frozen=True)
class MediaOptions:
    """How media travel that libvirt copies nowhere.

    :ivar copy: bring them over before the call
    :ivar eject: give the guest an empty drive there instead, where it is
        removable and not copied
    :ivar limit_bytes: the largest that is copied
    """

    copy: bool = False
    eject: bool = False
    limit_bytes: int = LIMIT_MIB * _MIB
