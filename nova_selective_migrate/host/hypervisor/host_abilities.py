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


"""What a host's libvirt tells of taking a guest, apart from storage.

Each question has a time limit, and one that is not answered leaves a thing
unknown: nothing here raises.
"""

import collections.abc
import typing

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import timed_question

#: A daemon that asks its QEMU for the first time starts it for that.
SECONDS = 8.0
_KIB = 1024
_QEMU = 'QEMU'
_ALL_CELLS = -1
# In every network namespace: a daemon that does not list it lists nothing.
_LOOPBACK = 'lo'
_T = typing.TypeVar('_T')
_Finding = destination_readiness.Finding
_Needs = destination_readiness.GuestNeeds


def ask(call: collections.abc.Callable[[], _T]) -> _T:
    """Ask one question.

    :raises HypervisorError: when there is no answer in time
    :raises libvirtError: libvirt's own
    """
    return timed_question.Question(call).answer(SECONDS)


def _or_none(call: collections.abc.Callable[[], _T]) -> _T | None:
    """Ask one question; None where there is no answer to it."""
    try:
        return ask(call)
    except (libvirt.libvirtError, exceptions.HypervisorError):
        return None


def words(err: Exception) -> str:
    """Return an error in one line, without secrets."""
    return redaction.anywhere(' '.join(str(err).split()))


def is_qemu(host: connection.Connection) -> bool:
    """Tell whether a daemon's driver is QEMU's, of which all of this is."""
    return _or_none(host.virt.getType) == _QEMU


def namesakes(
    host: connection.Connection, uuid: str, name: str
) -> tuple[destination_readiness.Namesake, ...] | None:
    """Find the domains with a UUID or a name; None where that is unknown."""
    found: dict[str, destination_readiness.Namesake] = {}
    for lookup, key in (
        (host.virt.lookupByUUIDString, uuid),
        (host.virt.lookupByName, name),
    ):
        try:
            twin = ask(lambda: _namesake(lookup(key)))  # noqa: B023
        except libvirt.libvirtError as err:
            if err.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                return None
        except exceptions.HypervisorError:
            return None
        else:
            found[twin.uuid] = twin
    return tuple(found.values())


def _namesake(domain: libvirt.virDomain) -> destination_readiness.Namesake:
    return destination_readiness.Namesake(
        domain.name(), domain.UUIDString(), bool(domain.isActive())
    )


def networks(
    host: connection.Connection, needs: _Needs
) -> collections.abc.Iterator[_Finding]:
    """Look for what a guest's interfaces are connected to."""
    for name in needs.networks:
        about = f'libvirt network {name}'
        try:
            active = ask(lambda: _is_active(host, name))  # noqa: B023
        except libvirt.libvirtError as err:
            missing = err.get_error_code() == libvirt.VIR_ERR_NO_NETWORK
            yield _Finding(about, False if missing else None, words(err))
        except exceptions.HypervisorError as err:
            yield _Finding(about, said=str(err))
        else:
            yield _Finding(about, active, '' if active else 'it is not active')
    if needs.devices:
        names = _or_none(lambda: _interfaces(host))
        for name in needs.devices:
            known = names is not None and _LOOPBACK in names
            yield _Finding(
                f'network device {name}',
                name in (names or ()) if known else None,
                '' if known else 'libvirt there lists no network devices',
            )


def _is_active(host: connection.Connection, name: str) -> bool:
    return bool(host.virt.networkLookupByName(name).isActive())


def _interfaces(host: connection.Connection) -> set[str]:
    return {each.name() for each in host.virt.listAllInterfaces(0)}


def free_memory(host: connection.Connection) -> int | None:
    """Return the bytes that are free, or that caches give way for.

    libvirt before 12 does not tell what the kernel takes for available.
    Part of the page cache gives no way, such as files of a tmpfs: what is
    added up here is the most that can be had.
    """
    told = _or_none(lambda: host.virt.getMemoryStats(_ALL_CELLS, 0))
    if not told or 'free' not in told:
        return None
    if 'available' in told:
        return _KIB * int(told['available'])
    parts = ('free', 'buffers', 'cached')
    return _KIB * sum(int(told.get(part, 0)) for part in parts)


def free_huge_pages(host: connection.Connection, page_kib: int) -> int | None:
    """Return the free huge pages of one size, of all nodes of a host."""
    try:
        told = ask(lambda: host.virt.getFreePages([page_kib], _ALL_CELLS, 1))
    except libvirt.libvirtError as err:
        # It has no pages of this size at all (virNumaGetPages).
        no_such = libvirt.VIR_ERR_OPERATION_FAILED
        return 0 if err.get_error_code() == no_such else None
    except exceptions.HypervisorError:
        return None
    counts = [pages.get(page_kib) for pages in told.values()]
    return None if None in counts else sum(map(int, filter(None, counts)))


def receives(host: connection.Connection) -> bool | None:
    """Tell whether a migration to a host is under way.

    Its QEMU takes the first that connects for the source.
    """
    return _or_none(lambda: any(map(_arrives, host.virt.listAllDomains())))


def _arrives(domain: libvirt.virDomain) -> bool:
    try:
        side = libvirt_codes.guest_side(*domain.state())
    except libvirt.libvirtError as err:
        if err.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return False  # it has just gone
        raise
    return side.presence is guest_presence.Presence.SWITCHING
