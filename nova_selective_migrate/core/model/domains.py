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

"""Domains, disks and volumes; the versions and state of hypervisors."""

import dataclasses
import enum
import re

from nova_selective_migrate.core.model import other_devices

# nova and others put their own id into the alias: <alias name='ua-ID'>.
_USER_ALIAS = re.compile(
    r'ua-([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})', re.IGNORECASE
)


class SourceType(enum.Enum):
    """Type of a disk source, as in ``<disk type=...>``."""

    FILE = 'file'
    BLOCK = 'block'
    NETWORK = 'network'
    VOLUME = 'volume'
    NVME = 'nvme'
    DIR = 'dir'
    VHOSTUSER = 'vhostuser'
    VHOSTVDPA = 'vhostvdpa'
    OTHER = 'other'


class DiskDevice(enum.Enum):
    """What the guest sees, as in ``<disk device=...>``."""

    DISK = 'disk'
    CDROM = 'cdrom'
    FLOPPY = 'floppy'
    LUN = 'lun'


class Locality(enum.Enum):
    """Who reaches a disk: one host, both hosts, or not known."""

    LOCAL = 'local'
    SHARED = 'shared'
    UNKNOWN = 'unknown'


class DiskAction(enum.Enum):
    """What a migration does with a disk."""

    COPY = 'copy'
    KEEP = 'keep'
    SKIP = 'skip'
    REFUSE = 'refuse'


@dataclasses.dataclass(frozen=True)
class NetworkHost:
    """One server of a network disk."""

    name: str | None = None
    port: str | None = None
    transport: str = 'tcp'
    socket: str | None = None


@dataclasses.dataclass(frozen=True)
class DiskSource:
    """Where the bytes of one image of a backing chain are.

    :ivar path: file, block device, directory, socket or vDPA device
    :ivar data_file: a qcow2 image's external data file (libvirt 10.10)
    """

    type: SourceType
    path: str | None = None
    format: str | None = None
    protocol: str | None = None
    name: str | None = None
    hosts: tuple[NetworkHost, ...] = ()
    pool: str | None = None
    volume: str | None = None
    encrypted: bool = False
    data_file: 'DiskSource | None' = None

    @property
    def label(self) -> str:
        """Name the source for a person: a path or a URI-like string."""
        if self.type is SourceType.NETWORK:
            return f'{self.server}/{(self.name or "").lstrip("/")}'
        if self.type is SourceType.VOLUME:
            return f'pool {self.pool}, volume {self.volume}'
        return self.path or self.type.value

    @property
    def server(self) -> str:
        """Name protocol and first server of a network disk."""
        host = self.hosts[0] if self.hosts else NetworkHost()
        if host.socket:
            return f'{self.protocol}+unix://{host.socket}'
        port = f':{host.port}' if host.port else ''
        return f'{self.protocol}://{host.name or ""}{port}'


@dataclasses.dataclass(frozen=True)
class Disk:
    """One ``<disk>`` of a domain.

    :ivar target: ``<target dev>``, the name that migrate_disks takes
    :ivar source: None where the drive is empty
    :ivar backing: the images below the source, nearest first
    :ivar chain_known: whether the XML tells where the chain ends
    :ivar mirror: whether a block job mirrors the disk somewhere
    :ivar startup_policy: what libvirt does where the source is missing:
        mandatory, requisite or optional
    :ivar discard: what becomes of the guest's discards: unmap or ignore
    :ivar detect_zeroes: whether writes of zeroes are found: on, off, unmap
    """

    target: str
    device: DiskDevice = DiskDevice.DISK
    source: DiskSource | None = None
    readonly: bool = False
    shareable: bool = False
    transient: bool = False
    serial: str | None = None
    alias: str | None = None
    backing: tuple[DiskSource, ...] = ()
    chain_known: bool = False
    mirror: bool = False
    startup_policy: str | None = None
    discard: str | None = None
    detect_zeroes: str | None = None

    @property
    def chain(self) -> tuple[DiskSource, ...]:
        """Return the source and all images below it, top first."""
        return (self.source, *self.backing) if self.source else ()

    @property
    def alias_id(self) -> str | None:
        """Return the id in the alias: of nova's volumes, the volume id.

        nova.virt.libvirt.config.make_libvirt_device_alias; from nova 30 on
        it is the only one that a device='lun' has.
        """
        found = _USER_ALIAS.fullmatch(self.alias or '')
        return found[1] if found else None

    @property
    def chain_ends(self) -> bool:
        """Return whether the chain is known to its end.

        A raw image has no backing file, whatever the XML says.
        """
        last = self.chain[-1] if self.chain else None
        return self.chain_known or last is None or last.format == 'raw'

    @property
    def writable(self) -> bool:
        """Return whether the guest can write; never to a cdrom."""
        return not self.readonly and self.device is not DiskDevice.CDROM


