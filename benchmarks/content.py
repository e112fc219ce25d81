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

"""What a disk holds before its guest starts."""

import dataclasses
import os
import pathlib
import typing

MIB = 1 << 20
# Random, so that no zero is in it; repeated, since nobody compresses.
_DATA = bytes(byte or 1 for byte in os.urandom(MIB))
_ZEROES = bytes(MIB)


@dataclasses.dataclass(frozen=True)
class Content:
    """One MiB of data in so many; between them zeroes or nothing.

    :ivar written: whether the zeroes are written, or holes
    """

    size_mib: int
    one_in: int = 1
    written: bool = True

    @property
    def data_bytes(self) -> int:
        """Return how many bytes are not zero, before the guest writes."""
        return len(range(0, self.size_mib, self.one_in)) * MIB

    def write(self, path: pathlib.Path) -> None:
        """Write it to a file."""
        with path.open('wb') as file:
            self.write_to(file)
            file.flush()
            os.fsync(file.fileno())
            # Who copies a disk finds it on the disk.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def write_to(self, file: typing.BinaryIO) -> None:
        """Write it to a file that is open and empty."""
        file.truncate(self.size_mib * MIB)
        for number in range(self.size_mib):
            if number % self.one_in == 0:
                file.write(_DATA)
            elif self.written:
                file.write(_ZEROES)
            else:
                file.seek(MIB, os.SEEK_CUR)
