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

"""What both hosts tell each other about logical volumes of nova."""

import collections.abc
import dataclasses
import re
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.evidence import volume_groups
from nova_selective_migrate.core.model import logical_volumes

_UUID = re.compile(r'[0-9A-Za-z!#]{32}')
_GROUP_NAME = re.compile(r'[0-9A-Za-z+_.-]+')


@dataclasses.dataclass(frozen=True)
class GroupReport:
    """The volume group in which a destination makes volumes for nova.

    :ivar name: images_volume_group
    :ivar uuid: with dashes, as vgs prints it; volume_groups.EMPTY_GROUP of
        one without a volume
    :ivar free_bytes: bytes of it that no volume has
    :ivar has_volumes: whether it has volumes of the instance already
    """

    name: str
    uuid: str
    free_bytes: int
    has_volumes: bool

    @property
    def text(self) -> str:
        """Return a text without commas and slashes for a file name."""
        return ':'.join(
            (
                self.uuid.replace('-', ''),
                str(self.free_bytes),
                str(int(self.has_volumes)),
                self.name,
            )
        )

    @classmethod
    def of(cls, text: str) -> 'GroupReport | None':
        """Read a text; None where it is none, or damaged."""
        uuid, *rest = text.split(':')
        if len(rest) != 3 or not rest[0].isdecimal():
            return None
        if _UUID.fullmatch(uuid):
            uuid = logical_volumes.dashed(uuid)
        elif uuid != volume_groups.EMPTY_GROUP:
            return None
        if not _GROUP_NAME.fullmatch(rest[2]):
            return None
        return cls(rest[2], uuid, int(rest[0]), rest[1] != '0')


#: Of an entry of disk_info, below the key of ours.
KEY = 'volume'


@dataclasses.dataclass(frozen=True)
class ExpectedVolume:
    """A logical volume that the destination has to make.

    :ivar path: of its device at the destination
    :ivar virtual_bytes: the source's size, which it must have to the byte
    :ivar source_group: UUID of the source's volume group
    """

    path: str
    virtual_bytes: int
    source_group: str

    @classmethod
    def of(
        cls, entry: collections.abc.Mapping[str, typing.Any]
    ) -> 'ExpectedVolume':
        """Read an entry of disk_info that has KEY.

        :raises PreparationFailed: when it is damaged
        """
        try:
            size = entry['virt_disk_size']
            ours = entry['selective_migrate'][KEY]
            path, group = ours['path'], ours['group_uuid']
        except (KeyError, TypeError) as err:
            raise exceptions.PreparationFailed(
                'the source sent no usable description of a logical volume'
            ) from err
        if not isinstance(size, int) or size <= 0 or not path or not group:
            raise exceptions.PreparationFailed(
                f'the source does not tell the size of {path}, or its group'
            )
        return cls(str(path), size, str(group))
