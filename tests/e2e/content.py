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


"""What a disk holds."""

import collections.abc

#: What QEMU copies in one piece, at least: with any data in it, all of it.
_BLOCK = 65536


def not_zero(data: bytes) -> int:
    """Count the bytes of the blocks that hold anything."""
    empty = bytes(_BLOCK)
    blocks: collections.abc.Iterable[bytes] = (
        data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)
    )
    return sum(len(b) for b in blocks if b != empty[: len(b)])
