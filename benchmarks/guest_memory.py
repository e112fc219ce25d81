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

"""What of a guest's memory has to be sent."""

from lab.guests import lab_guest

_DUMP = '/var/lib/libvirt/images/bench.ram'
_PAGE = 4096
_ZEROES = bytes(_PAGE)


def needed_bytes(guest: lab_guest.Guest) -> int:
    """Count the pages of memory that are not zero."""
    host, size = guest.lab.a, guest.memory_mib << 20
    host.virsh(
        'qemu-monitor-command',
        guest.name,
        '--hmp',
        f'pmemsave 0 {size} "{_DUMP}"',
    )
    data = host.path(_DUMP).read_bytes()
    host.path(_DUMP).unlink()
    return sum(
        _PAGE
        for offset in range(0, len(data), _PAGE)
        if data[offset : offset + _PAGE] != _ZEROES
    )
