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


"""How memory travels, and what becomes of the guest on both hosts.

Options that virsh migrate has as well; doc/source/cli/virsh.rst says which.
"""

import collections.abc
import dataclasses
import enum

from nova_selective_migrate.core.model import domains

#: Methods that libvirt has for several connections, and for one.
PARALLEL_METHODS = ('zlib', 'zstd')
SERIAL_METHODS = ('xbzrle', 'mt')
#: VIR_MIGRATE_PARAM_COMPRESSION_ZLIB_LEVEL and the like are of this release.
_PARALLEL_METHODS_SINCE = 9_004_000
#: VIR_MIGRATE_PARAM_BANDWIDTH_AVAIL_SWITCHOVER.
_SWITCHOVER_SINCE = 11_001_000


class TimeoutAction(enum.Enum):
    """What is done with a migration that lasts too long."""

    SUSPEND = 'suspend'
    POSTCOPY = 'postcopy'


@dataclasses.dataclass(frozen=True)
class Compression:
    """How memory is compressed; disks never are.

    :ivar compressed: libvirt chooses the method, xbzrle, where none is named
    :ivar xbzrle_cache: bytes
    """

    compressed: bool = False
    methods: tuple[str, ...] = ()
    mt_level: int | None = None
    mt_threads: int | None = None
    mt_dthreads: int | None = None
    xbzrle_cache: int | None = None
    zlib_level: int | None = None
    zstd_level: int | None = None

    @property
    def details(self) -> dict[str, int]:
        """Return what is set of each method, by libvirt's parameter."""
        told = {
            'compression.mt.level': self.mt_level,
            'compression.mt.threads': self.mt_threads,
            'compression.mt.dthreads': self.mt_dthreads,
            'compression.xbzrle.cache': self.xbzrle_cache,
            'compression.zlib.level': self.zlib_level,
            'compression.zstd.level': self.zstd_level,
        }
        return {name: n for name, n in told.items() if n is not None}


@dataclasses.dataclass(frozen=True)
class TransportOptions:
    """Options of one migration.

    :ivar dname: the guest's name at the destination; None: as here
    :ivar parallel_connections: of memory; 0: libvirt's own number
    :ivar postcopy_after_precopy: post-copy begins by itself once memory was
        sent through
    :ivar suspend: the guest is paused at the destination
    :ivar timeout: seconds after which the action is taken; 0: never
    :ivar persistent: whether it is defined at the destination; None: as here
    :ivar undefine_source: whether its definition here goes; None: where it
        is defined at the destination
    :ivar abort_on_error: the migration ends when an error of storage pauses
        the guest
    :ivar auto_converge_initial: per cent by which the guest is slowed down
        at first
    :ivar auto_converge_increment: per cent that each further step adds
    :ivar postcopy_bandwidth: MiB/s of memory in post-copy
    :ivar switchover_bandwidth: MiB/s that QEMU reckons with at the
        switch-over
    :ivar tls_destination: the destination's name in its certificate
    :ivar graphics_uri: where clients of the guest's screen go on
    :ivar accept_unready: codes of what the operator knows better of the
        destination
    """

    dname: str | None = None
    compression: Compression = dataclasses.field(default_factory=Compression)
    parallel_connections: int = 0
    postcopy_after_precopy: bool = False
    suspend: bool = False
    timeout: int = 0
    timeout_action: TimeoutAction = TimeoutAction.SUSPEND
    persistent: bool | None = None
    undefine_source: bool | None = None
    abort_on_error: bool = False
    auto_converge_initial: int | None = None
    auto_converge_increment: int | None = None
    postcopy_bandwidth: int | None = None
    switchover_bandwidth: int | None = None
    tls_destination: str | None = None
    graphics_uri: str | None = None
    accept_unready: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, int | str]:
        """Return what is set beside compression, by libvirt's parameter."""
        told = {
            'destination_name': self.dname,
            'auto_converge.initial': self.auto_converge_initial,
            'auto_converge.increment': self.auto_converge_increment,
            'parallel.connections': self.parallel_connections or None,
            'bandwidth.postcopy': self.postcopy_bandwidth,
            'bandwidth.avail.switchover': self.switchover_bandwidth,
            'tls.destination': self.tls_destination,
            'graphics_uri': self.graphics_uri,
        }
        return {name: each for name, each in told.items() if each is not None}

    def persists(self, *, defined: bool) -> bool:
        """Tell whether the guest is to be defined at the destination.

        :param defined: whether it is here
        """
        return defined if self.persistent is None else self.persistent

    def undefines(self, *, defined: bool) -> bool:
        """Tell whether the guest's definition here is to go.

        One that is nowhere defined would be lost at its next shutdown, so
        that the last definition goes by the operator's word alone.
        """
        if self.undefine_source is None:
            return defined and self.persists(defined=defined)
        return defined and self.undefine_source


