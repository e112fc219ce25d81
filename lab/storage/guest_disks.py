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

"""Describe the disks that a guest of the laboratory may have."""

from abc import ABC
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

from lab.errors import StorageUnavailable
from lab.hosts.lab_host import Host
from lab.storage import storage_support
from lab.storage.disk_places import Place

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Disk(ABC):
    """One disk, wherever its content is."""

    size_mib: int = 64
    #: Becomes <serial>: nova puts a volume's id there.
    serial: str | None = None
    #: More elements of <disk>, such as '<shareable/>'.
    extra: str = ''

    #: Key of `storage.unavailable`, if it needs anything.
    needs = ''
    device = 'disk'
    #: Whether the guest writes records to it.
    writable = True

    def check_available(self) -> None:
        """Make sure that this user can have such a disk.

        :raises StorageUnavailable: with the reason.
        """
        reason = storage_support.unavailable().get(self.needs)
        if reason:
            raise StorageUnavailable(f'no {self.needs}: {reason}')

    @abstractmethod
    def create(self, place: Place, host: Host) -> None:
        """Make the storage for a guest that is to start on a host."""

    @abstractmethod
    def prepare_destination(self, place: Place, host: Host) -> None:
        """Make the empty storage that a migration copies into."""

    @abstractmethod
    def source_xml(self, place: Place, host: Host) -> str:
        """Return <source>, and before it <driver>."""

    @abstractmethod
    def image(self, place: Place) -> tuple[str, str]:
        """Return format and name, as qemu-img reads it inside a host."""

    def base_pattern(self, place: Place) -> bytes:
        """Return what the last MiB holds, before any guest ran."""
        return b''

    def xml(self, place: Place, host: Host) -> str:
        """Return the <disk> element."""
        bus = _bus(place.target, self.device)
        serial = f'<serial>{self.serial}</serial>' if self.serial else ''
        return (
            f"<disk type='{self.type}' device='{self.device}'>"
            f'{self.source_xml(place, host)}'
            f"<target dev='{place.target}' bus='{bus}'/>"
            f'{serial}{self.extra}</disk>'
        )

    @property
    @abstractmethod
    def type(self) -> str:
        """Return the type attribute of <disk>."""

    def content(self, place: Place, host: Host) -> Path:
        """Copy what the guest would read, at a host, into a raw file.

        The guest must not run: QEMU's locks on its images see to that.
        """
        directory = place.lab.home.run / 'content'
        directory.mkdir(exist_ok=True)
        target = directory / f'{host.name}-{place.stem}.raw'
        image_format, name = self.image(place)
        host.run(
            ['qemu-img', 'convert']
            + ['-f', image_format, '-O', 'raw', name, target]
        )
        return target


def driver_xml(image_format: str, host: Host, directory: str = '') -> str:
    """Return <driver>, without the page cache wherever that works.

    :param directory: where the image is; libvirt knows better for others.
    """
    direct = not directory or _direct_io_works(host, directory)
    cache = 'none' if direct else 'writeback'
    return (
        f"<driver name='qemu' type='{image_format}' cache='{cache}' "
        f"io='threads'/>"
    )


def _direct_io_works(host: Host, directory: str) -> bool:
    probe = f'{directory}/.direct-io-{host.name}'
    tried = host.run(
        ['dd', 'if=/dev/zero', f'of={probe}']
        + ['bs=4096', 'count=1', 'oflag=direct', 'status=none'],
        check=False,
    )
    host.run(['rm', '-f', probe])
    return tried.returncode == 0


def _bus(target: str, device: str) -> str:
    if target.startswith('sd'):
        return 'sata' if device == 'cdrom' else 'scsi'
    return {'vd': 'virtio', 'hd': 'ide', 'fd': 'fdc'}[target[:2]]
