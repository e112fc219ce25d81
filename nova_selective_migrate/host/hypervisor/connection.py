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

"""A connection to one libvirt daemon, and its event loop."""

import collections.abc
import contextlib
import logging
import socket
import threading
import types
import typing
import urllib.parse
import uuid

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import probe_journal

LOG = logging.getLogger(__name__)

# libvirt's default for daemons: a peer is dead after 5 lost beats of 5 s.
_KEEPALIVE_SECONDS = 5
_KEEPALIVE_COUNT = 5
# Ids of domains are C ints.
_LARGEST_ID = 2**31 - 1

Connect = collections.abc.Callable[[str], typing.Any]


class Connection:
    """An open connection; a context manager that closes it.

    :ivar probes: journal of the pools and markers that are put on the host
        for a moment; None: they are not entered
    :param is_local: whether the daemon is known to be this machine's; None:
        it is asked
    :ivar lingering_pools: names of storage pools of other processes that
        were waited for and did not go
    """

    def __init__(
        self,
        virt: libvirt.virConnect,
        uri: str,
        connect: Connect | None = None,
        probes: probe_journal.ProbeJournal | None = None,
        is_local: bool | None = None,
    ) -> None:
        self.virt = virt
        self.probes = probes
        self.lingering_pools: set[str] = set()
        self.uri = uri
        self._connect = connect
        # For messages: what is before the @ of a URI may be a password.
        self.name = redaction.uri(uri)
        self._host_uuid: str | None = None
        self._is_local = is_local

    @classmethod
    def open(
        cls,
        uri: str,
        connect: Connect | None = None,
        probes: probe_journal.ProbeJournal | None = None,
    ) -> 'Connection':
        """Connect to a daemon.

        :param connect: takes the URI; libvirt's own without it
        :raises ConnectFailed: when it cannot be reached
        """
        doing = f'cannot connect to {redaction.uri(uri)}'
        with libvirt_codes.translated(doing, exceptions.ConnectFailed):
            virt = (connect or libvirt.open)(uri)
        LOG.debug('connected to %s', redaction.uri(uri))
        connection = cls(virt, uri, connect, probes)
        if not connection.is_local:
            with libvirt_codes.translated(doing, exceptions.ConnectFailed):
                virt.setKeepAlive(_KEEPALIVE_SECONDS, _KEEPALIVE_COUNT)
        return connection

    def again(self) -> 'Connection':
        """Open another connection to the same daemon.

        :raises ConnectFailed: when it cannot be reached any more
        """
        return self.open(self.uri, self._connect, self.probes)

    def __enter__(self) -> 'Connection':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.virt.close()

    @property
    def is_local(self) -> bool:
        """Tell whether the daemon's files are the ones that we see.

        The URI must name no server, and the daemon must give our host
        name: a socket can be forwarded.
        """
        if urllib.parse.urlsplit(self.uri).netloc:
            return False
        if self._is_local is None:
            with libvirt_codes.translated('cannot ask the host name'):
                name = self.virt.getHostname()
            self._is_local = _is_our_name(name)
        return self._is_local

    def host_uuid(self) -> str | None:
        """Return the UUID by which libvirt tells hosts apart."""
        if self._host_uuid is None:
            with libvirt_codes.translated(
                f'cannot read capabilities of {self.name}'
            ):
                text = self.virt.getCapabilities()
            self._host_uuid = (
                safe_xml.parse(text).findtext('./host/uuid') or None
            )
        return self._host_uuid

    def look_into(
        self, directory: str
    ) -> contextlib.AbstractContextManager[str]:
        """Enter a probe of a directory; yield the id for names of what is put.

        :raises JournalFailed: when it cannot be written down
        :raises Interrupted: when nothing is to be begun any more
        """
        if self.probes is None:
            return contextlib.nullcontext(str(uuid.uuid4()))
        return self.probes.into(self.host_uuid() or '', self.name, directory)

    def versions(self) -> domains.Versions:
        """Return the releases of the daemon and of its QEMU."""
        try:
            qemu = self.virt.getVersion()
        except libvirt.libvirtError:
            qemu = None  # not every driver, and not without an emulator
        with libvirt_codes.translated(
            f'cannot ask the version of {self.name}'
        ):
            return domains.Versions(
                libvirt=self.virt.getLibVersion(), qemu=qemu or None
            )

    def guest(self, name: str) -> libvirt_guest.Guest:
        """Return the domain with a name, UUID or id.

        :raises DomainNotFound: when there is none
        """
        self.renew()
        lookups = [self.virt.lookupByUUIDString, self.virt.lookupByName]
        if name.isdecimal() and int(name) <= _LARGEST_ID:
            lookups.append(lambda text: self.virt.lookupByID(int(text)))
        for lookup in lookups:
            try:
                return libvirt_guest.Guest(lookup(name))
            except libvirt.libvirtError as err:
                if err.get_error_code() not in (
                    libvirt.VIR_ERR_NO_DOMAIN,
                    libvirt.VIR_ERR_INVALID_ARG,
                ):
                    raise exceptions.HypervisorError(str(err)) from err
        raise exceptions.DomainNotFound(
            f'{self.name} has no domain {name!r}; virsh list --all shows '
            'those it has'
        )

    def running(self) -> list[libvirt_guest.Guest]:
        """Return the running and paused domains, by name.

        :raises HypervisorError: when they cannot be listed
        """
        with libvirt_codes.translated(f'cannot list domains of {self.name}'):
            found = self.virt.listAllDomains(
                libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
            )
        guests = map(libvirt_guest.Guest, found)
        return sorted(guests, key=lambda guest: guest.name)

    def renew(self) -> None:
        """Connect again where the daemon has ended since; never raises.

        One that was started again answers to new connections alone.
        """
        try:
            if not self.uri or self.virt.isAlive():
                return
            fresh = self.again()
        except (libvirt.libvirtError, exceptions.HypervisorError):
            return  # still down; the next question reports that
        self.virt = fresh.virt

    def look(self, uuid: str) -> guest_presence.GuestSide:
        """Return what this host has of a domain; never raises."""
        self.renew()
        try:
            domain = self.virt.lookupByUUIDString(uuid)
            state, reason = domain.state()
        except libvirt.libvirtError as err:
            presence = guest_presence.Presence
            if err.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return guest_presence.GuestSide(presence.ABSENT)
            return guest_presence.GuestSide(presence.UNREACHABLE, str(err))
        return libvirt_codes.guest_side(state, reason)

    def pool(
        self, name: str, volumes: collections.abc.Iterable[str] = ()
    ) -> pool_facts.StoragePool | None:
        """Return the facts of a storage pool; None where there is none.

        :param volumes: those whose paths are told where their names do not
        """
        try:
            pool = self.virt.storagePoolLookupByName(name)
            root = safe_xml.parse(pool.XMLDesc())
            active = bool(pool.isActive())
        except libvirt.libvirtError:
            return None
        kind = root.get('type', 'unknown')
        wanted = volumes if kind in pool_facts.DEVICE_POOLS else ()
        paths = {volume: _path(pool, volume) for volume in wanted}
        directory = root.find('./source/dir')
        return pool_facts.StoragePool(
            type=kind,
            path=root.findtext('./target/path'),
            hosts=tuple(
                domains.NetworkHost(
                    name=host.get('name'), port=host.get('port')
                )
                for host in root.iterfind('./source/host')
            ),
            name=root.findtext('./source/name'),
            directory=None if directory is None else directory.get('path'),
            devices=tuple(
                device.get('path', '')
                for device in root.iterfind('./source/device')
            ),
            volumes={name: path for name, path in paths.items() if path},
            active=active,
        )


def _is_our_name(name: str) -> bool:
    """Tell whether a daemon on this host would have this host name.

    libvirt uses the canonical name if the host name has no domain and the
    resolver knows one (virGetHostname in virutil.c), as with Debian's line in
    /etc/hosts.
    """
    ours = socket.gethostname()
    if name == ours:
        return True
    try:
        found = socket.getaddrinfo(ours, None, flags=socket.AI_CANONNAME)
    except OSError:
        return False
    canonical = found[0][3]
    return name == canonical and not canonical.startswith('localhost')


def _path(pool: libvirt.virStoragePool, volume: str) -> str | None:
    try:
        return str(pool.storageVolLookupByName(volume).path())
    except libvirt.libvirtError:
        return None


_NAME = 'libvirt-event-loop'


def start_event_loop() -> None:
    """Start the loop in a thread that ends with the process.

    To be called before the first connection is opened; a later call does
    nothing.
    """
    if any(thread.name == _NAME for thread in threading.enumerate()):
        return
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run, name=_NAME, daemon=True).start()


def _run() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
