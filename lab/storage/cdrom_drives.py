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

"""CD-ROM drives, with a medium and without."""

from dataclasses import dataclass

from lab.hosts.lab_host import Host
from lab.storage.disk_places import Place
from lab.storage.guest_disks import Disk
from lab.storage.guest_disks import MIB


@dataclass(frozen=True, kw_only=True)
class Cdrom(Disk):
    """A drive, by default with a small medium on local storage."""

    size_mib: int = 1
    empty: bool = False

    device = 'cdrom'
    writable = False
    type = 'file'

    def create(self, place: Place, host: Host) -> None:
        """Make the medium; nobody mounts it, so its content is plain."""
        if not self.empty:
            content = place.stem.encode().ljust(2048, b'.')
            repeated = content * (self.size_mib * MIB // 2048)
            host.path(place.local('iso')).write_bytes(repeated)

    def prepare_destination(self, place: Place, host: Host) -> None:
        """Bring the medium over: no migration does that."""
        self.create(place, host)

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and, unless it is empty, the medium."""
        driver = "<driver name='qemu' type='raw'/>"
        if self.empty:
            return f'{driver}<readonly/>'
        path = place.local('iso')
        return f"{driver}<source file='{path}'/><readonly/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the medium."""
        return 'raw', place.local('iso')
