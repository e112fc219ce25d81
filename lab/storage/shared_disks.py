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

"""Disks that both hosts reach: the ones never to be copied."""

from dataclasses import dataclass

from lab.hosts.host_layout import ADDRESSES
from lab.hosts.host_layout import HUB
from lab.hosts.lab_host import Host
from lab.hosts.lab_host import SHARED
from lab.storage import loop_devices
from lab.storage import nbd_server
from lab.storage.disk_places import Place
from lab.storage.guest_disks import Disk
from lab.storage.guest_disks import driver_xml
from lab.storage.guest_disks import MIB


class SharedDisk(Disk):
    """A disk that is there for both hosts as soon as it is made."""

    def prepare_destination(self, place: Place, host: Host) -> None:
        """Leave it alone."""


@dataclass(frozen=True, kw_only=True)
class SharedNetwork(SharedDisk):
    """A network disk (NBD) served by the hub."""

    type = 'network'

    def create(self, place: Place, host: Host) -> None:
        """Make the file that the server serves."""
        directory = nbd_server.directory(place.lab.home)
        with (directory / place.stem).open('wb') as stream:
            stream.truncate(self.size_mib * MIB)

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and server."""
        return (
            f'{driver_xml("raw", host)}'
            f"<source protocol='nbd' name='{place.stem}'>"
            f"<host name='{ADDRESSES[HUB]}' port='{nbd_server.PORT}'/>"
            f'</source>'
        )

    def image(self, place: Place) -> tuple[str, str]:
        """Return the URI."""
        server = f'{ADDRESSES[HUB]}:{nbd_server.PORT}'
        return 'raw', f'nbd://{server}/{place.stem}'


@dataclass(frozen=True, kw_only=True)
class SharedFile(SharedDisk):
    """An image file on the shared file system."""

    format: str = 'raw'

    needs = 'shared-file'
    type = 'file'

    def create(self, place: Place, host: Host) -> None:
        """Make the image."""
        host.run(
            ['qemu-img', 'create', '-q', '-f', self.format]
            + [place.shared(self.format), f'{self.size_mib}M']
        )

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and file."""
        path = place.shared(self.format)
        driver = driver_xml(self.format, host, SHARED)
        return f"{driver}<source file='{path}'/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the file."""
        return self.format, place.shared(self.format)


@dataclass(frozen=True, kw_only=True)
class SharedBlock(SharedDisk):
    """A block device that both hosts see."""

    needs = 'shared-block'
    type = 'block'

    def create(self, place: Place, host: Host) -> None:
        """Make one device and show it to both hosts."""
        file = place.backing_file(HUB)
        with file.open('wb') as stream:
            stream.truncate(self.size_mib * MIB)
        device = loop_devices.attach(file)
        loop_devices.show(device, place.lab.hosts, place.node)

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and device."""
        return f"{driver_xml('raw', host)}<source dev='{place.node}'/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the device."""
        return 'raw', place.node


@dataclass(frozen=True, kw_only=True)
class SharedDevice(SharedDisk):
    """A block device that storage has attached to both hosts."""

    #: Its name on both, such as one below /dev/disk/by-path.
    path: str

    type = 'block'

    def create(self, place: Place, host: Host) -> None:
        """Leave it alone."""

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and device."""
        return f"{driver_xml('raw', host)}<source dev='{self.path}'/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the device."""
        return 'raw', self.path
