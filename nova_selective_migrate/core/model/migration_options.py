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

"""How the caller wants the migration: options, URIs, preparation."""

import collections.abc
import dataclasses
import enum
import urllib.parse

from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import media_options
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.core.model import trim_options


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How the caller prepares the destination.

    It makes a fresh, sparse image of its own for every disk to copy, and
    brings over read-only content that libvirt cannot copy, in one directory.

    :ivar directory: that directory, at the same path on both hosts
    :ivar shared_directory: whether both hosts were seen to have one
        directory there, in which nothing is prepared
    :ivar block_migration: whether the request asks for disks to be copied
        (True) or forbids it (False); None leaves it to the plan
    :ivar carried: targets whose read-only content the caller brings over
    :ivar not_carried: why it does not bring over that of the others, by
        target
    :ivar seeded: targets whose base image the caller's fresh image has the
        content of, without a base, before the call
    :ivar makes_images: whether the destination makes images also where
        other disks of the guest are shared
    :ivar images_type: what images the destination makes and looks for:
        nova's images_type, with "default" resolved
    :ivar same_images_type: whether it is the source's as well; otherwise
        the destination can later look elsewhere, or for another format
    :ivar fetched_bytes: what else the caller puts into the directory, such
        as kernel and ramdisk
    :ivar sets_volume_paths: whether it gives each volume the path that the
        destination has connected, also where nova itself would not
    :ivar also_sent: parameters of the call besides those of the plan
    :ivar volume_group: name of the LVM volume group that it makes and looks
        for volumes in, on the source; empty where it does not
    :ivar destination_group: the same at the destination; empty also where
        that does not tell
    """

    directory: str
    shared_directory: bool = False
    block_migration: bool | None = None
    carried: tuple[str, ...] = ()
    not_carried: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    seeded: tuple[str, ...] = ()
    makes_images: bool = True
    images_type: str = 'qcow2'
    same_images_type: bool = True
    fetched_bytes: int = 0
    sets_volume_paths: bool = False
    also_sent: tuple[str, ...] = ()
    volume_group: str = ''
    destination_group: str = ''


def host_of_uri(text: str) -> str | None:
    """Return the host that a URI names, an IPv6 address without brackets.

    None where it names none, as qemu:///system and unix:///socket do.
    """
    try:
        return urllib.parse.urlsplit(text).hostname or None
    except ValueError:
        return None  # brackets that do not close


def uri_with_host(scheme: str, name: str) -> str:
    """Write a URI of a host alone, an IPv6 address with brackets."""
    return f'{scheme}://[{name}]' if ':' in name else f'{scheme}://{name}'


class Thin(enum.Enum):
    """Whether a copied disk is to take no room for zeroes.

    AUTO does what both hosts can; ON refuses where that is not enough.
    """

    AUTO = 'auto'
    ON = 'on'
    OFF = 'off'


class VolumePaths(enum.Enum):
    """Who gives a volume the path that it has at the destination.

    KEPT: nobody, and it keeps the one that it has. BY_SERIAL: nova, where
    the disk's serial is that of the connection. SET: our driver does so for
    the others, where it is proven which volume a disk is.
    """

    KEPT = 'kept'
    BY_SERIAL = 'by-serial'
    SET = 'set'


@dataclasses.dataclass(frozen=True)
class MigrationOptions:
    """Options of one migration, as far as they shape the call.

    :ivar bandwidth: MiB/s of disks and memory together, 0 for no limit
    :ivar direct: the client manages the migration (virDomainMigrate3)
        instead of the source daemon (virDomainMigrateToURI3)
    :ivar postcopy: memory may follow the guest (VIR_MIGRATE_POSTCOPY)
    :ivar parallel: several connections for memory (VIR_MIGRATE_PARALLEL)
    :ivar synchronous_writes: the guest's writes wait for the destination
        while disks are copied
    :ivar converge: the copy may begin again with synchronous writes where
        the disks do not get ahead of the guest's writes
    :ivar auto_converge: the guest is slowed down where its memory does not
        get ahead (VIR_MIGRATE_AUTO_CONVERGE)
    :ivar disks_port: port of the destination for disks; None lets it choose
    :ivar disks_uri: where the destination listens for disks and the source
        connects: tcp://address[:port] or unix:///path
    :ivar thin: OFF where a case does not say: then there was no choice
    :ivar parallel_mirrors: disks to copy at a time, 0 for all
    :ivar create_images: whether we make the destination images; otherwise
        the caller does
    :ivar existing: targets whose destination image or device the caller
        made, to be overwritten
    :ivar accept_known_bad: ids of rules about releases that do not hold
        here, as where a distribution has mended one
    :ivar prepared: how the caller prepares the destination; None where it
        does so in a way of its own
    :ivar media: what becomes of read-only media, where we make the images
    :ivar mapping: where copies are at the destination, and as what; of no
        effect where the destination is prepared, as nova has its own paths
    :ivar transport: how memory travels, and what becomes of the guest
    :ivar remove_source_images: whether the source's images of the copied
        disks go when the guest runs at the destination
    :ivar trim: what the guest's agent is asked before the copy
    """

    destination_uri: str | None = None
    bandwidth: int = 0
    migrate_uri: str | None = None
    listen_address: str | None = None
    direct: bool = False
    tunnelled: bool = False
    tls: bool = False
    create_images: bool = False
    existing: tuple[str, ...] = ()
    prepared: Preparation | None = None
    postcopy: bool = False
    parallel: bool = False
    synchronous_writes: bool = False
    converge: bool = False
    auto_converge: bool = False
    disks_port: int | None = None
    disks_uri: str | None = None
    thin: Thin = Thin.OFF
    parallel_mirrors: int = 0
    accept_known_bad: tuple[str, ...] = ()
    media: media_options.MediaOptions = dataclasses.field(
        default_factory=media_options.MediaOptions
    )
    mapping: destination_mapping.DestinationMapping = dataclasses.field(
        default_factory=destination_mapping.DestinationMapping
    )
    transport: transport_options.TransportOptions = dataclasses.field(
        default_factory=transport_options.TransportOptions
    )
    remove_source_images: bool = False
    trim: trim_options.TrimOptions = dataclasses.field(
        default_factory=trim_options.TrimOptions
    )

    @property
    def volume_paths(self) -> VolumePaths:
        """Return who gives volumes their paths at the destination.

        Whoever makes the images at the destination is nova, or works like it.
        """
        if self.create_images:
            return VolumePaths.KEPT
        if self.prepared is not None and self.prepared.sets_volume_paths:
            return VolumePaths.SET
        return VolumePaths.BY_SERIAL

    @property
    def migration_host(self) -> str | None:
        """Return the name by which the source reaches the destination."""
        for text in (self.migrate_uri, self.destination_uri):
            if text is not None:
                return host_of_uri(text)
        return None


_SCHEMES = ('tcp', 'unix')


def disks_uri_problem(text: str) -> str | None:
    """Say what is wrong with a URI for disks (libvirt 6.8.0), if anything.

    libvirt takes tcp://address[:port], to which the destination binds and
    the source connects, and unix:///path, the same on both hosts.
    """
    scheme, separator, rest = text.partition('://')
    if not separator or scheme not in _SCHEMES:
        return 'it is neither tcp://address[:port] nor unix:///path'
    if any(not 32 < ord(letter) < 127 for letter in text):
        return 'it has characters that no address has'
    if scheme == 'unix':
        return None if rest.startswith('/') and rest != '/' else 'no path'
    if host_of_uri(text) is None:
        return 'it names no address'
    port = rest.rpartition(']')[2].partition(':')
    if port[1] and not (port[2].isdecimal() and 0 < int(port[2]) < 2**16):
        return 'its port is none from 1 to 65535'
    return None


def disks_uri_conflicts(
    options: MigrationOptions,
) -> collections.abc.Iterator[str]:
    """Say what of the options cannot be had together.

    Each is an error of libvirt's after the call
    (qemuMigrationDstPrepareAny, qemuMigrationSrcBeginPhase).
    """
    unix = (options.migrate_uri or '').startswith('unix:')
    text = options.disks_uri
    if text is None:
        if unix:
            yield 'a migration URI of a unix socket needs one for disks'
        return
    wrong = disks_uri_problem(text)
    if wrong:
        yield f'{text}: {wrong}'
    if options.disks_port:
        yield 'a URI for disks and a port for disks exclude each other'
    if text.startswith('unix:') and options.tls:
        yield 'libvirt has no TLS for disks through a unix socket'
