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

"""Disks that each host has for itself: the ones to be copied."""

from dataclasses import dataclass
import enum
import hashlib

from lab.hosts.lab_host import Host
from lab.hosts.lab_host import IMAGES
from lab.storage import loop_devices
from lab.storage.disk_places import Place
from lab.storage.guest_disks import Disk
from lab.storage.guest_disks import driver_xml
from lab.storage.guest_disks import MIB


class Base(enum.Enum):
    """Where the base image of a local overlay is."""

    NONE = 'no base image'
    BOTH = 'the same on the local storage of both hosts'
    SOURCE = 'on the local storage of the source only'
    SHARED = 'on the shared file system'


@dataclass(frozen=True, kw_only=True)
class LocalFile(Disk):
    """An image file below the host's own /var/lib/libvirt/images."""

    format: str = 'qcow2'
    base: Base = Base.NONE

    type = 'file'

    @property
    def needs(self) -> str:  # type: ignore[override]
        """Return what the base image needs."""
        return 'shared-file' if self.base is Base.SHARED else ''

    def create(self, place: Place, host: Host) -> None:
        """Make the image and, if it has one, its base."""
        if self.base is not Base.NONE:
            self._make_base(place, host)
        self._make(place, host, with_base=self.base is not Base.NONE)

    def prepare_destination(self, place: Place, host: Host) -> None:
        """Make an empty image, on the same base where there is one."""
        if self.base is Base.BOTH:
            self._make_base(place, host)
        with_base = self.base in (Base.BOTH, Base.SHARED)
        self._make(place, host, with_base=with_base)

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and file."""
        path = place.local(self.format)
        driver = driver_xml(self.format, host, IMAGES)
        return f"{driver}<source file='{path}'/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the file."""
        return self.format, place.local(self.format)

    def base_pattern(self, place: Place) -> bytes:
        """Return what only the base image holds."""
        if self.base is Base.NONE:
            return b''
        seed = hashlib.sha256(place.stem.encode())
        return hashlib.shake_128(seed.digest()).digest(MIB)

    def _base(self, place: Place) -> str:
        suffix = 'base.raw'
        if self.base is Base.SHARED:
            return place.shared(suffix)
        return place.local(suffix)

    def _make_base(self, place: Place, host: Host) -> None:
        file = host.path(self._base(place))
        with file.open('wb') as stream:
            stream.truncate(self.size_mib * MIB)
            stream.seek((self.size_mib - 1) * MIB)
            stream.write(self.base_pattern(place))

    def _make(self, place: Place, host: Host, *, with_base: bool) -> None:
        base = ['-b', self._base(place), '-F', 'raw'] if with_base else []
        host.run(
            ['qemu-img', 'create', '-q', '-f', self.format, *base]
            + [place.local(self.format), f'{self.size_mib}M']
        )


@dataclass(frozen=True, kw_only=True)
class LocalBlock(Disk):
    """A block device: same path in both hosts, a device of its own each."""

    needs = 'local-block'
    type = 'block'

    def create(self, place: Place, host: Host) -> None:
        """Make the device in this host alone."""
        file = place.backing_file(host.name)
        with file.open('wb') as stream:
            stream.truncate(self.size_mib * MIB)
        loop_devices.show(loop_devices.attach(file), [host], place.node)

    def prepare_destination(self, place: Place, host: Host) -> None:
        """Make the other host's device."""
        self.create(place, host)

    def source_xml(self, place: Place, host: Host) -> str:
        """Return driver and device."""
        return f"{driver_xml('raw', host)}<source dev='{place.node}'/>"

    def image(self, place: Place) -> tuple[str, str]:
        """Return the device."""
        return 'raw', place.node
