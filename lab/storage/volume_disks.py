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

"""Disks that are logical volumes of a host's own volume group."""

from dataclasses import dataclass
import enum

from lab.hosts.lab_host import Host
from lab.storage.disk_places import Place
from lab.storage.guest_disks import Disk
from lab.storage.guest_disks import driver_xml


class Naming(enum.Enum):
    """By which of its names a domain has a volume."""

    GROUP = '/dev/VG/LV'
    MAPPER = '/dev/mapper/VG-LV'
    KERNEL = '/dev/dm-N'
    POOL = "pool='VG' volume='LV'"


@dataclass(frozen=True, kw_only=True)
class LogicalVolume(Disk):
    """A logical volume; nothing is made for it at the destination."""

    group: str = 'nsm'
    #: The thin pool that it takes its blocks from; None: it is thick.
    thin_pool: str | None = None
    naming: Naming = Naming.GROUP

    @property
    def type(self) -> str:
        """Return the type attribute of <disk>."""
        return 'volume' if self.naming is Naming.POOL else 'block'

    def create(self, place: Place, host: Host) -> None:
        """Make the volume; a thick one has what its disks held before."""
        how = ['--wipesignatures=n', f'--size={self.size_mib}M']
        if self.thin_pool:
            how = ['--type=thin', f'--virtualsize={self.size_mib}M']
            how.append(f'--thinpool={self.thin_pool}')
        host.run(['lvcreate', '-qy', *how, f'--name={place.stem}', self.group])
        if self.naming is Naming.POOL:
            host.virsh('pool-refresh', self.group)

    def prepare_destination(self, place: Place, host: Host) -> None:
        """Make what a migration copies into."""
        self.create(place, host)

    def source_xml(self, place: Place, host: Host) -> str:
        """Return <source>, and before it <driver>."""
        source = f"<source dev='{self._name(place, host)}'/>"
        if self.naming is Naming.POOL:
            source = f"<source pool='{self.group}' volume='{place.stem}'/>"
        return f'{driver_xml("raw", host)}{source}'

    def _name(self, place: Place, host: Host) -> str:
        _, path = self.image(place)
        if self.naming is Naming.KERNEL:
            return host.run(['readlink', '-f', path]).stdout.strip()
        if self.naming is Naming.MAPPER:
            names = (self.group, place.stem)
            doubled = '-'.join(name.replace('-', '--') for name in names)
            return f'/dev/mapper/{doubled}'
        return path

    def image(self, place: Place) -> tuple[str, str]:
        """Return format and name, as qemu-img reads it inside a host."""
        return 'raw', f'/dev/{self.group}/{place.stem}'
