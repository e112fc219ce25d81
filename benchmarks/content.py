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

    The first data is where the guest writes its records, so that these add
    nothing to what is not zero.

    :ivar written: whether the zeroes are written, or holes
    """

    size_mib: int
    one_in: int = 1
    written: bool = True

    @property
    def data_bytes(self) -> int:
        """Return how many bytes are not zero, before the guest writes."""
        return sum(map(self.is_data, range(self.size_mib))) * MIB

    def is_data(self, mib: int) -> bool:
        """Tell whether this MiB is data."""
        return mib % self.one_in == 1 % self.one_in

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
            if self.is_data(number):
                file.write(_DATA)
            elif self.written:
                file.write(_ZEROES)
            else:
                file.seek(MIB, os.SEEK_CUR)
