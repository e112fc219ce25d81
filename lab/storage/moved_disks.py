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

"""A disk that a migration has put elsewhere, as its new host sees it."""

from dataclasses import dataclass

from lab.hosts.lab_host import Host
from lab.storage.disk_places import Place
from lab.storage.guest_disks import Disk


@dataclass(frozen=True, kw_only=True)
class MovedDisk(Disk):
    """What became of another disk: for a look at its content alone."""

    origin: Disk
    path: str
    format: str = 'raw'

    type = 'file'

    def create(self, place: Place, host: Host) -> None:
        """Refuse: a migration makes it."""
        raise NotImplementedError

    def prepare_destination(self, place: Place, host: Host) -> None:
        """Refuse: a migration makes it."""
        raise NotImplementedError

    def source_xml(self, place: Place, host: Host) -> str:
        """Return the file."""
        return f"<source file='{self.path}'/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the image or device."""
        return self.format, self.path

    def base_pattern(self, place: Place) -> bytes:
        """Return what the base of the first one held."""
        return self.origin.base_pattern(place)
