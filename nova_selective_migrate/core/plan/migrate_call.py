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

"""The one libvirt call: integer flags and typed parameters."""

import collections.abc
import dataclasses
import enum

from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import transport_options

Parameter = str | int | list[str]


class MigrateFlag(enum.IntFlag):
    """virDomainMigrateFlags, as far as we set them (ABI-stable)."""

    LIVE = 1 << 0
    PEER2PEER = 1 << 1
    TUNNELLED = 1 << 2
    PERSIST_DEST = 1 << 3
    UNDEFINE_SOURCE = 1 << 4
    PAUSED = 1 << 5
    NON_SHARED_DISK = 1 << 6
    NON_SHARED_INC = 1 << 7
    COMPRESSED = 1 << 11
    ABORT_ON_ERROR = 1 << 12
    AUTO_CONVERGE = 1 << 13
    POSTCOPY = 1 << 15
    TLS = 1 << 16
    PARALLEL = 1 << 17
    NON_SHARED_SYNCHRONOUS_WRITES = 1 << 18


#: Either of these makes libvirt copy disks.
NON_SHARED = MigrateFlag.NON_SHARED_DISK | MigrateFlag.NON_SHARED_INC


#: libvirt's REMOTE_DOMAIN_MIGRATE_PARAM_LIST_MAX.
PARAMETER_LIMIT = 64
# libvirt adds these on the way from daemon to daemon where the caller did
# not pass them, and then the limit holds for the longer list: found only
# after everything was copied (qemuMigrationSrcPerformPeer2Peer3,
# virDomainMigrateVersion3Full).
_ADDED_BY_LIBVIRT = frozenset(
    ('destination_xml', 'migrate_uri', 'destination_name')
)
_KEPT_BY_SOURCE = frozenset(('persistent_xml', 'tls.destination'))

#: VIR_MIGRATE_PARAM_MIGRATE_DISKS_DETECT_ZEROES; both daemons must know it
#: (libvirt 10.9.0).
DETECT_ZEROES = 'migrate_disks_detect_zeroes'
#: Parameters that improve a copy; most calls are correct without them.
OPTIONAL = (DETECT_ZEROES,)


@dataclasses.dataclass(frozen=True)
class MigrateCall:
    """What is passed to virDomainMigrateToURI3 or virDomainMigrate3.

    :ivar also_sent: names of parameters that the caller adds
    :ivar needed: those of OPTIONAL without which this call would be wrong
    """

    flags: MigrateFlag = MigrateFlag(0)
    parameters: collections.abc.Mapping[str, Parameter] = dataclasses.field(
        default_factory=dict
    )
    also_sent: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()

    @property
    def optional(self) -> tuple[str, ...]:
        """Return the parameters that the call can be made without."""
        return tuple(name for name in OPTIONAL if name not in self.needed)

    @property
    def flag_names(self) -> list[str]:
        """Name the flags as libvirt's header does, lowest bit first."""
        # Python 3.10 knows no iteration over the flags of one.
        return [
            f'VIR_MIGRATE_{flag.name}'
            for flag in MigrateFlag
            if flag in self.flags
        ]

    @property
    def parameter_count(self) -> int:
        """Count the typed parameters on the longest hop."""
        sent = sum(
            len(value) if isinstance(value, list) else 1
            for value in self.parameters.values()
        )
        sent += len(set(self.also_sent) - self.parameters.keys())
        names = {*self.parameters, *self.also_sent}
        added = len(_ADDED_BY_LIBVIRT - names)
        if MigrateFlag.PEER2PEER in self.flags:
            # For the source daemon alone: it is not sent on.
            kept = len(_KEPT_BY_SOURCE & names)
            return max(sent, sent - kept + added)
        return sent + added

    def with_parameter(self, name: str, value: str) -> 'MigrateCall':
        """Return the same call with another parameter."""
        return dataclasses.replace(
            self, parameters={**self.parameters, name: value}
        )

    def with_also_sent(self, name: str) -> 'MigrateCall':
        """Return the same call where the caller adds another parameter."""
        return dataclasses.replace(self, also_sent=(*self.also_sent, name))


def build(
    migrate_disks: collections.abc.Sequence[str],
    options: migration_options.MigrationOptions,
    *,
    incremental: bool,
    persistent: bool,
    undefine: bool = False,
    xml: collections.abc.Mapping[str, str],
    detect_zeroes: collections.abc.Sequence[str] = (),
    per_disk: int = 0,
) -> MigrateCall:
    """Make the call for the disks to copy.

    No disk to copy means no NON_SHARED flag and no disk parameter at all:
    to libvirt an empty list means every writable disk.

    :param incremental: copy top images alone (sync=top)
    :param persistent: the domain is to be defined at the destination
    :param undefine: its definition at the source is to go
    :param xml: destination_xml and persistent_xml where they must differ
    :param detect_zeroes: of the disks to copy, those whose zeroes the source
        is to find
    :param per_disk: limit of each mirror and of memory, MiB/s; 0 for none
    """
    flags = MigrateFlag.LIVE
    if not options.direct:
        flags |= MigrateFlag.PEER2PEER
    if options.tunnelled:
        flags |= MigrateFlag.TUNNELLED
    if options.tls:
        flags |= MigrateFlag.TLS
    if options.postcopy:
        flags |= MigrateFlag.POSTCOPY
    if options.auto_converge:
        flags |= MigrateFlag.AUTO_CONVERGE
    if options.parallel:
        flags |= MigrateFlag.PARALLEL
    if persistent:
        flags |= MigrateFlag.PERSIST_DEST
    if undefine:
        flags |= MigrateFlag.UNDEFINE_SOURCE
    if options.transport.suspend:
        flags |= MigrateFlag.PAUSED
    if options.transport.abort_on_error:
        flags |= MigrateFlag.ABORT_ON_ERROR
    if options.transport.compression.compressed:
        flags |= MigrateFlag.COMPRESSED
    parameters: dict[str, Parameter] = {}
    if migrate_disks:
        flags |= (
            MigrateFlag.NON_SHARED_INC
            if incremental
            else MigrateFlag.NON_SHARED_DISK
        )
        parameters['migrate_disks'] = list(dict.fromkeys(migrate_disks))
        if options.synchronous_writes:
            flags |= MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
        if detect_zeroes:
            parameters[DETECT_ZEROES] = list(detect_zeroes)
        if options.disks_port:
            parameters['disks_port'] = options.disks_port
        if options.disks_uri:
            parameters['disks_uri'] = options.disks_uri
    if per_disk:
        parameters['bandwidth'] = per_disk
    if options.migrate_uri:
        parameters['migrate_uri'] = options.migrate_uri
    if options.listen_address:
        parameters['listen_address'] = options.listen_address
    parameters.update(_of_transport(options.transport))
    parameters.update(xml)
    also_sent = options.prepared.also_sent if options.prepared else ()
    return MigrateCall(flags, parameters, also_sent)


def _of_transport(
    transport: transport_options.TransportOptions,
) -> dict[str, Parameter]:
    parameters: dict[str, Parameter] = {}
    if transport.compression.methods:
        parameters['compression'] = [*transport.compression.methods]
    parameters.update(transport.compression.details)
    parameters.update(transport.details)
    return parameters
