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


"""What a destination tells of taking a guest, apart from its storage.

What is None was not asked, or not answered. The facts are those of one
moment, found before anything is made there.
"""

import dataclasses
import enum

#: Of qemu.conf, where it names no others: migration_port_min and _max.
MIGRATION_PORTS = (49152, 49215)


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that the guest needs.

    :ivar about: the thing, in words for a person
    :ivar fits: whether it is there; None: not known
    :ivar said: why not, or why that is not known
    """

    about: str
    fits: bool | None = None
    said: str = ''


@dataclasses.dataclass(frozen=True)
class Namesake:
    """A domain of the destination with the guest's UUID, or its name there.

    :ivar active: whether it has a QEMU, running or paused
    """

    name: str
    uuid: str
    active: bool


@dataclasses.dataclass(frozen=True)
class MemoryRoom:
    """The memory that the guest takes, and what the destination has of it.

    :ivar needed_bytes: what the guest's QEMU has in memory now; all of the
        guest's memory where that is locked
    :ivar free_bytes: free, or taken by caches that give way
    :ivar guest_bytes: what the guest itself has: no more of it travels, while
        QEMU's own memory counts among what it takes
    """

    needed_bytes: int | None = None
    free_bytes: int | None = None
    guest_bytes: int | None = None

    @property
    def moved_bytes(self) -> int | None:
        """Return what travels at most, once; None where it is not known."""
        known = (self.needed_bytes, self.guest_bytes)
        return min((b for b in known if b is not None), default=None)


@dataclasses.dataclass(frozen=True)
class HugePages:
    """Huge pages of one size.

    :ivar needed: of the guest
    :ivar free: of all nodes of the destination
    """

    page_kib: int
    needed: int
    free: int | None = None


class PortAnswer(enum.Enum):
    """What became of a connection that was tried to a port."""

    REFUSED = 'refused'
    LISTENING = 'listening'
    SILENT = 'silent'
    UNREACHABLE = 'unreachable'


class PortUse(enum.Enum):
    """What connects to a port.

    ANY stands for the ports that libvirt chooses from, for what has no port
    of its own.
    """

    MEMORY = 'memory'
    DISKS = 'disks'
    ANY = 'any'


@dataclasses.dataclass(frozen=True)
class PortTrial:
    """A connection from the source to a port of the destination."""

    use: PortUse
    address: str
    port: int
    answer: PortAnswer

    @property
    def passes(self) -> bool:
        """Tell whether the port is one that the source reaches.

        A host that refuses has been reached, and nothing has dropped what
        was sent; a firewall that resets cannot be told from it.
        """
        return self.answer in (PortAnswer.REFUSED, PortAnswer.LISTENING)


@dataclasses.dataclass(frozen=True)
class Readiness:
    """All that was found out.

    :ivar emulator: the QEMU that the guest's XML names
    :ivar machine: the guest's machine type
    :ivar accelerator: KVM, or none
    :ivar cpu: the guest's CPU, against what QEMU there can give it
    :ivar networks: what the guest's network interfaces are connected to
    :ivar devices: models of devices that QEMU there does not have, and
        what is not known of them
    :ivar domains: those of the destination that bear its name or its UUID
    :ivar ports: what was tried from the source
    :ivar ports_untried: why nothing was tried; empty where something was,
        or nothing is to connect
    :ivar certificates: those of the source's QEMU, for TLS
    :ivar bytes_per_second: of the last migration to it, without a limit;
        None: none is known
    """

    emulator: Finding | None = None
    machine: Finding | None = None
    accelerator: Finding | None = None
    cpu: Finding | None = None
    networks: tuple[Finding, ...] = ()
    devices: tuple[Finding, ...] = ()
    domains: tuple[Namesake, ...] | None = None
    memory: MemoryRoom | None = None
    huge_pages: tuple[HugePages, ...] = ()
    ports: tuple[PortTrial, ...] = ()
    ports_untried: str = ''
    certificates: Finding | None = None
    bytes_per_second: int | None = None


@dataclasses.dataclass(frozen=True)
class DeviceModel:
    """A kind of device, as domain capabilities list those of a QEMU.

    :ivar element: of a domain and of the capabilities: video, graphics
    :ivar enumeration: of the capabilities: modelType, type
    :ivar value: one of it: qxl, spice
    """

    element: str
    enumeration: str
    value: str

    @property
    def label(self) -> str:
        """Name it for a person."""
        return f'{self.element} {self.value}'


@dataclasses.dataclass(frozen=True)
class GuestNeeds:
    """What a guest needs of any host, as its XML has it.

    :ivar cpu_xml: its ``<cpu>``, where libvirt holds one against the host's;
        empty where it does not
    :ivar cpu_unchecked: why it does not, where that is a danger
    :ivar memory_bytes: of the guest
    :ivar page_kib: of the huge pages that all of it is in: 0 for the host's
        own size of them, None where it is in none, or not all of it is
    :ivar pages_vary: it is in huge pages of several sizes, or in part
    :ivar locked: all of the guest's memory is kept in the host's
    :ivar networks: libvirt's networks that it is connected to
    :ivar devices: bridges and other network devices of the host
    :ivar models: of its devices, as far as capabilities list them
    """

    emulator: str
    arch: str
    machine: str
    virt_type: str
    cpu_xml: str = ''
    cpu_unchecked: str = ''
    memory_bytes: int | None = None
    page_kib: int | None = None
    pages_vary: bool = False
    locked: bool = False
    networks: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    models: tuple[DeviceModel, ...] = ()
