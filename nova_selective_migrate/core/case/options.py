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

"""How the caller wants the migration done."""

import dataclasses
import enum

from nova_selective_migrate.core.case import preparation
from nova_selective_migrate.core.case import uri


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
    prepared: preparation.Preparation | None = None
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

    @property
    def volume_paths(self) -> VolumePaths:
        """Return who gives volumes their paths at the destination.

        One who makes the images there himself is nova, or works like it.
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
                return uri.host(text)
        return None