def name_problem(text: str) -> str | None:
    """Say why libvirt takes a name for no domain's; None where it does.

    virXMLCheckIllegalChars and virDomainDefPostParseCheck.
    """
    if not text or text.isspace():
        return 'it is empty'
    if '/' in text or '\n' in text or '\0' in text:
        return 'no name has a slash or a line break'
    return None


def conflicts(
    transport: TransportOptions,
    hosts: domains.Hypervisors,
    *,
    parallel: bool,
    postcopy: bool,
    paused: bool,
    auto_converge: bool = False,
    tls: bool = False,
) -> collections.abc.Iterator[str]:
    """Say what cannot be had together, each an error of the call's.

    qemuMigrationParamsFromFlags, virDomainMigrateToURI3.

    :param parallel: several connections for memory
    :param postcopy: memory may follow the guest
    :param paused: the guest is
    :param auto_converge: it may be slowed down
    :param tls: memory and disks are encrypted
    """
    compression = transport.compression
    for method in compression.methods:
        if method not in (*PARALLEL_METHODS, *SERIAL_METHODS):
            yield f'{method} is no method of compression of libvirt'
        elif (method in PARALLEL_METHODS) is not parallel:
            which = 'need' if method in PARALLEL_METHODS else 'exclude'
            yield f'{method} and --parallel {which} each other'
    if compression.compressed and not compression.methods and parallel:
        yield 'compression with --parallel needs --comp-methods zlib or zstd'
    for name in compression.details:
        method = name.split('.')[1]
        if method not in compression.methods:
            yield f'{name} is set without --comp-methods {method}'
    if {*PARALLEL_METHODS}.intersection(compression.methods):
        yield from _too_old(hosts)
    if transport.parallel_connections and not parallel:
        yield '--parallel-connections needs --parallel'
    if transport.dname is not None and (why := name_problem(transport.dname)):
        yield f'--dname {transport.dname!r}: {why}'
    follows = transport.postcopy_after_precopy or (
        transport.timeout > 0
        and transport.timeout_action is TimeoutAction.POSTCOPY
    )
    if follows and not postcopy:
        yield 'post-copy is to begin by itself, and needs --post-copy'
    if transport.suspend and postcopy and not paused:
        yield '--suspend and --post-copy exclude each other'
    for name in transport.details:
        if name.startswith('auto_converge.') and not auto_converge:
            yield f'{name} needs --auto-converge'
    if transport.postcopy_bandwidth is not None and not postcopy:
        yield '--postcopy-bandwidth needs --post-copy'
    if transport.tls_destination is not None and not tls:
        yield '--tls-destination needs --tls'
    known = hosts.source.libvirt
    if (
        transport.switchover_bandwidth is not None
        and known is not None
        and known < _SWITCHOVER_SINCE
    ):
        yield 'libvirt of the source has --switchover-bandwidth from 11.1 on'


def _too_old(hosts: domains.Hypervisors) -> collections.abc.Iterator[str]:
    for name, host in (
        ('source', hosts.source),
        ('destination', hosts.destination),
    ):
        known = host.libvirt
        if known is not None and known < _PARALLEL_METHODS_SINCE:
            yield f'libvirt of the {name} has zlib and zstd from 9.4 on'
