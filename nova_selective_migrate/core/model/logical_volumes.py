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

"""A logical volume, with what proves it, and the names that it has.

One volume has several paths: LVM makes ``/dev/VG/LV``, device mapper
``/dev/mapper/VG-LV`` with each ``-`` of a name doubled (dm_build_dm_name in
lvm2), the kernel ``/dev/dm-N``, whose number each host assigns in its own
order.
"""

import dataclasses
import re

_MAPPER = '/dev/mapper/'
# Two names; the parts of a volume that LVM hides have three, or a suffix.
_PART = r'(?:[^-]|--)+'
_MAPPER_NAME = re.compile(rf'({_PART})-({_PART})')
_ID_GROUPS = (6, 4, 4, 4, 4, 4, 6)
_UUID = re.compile(r'LVM-(\w{32})(\w{32})', re.ASCII)


@dataclasses.dataclass(frozen=True)
class LogicalVolume:
    """A logical volume, proven by UUIDs as ``lvs`` prints them.

    A journal has the fields of this class (incoming_journal).

    :ivar path: ``/dev/VG/LV``
    :ivar group_uuid: of its volume group
    :ivar uuid: its own
    """

    path: str
    group_uuid: str
    uuid: str

    def is_same(self, other: 'LogicalVolume') -> bool:
        """Tell whether both are one volume, whatever its path is."""
        return (self.group_uuid, self.uuid) == (other.group_uuid, other.uuid)


def path_of_mapper_name(name: str) -> str | None:
    """Return ``/dev/VG/LV`` of a name in /dev/mapper; None for no such."""
    found = _MAPPER_NAME.fullmatch(name)
    if found is None:
        return None
    group, volume = (part.replace('--', '-') for part in found.groups())
    return f'/dev/{group}/{volume}'


def aliases(path: str) -> tuple[str, ...]:
    """Return the names of a volume that mean the same on every host.

    :param path: ``/dev/VG/LV``
    """
    parts = path.split('/')
    if len(parts) != 4 or parts[:2] != ['', 'dev'] or not all(parts[2:]):
        return (path,)
    doubled = (part.replace('-', '--') for part in parts[2:])
    return (path, f'{_MAPPER}{"-".join(doubled)}')


def canonical(path: str) -> str:
    """Return ``/dev/VG/LV`` where a path is a name of that in /dev/mapper."""
    if not path.startswith(_MAPPER):
        return path
    return path_of_mapper_name(path.removeprefix(_MAPPER)) or path


def uuids_of_mapper_uuid(text: str) -> tuple[str, str] | None:
    """Read what the kernel has as ``dm/uuid`` of a device.

    :returns: the UUIDs of the volume group and of the logical volume, as
        ``lvs`` prints them; None where it is none that a guest can have
    """
    found = _UUID.fullmatch(text)
    if found is None:
        return None
    group, volume = found.groups()
    return dashed(group), dashed(volume)


def dashed(text: str) -> str:
    """Write the 32 signs of a UUID as LVM's programs print it."""
    parts, start = [], 0
    for length in _ID_GROUPS:
        parts.append(text[start : start + length])
        start += length
    return '-'.join(parts)
