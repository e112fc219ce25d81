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

"""Who migrates: we, and virsh as one calls it by hand."""

import abc
import collections.abc
import contextlib
import dataclasses
import pathlib
import sys

from benchmarks import filled_disk
from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import storage_daemon

_PROGRAM = pathlib.Path(sys.executable).with_name('nova-selective-migrate')

Words = list[str]


@dataclasses.dataclass(frozen=True)
class Contender(abc.ABC):
    """One way to migrate a guest.

    :ivar bandwidth: in MiB/s; 0 is no limit
    """

    bandwidth: int = 0

    name = ''

    @abc.abstractmethod
    def prepare(self, guest: lab_guest.Guest, there: lab_host.Host) -> None:
        """Do at the destination what the command needs; it is timed."""

    @abc.abstractmethod
    def argv(self, guest: lab_guest.Guest, there: lab_host.Host) -> Words:
        """Return the command for the source."""

    def beside(
        self, guest: lab_guest.Guest, here: lab_host.Host, there: lab_host.Host
    ) -> contextlib.AbstractContextManager[None]:
        """Return what runs between the hosts meanwhile: nothing."""
        return contextlib.nullcontext()


@dataclasses.dataclass(frozen=True)
class Ours(Contender):
    """Our command: it makes the images itself."""

    name = 'ours'

    def prepare(self, guest: lab_guest.Guest, there: lab_host.Host) -> None:
        """Do nothing."""

    def argv(self, guest: lab_guest.Guest, there: lab_host.Host) -> Words:
        """Name devices, which an operator has to."""
        words = [str(_PROGRAM), 'migrate', guest.name, there.remote_uri]
        words += ['--migrate-uri', f'tcp://{there.address}']
        for target in _devices(guest):
            words += ['--existing', target]
            words += ['--local-path', guest.place(target).node]
        if self.bandwidth:
            words += ['--bandwidth', str(self.bandwidth)]
        return words


@dataclasses.dataclass(frozen=True)
class OursWithoutZeroes(Ours):
    """Our command, and qemu-storage-daemon between the hosts."""

    name = 'ours and qemu-storage-daemon'

    def argv(self, guest: lab_guest.Guest, there: lab_host.Host) -> Words:
        """Send the disks by way of a socket."""
        return [
            *super().argv(guest, there),
            *('--disks-uri', f'unix://{_socket(guest)}'),
        ]

    def beside(
        self, guest: lab_guest.Guest, here: lab_host.Host, there: lab_host.Host
    ) -> contextlib.AbstractContextManager[None]:
        """Have it listen at the source."""
        names = storage_daemon.exports(here, guest.name, local(guest))
        return storage_daemon.between(here, there, _socket(guest), names)


def _socket(guest: lab_guest.Guest) -> str:
    return f'{lab_host.IMAGES}/{guest.name}-disks.sock'


@dataclasses.dataclass(frozen=True)
class VirshWithList(Contender):
    """Virsh with the right list, into images made by ``qemu-img create``."""

    name = 'virsh with the list'

    def prepare(self, guest: lab_guest.Guest, there: lab_host.Host) -> None:
        """Make the images; devices are there in any case."""
        for target, disk in guest.disks.items():
            if isinstance(disk, filled_disk.FilledFile):
                disk.prepare_destination(guest.place(target), there)

    def argv(self, guest: lab_guest.Guest, there: lab_host.Host) -> Words:
        """Copy incrementally: libvirt does not touch the images first."""
        targets = ','.join(local(guest))
        return _virsh(
            guest,
            there,
            ['--copy-storage-inc', '--migrate-disks', targets],
            self.bandwidth,
        )


@dataclasses.dataclass(frozen=True)
class VirshAll(VirshWithList):
    """Virsh told to copy all: whatever is shared as well."""

    name = 'virsh without a list'

    def argv(self, guest: lab_guest.Guest, there: lab_host.Host) -> Words:
        """Name no disk."""
        return _virsh(guest, there, ['--copy-storage-all'], self.bandwidth)


def local(guest: lab_guest.Guest) -> list[str]:
    """Return the targets of the disks that are to be copied."""
    kinds = (filled_disk.FilledFile, filled_disk.FilledBlock)
    return [t for t, disk in guest.disks.items() if isinstance(disk, kinds)]


def _devices(guest: lab_guest.Guest) -> list[str]:
    kind = filled_disk.FilledBlock
    return [t for t, disk in guest.disks.items() if isinstance(disk, kind)]


def _virsh(
    guest: lab_guest.Guest,
    there: lab_host.Host,
    options: collections.abc.Sequence[str],
    bandwidth: int,
) -> Words:
    words = ['virsh', '-c', there.uri, 'migrate', '--live', '--p2p']
    words += ['--persistent', '--undefinesource', *options]
    if bandwidth:
        words += ['--bandwidth', str(bandwidth)]
    return [*words, guest.name, there.remote_uri, f'tcp://{there.address}']
