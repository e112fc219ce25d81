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

"""Read what the header of a qcow2 image says of its snapshots."""

import os
import struct

from nova_selective_migrate.host.hypervisor import storage_answers

# QEMU docs/interop/qcow2.rst: magic and version, then nb_snapshots at 60.
_MAGIC = b'QFI\xfb'
_VERSIONS = (2, 3)
_SNAPSHOTS_AT = 60
_LENGTH = 72


def internal_snapshots(path: str) -> int | None:
    """Count the snapshots inside an image; None where it cannot be read.

    QEMU writes the header with every snapshot that it makes or deletes, and
    to read it takes no lock of QEMU's.
    """
    storage_answers.require(path)
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        header = os.pread(number, _LENGTH, 0)
    except OSError:
        return None
    finally:
        os.close(number)
    if len(header) < _LENGTH or not header.startswith(_MAGIC):
        return None
    (version,) = struct.unpack_from('>I', header, len(_MAGIC))
    if version not in _VERSIONS:
        return None
    (count,) = struct.unpack_from('>I', header, _SNAPSHOTS_AT)
    return int(count)
