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

"""Local disks of the laboratory that hold something from the start."""

import dataclasses
import pathlib

from benchmarks import content
from lab.hosts import lab_host
from lab.storage import disk_places
from lab.storage import local_disks
from lab.storage import loop_devices


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilledFile(local_disks.LocalFile):
    """An image file."""

    content: content.Content

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Make the image, fully allocated where zeroes are written."""
        image = host.path(place.local(self.format))
        if self.base is not local_disks.Base.NONE:
            super().create(place, host)
            self._write_over(place, host)
        elif self.format == 'raw':
            self.content.write(image)
        else:
            raw = f'{place.local(self.format)}.raw'
            self.content.write(host.path(raw))
            host.run(
                ['qemu-img', 'convert', '-S', '0', '-f', 'raw']
                + ['-O', self.format, raw, place.local(self.format)]
            )
            host.path(raw).unlink()

    def _write_over(
        self, place: disk_places.Place, host: lab_host.Host
    ) -> None:
        """Write the content over a base that holds next to nothing."""
        commands = []
        for mib in range(self.content.size_mib):
            data = self.content.is_data(mib)
            if data or self.content.written:
                byte = '0x5a' if data else '0'
                commands.append(f'write -q -P {byte} {mib}M 1M\n')
        host.run(
            ['qemu-io', '-f', self.format, place.local(self.format)],
            input=''.join(commands),
        )

    def allocated(self, place: disk_places.Place, host: lab_host.Host) -> int:
        """Return the bytes that the image takes at a host."""
        return _allocated(host.path(place.local(self.format)))

    def remove(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Remove the image from a host."""
        host.path(place.local(self.format)).unlink(missing_ok=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FilledBlock(local_disks.LocalBlock):
    """A block device, with a file behind it."""

    content: content.Content

    def create(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Make the device with its content."""
        file = place.backing_file(host.name)
        self.content.write(file)
        loop_devices.show(loop_devices.attach(file), [host], place.node)

    def prepare_destination(
        self, place: disk_places.Place, host: lab_host.Host
    ) -> None:
        """Make the other host's device, thin and empty."""
        local_disks.LocalBlock.create(self, place, host)

    def allocated(self, place: disk_places.Place, host: lab_host.Host) -> int:
        """Return the bytes that the device takes of what is behind it."""
        return _allocated(place.backing_file(host.name))

    def remove(self, place: disk_places.Place, host: lab_host.Host) -> None:
        """Leave the device: `reset` of the laboratory removes it."""


Filled = FilledFile | FilledBlock


def _allocated(path: pathlib.Path) -> int:
    # Linux counts blocks of 512 bytes.
    return path.stat().st_blocks * 512