@dataclasses.dataclass(frozen=True)
class Domain:
    """A libvirt domain, as far as a migration is concerned.

    :ivar others: its devices other than disks. nova detaches some of them
        between plan and call; the domain is the same one all the same
    """

    name: str
    uuid: str | None
    disks: tuple[Disk, ...]
    others: other_devices.OtherDevices = dataclasses.field(
        default=other_devices.OtherDevices(), compare=False
    )


@dataclasses.dataclass(frozen=True)
class VolumeAttachment:
    """A volume of nova's block device mapping; holds no credential.

    :ivar target: the mapping's device name without ``/dev/``; goes stale
    :ivar mapped_id: the row's own volume id, by which nova connects it
    :ivar data_id: the volume id in the connection's data
    :ivar device_paths: block devices or files that the connection names
    :ivar image: RBD's ``pool/image``
    :ivar export: what a network file system exports, ``server:/path``
    :ivar file_name: the volume's file below the export
    :ivar luns: (IQN or WWN, LUN) pairs of iSCSI and fibre channel
    :ivar wwid: the LUN's own id, as multipath tells it
    """

    volume_id: str | None = None
    target: str | None = None
    driver_volume_type: str | None = None
    device_paths: tuple[str, ...] = ()
    image: str | None = None
    export: str | None = None
    file_name: str | None = None
    luns: tuple[tuple[str, str], ...] = ()
    wwid: str | None = None
    mapped_id: str | None = dataclasses.field(default=None, compare=False)
    data_id: str | None = dataclasses.field(default=None, compare=False)

    @property
    def serial(self) -> str | None:
        """Return the serial of the connection that nova makes anew.

        The destination's is made from the row (nova.virt.block_device,
        DriverVolumeBlockDevice.refresh_connection_info).
        """
        return self.mapped_id or self.volume_id

    @property
    def label(self) -> str:
        """Name the volume for a person."""
        name = f'volume {self.volume_id or "without id"}'
        return f'{name} ({self.target})' if self.target else name


@dataclasses.dataclass(frozen=True)
class Versions:
    """Releases of one side, as libvirt numbers them; None: not known.

    The number is major * 1,000,000 + minor * 1,000 + release.

    :ivar shared_filesystems: of the source: what its qemu.conf names
        besides the file systems that libvirt knows as shared
    :ivar tls_certificates: of the source: whether its QEMU has some for a
        migration; None where that is not known
    """

    libvirt: int | None = None
    qemu: int | None = None
    shared_filesystems: tuple[str, ...] = ()
    tls_certificates: bool | None = None


@dataclasses.dataclass(frozen=True)
class DomainState:
    """What a domain is doing; None where that is not known.

    :ivar state: libvirt's word: running, paused, shutoff, ...
    :ivar snapshots: number of snapshots that libvirt keeps
    :ivar block_jobs: targets with an active block job
    :ivar job_active: whether a job runs on the whole domain
    :ivar checkpoints: number of backup checkpoints that libvirt keeps
    :ivar persistent: whether the domain is defined, not just running
    :ivar paused_without_io: paused, and no disk has served a request since its
        QEMU started: it may have arrived paused by a migration
    """

    state: str | None = None
    snapshots: int = 0
    block_jobs: tuple[str, ...] = ()
    persistent: bool | None = None
    paused_without_io: bool | None = None
    job_active: bool | None = None
    checkpoints: int = 0


@dataclasses.dataclass(frozen=True)
class Hypervisors:
    """The versions of both sides."""

    source: Versions = dataclasses.field(default_factory=Versions)
    destination: Versions = dataclasses.field(default_factory=Versions)
