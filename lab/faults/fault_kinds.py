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

"""What can go wrong, as far as we make it go wrong."""

import enum


class Fault(enum.Enum):
    """A fault.

    The first ones are inflicted in a phase of the migration, the others
    are there before it begins. Who is told to end gets SIGTERM, as from
    `systemctl restart`.
    """

    SOURCE_LIBVIRTD = 'source libvirtd killed'
    DESTINATION_LIBVIRTD = 'destination libvirtd killed'
    DESTINATION_QEMU = 'destination QEMU killed'
    SOURCE_QEMU = 'source QEMU killed'
    PROGRAM = 'our own process killed'
    PEER = 'destination nova-compute killed'
    TERMINATED = 'our own process told to end'
    PEER_TERMINATED = 'destination nova-compute told to end'
    WIRE_HEALED = 'wire cut and healed'
    WIRE_CUT = 'wire cut for good'
    ABORT = 'abort by user'
    SECOND = 'second migration of the guest'
    NBD_FILTERED = 'NBD port filtered'
    DISK_FULL = 'destination disk full'
    OTHER_SIZE = 'destination image of another size'
    OTHER_FORMAT = 'destination image of another format'
    NONE = 'none'

    @property
    def has_phase(self) -> bool:
        """Tell whether it is inflicted while a migration runs."""
        return self not in _BEFORE


_BEFORE = (
    Fault.NBD_FILTERED,
    Fault.DISK_FULL,
    Fault.OTHER_SIZE,
    Fault.OTHER_FORMAT,
    Fault.NONE,
)
