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
import dataclasses
import typing

import libvirt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import timed_question

#: A daemon that asks its QEMU for the first time starts it for that.
SECONDS = 8.0
_KIB = 1024
_QEMU = 'QEMU'
# What a daemon says of a QEMU, a machine type or an accelerator that it does
# not have (virQEMUCapsCacheLookupDefault); all else leaves it unknown.
_HAS_NOT = (
    libvirt.VIR_ERR_INVALID_ARG,
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
)
_ALL_CELLS = -1
# In every network namespace: a daemon that does not list it lists nothing.
_LOOPBACK = 'lo'
_T = typing.TypeVar('_T')
_Finding = destination_readiness.Finding
_Needs = destination_readiness.GuestNeeds


def _ask(call: collections.abc.Callable[[], _T]) -> _T:
    """Ask one question.

    :raises HypervisorError: when there is no answer in time
    :raises libvirtError: libvirt's own
    """
    return timed_question.Question(call).answer(SECONDS)


def _or_none(call: collections.abc.Callable[[], _T]) -> _T | None:
    """Ask one question; None where there is no answer to it."""
    try:
        return _ask(call)
    except (libvirt.libvirtError, exceptions.HypervisorError):
        return None


def _words(err: Exception) -> str:
    return redaction.anywhere(' '.join(str(err).split()))


def is_qemu(host: connection.Connection) -> bool:
    """Tell whether a daemon's driver is QEMU's, of which all of this is."""
    return _or_none(host.virt.getType) == _QEMU


@dataclasses.dataclass(frozen=True)
class EmulatorFindings:
    """What a host has of what runs a guest; None: not looked at."""

    emulator: _Finding
    machine: _Finding | None = None
    accelerator: _Finding | None = None


def emulator(host: connection.Connection, needs: _Needs) -> EmulatorFindings:
    """Look for a guest's emulator, machine type and accelerator.

    A daemon that answers of all three starts a guest with them. Of one that
    does not, fewer are asked for, to tell what is missing.
    """
    machine, kind = needs.machine or None, needs.virt_type or None
    try:
        if not needs.emulator:
            return EmulatorFindings(_Finding('the emulator', said='no name'))
        missing = _missing(host, needs, machine, kind)
        if missing is None:
            return _found(needs, None, None)
        if _missing(host, needs, None, kind) is None:
            return _found(needs, missing, None)
        if _missing(host, needs, machine, None) is None:
            return _found(needs, None, missing)
        said = _missing(host, needs, None, None)
    except (exceptions.HypervisorError, libvirt.libvirtError) as err:
        return EmulatorFindings(_Finding(needs.emulator, said=_words(err)))
    if said is None:
        return _found(needs, missing, missing)
    return EmulatorFindings(_Finding(needs.emulator, False, said))


def _found(
    needs: _Needs, machine: str | None, accelerator: str | None
) -> EmulatorFindings:
    """Say what is there of an emulator that is.

    :param machine: why its machine type is not
    :param accelerator: why its accelerator is not
    """
    return EmulatorFindings(
        _Finding(needs.emulator, True),
        _Finding(
            f'machine type {needs.machine}', machine is None, machine or ''
        ),
        _Finding(
            f'domain type {needs.virt_type}',
            accelerator is None,
            accelerator or '',
        ),
    )


def _missing(
    host: connection.Connection,
    needs: _Needs,
    machine: str | None,
    kind: str | None,
) -> str | None:
    """Return why a host cannot run something; None where it can.

    :raises HypervisorError: when there is no answer in time
    :raises libvirtError: when the answer says nothing of it
    """
    try:
        _ask(
            lambda: host.virt.getDomainCapabilities(
                needs.emulator, needs.arch or None, machine, kind
            )
        )
    except libvirt.libvirtError as err:
        if err.get_error_code() not in _HAS_NOT:
            raise
        return _words(err)
    return None


def cpu(
    source: connection.Connection,
    destination: connection.Connection,
    needs: _Needs,
) -> _Finding | None:
    """Compare a guest's CPU with what QEMU at the destination can give it.

    A comparison that fails on the host that runs the guest tells nothing of
    another one, so that both are asked.

    :returns: None where libvirt compares nothing, and nothing is in danger
    """
    about = "the guest's CPU"
    if not needs.cpu_xml:
        said = needs.cpu_unchecked
        return _Finding(about, said=said) if said else None
    try:
        lacks = _lacks(destination, needs)
        if lacks is None:
            return _Finding(about, True)
        if _lacks(source, needs) is not None:
            return _Finding(
                about,
                said='libvirt cannot compare it: by its own words not even '
                'the source could run it',
            )
    except (exceptions.HypervisorError, libvirt.libvirtError) as err:
        return _Finding(about, said=_words(err))
    return _Finding(about, False, lacks)


def _lacks(host: connection.Connection, needs: _Needs) -> str | None:
    """Return what a host lacks of a CPU; None where it lacks nothing.

    :raises HypervisorError: when there is no answer in time
    :raises libvirtError: when it cannot be compared
    """
    try:
        _ask(
            lambda: host.virt.compareHypervisorCPU(
                needs.emulator,
                needs.arch or None,
                needs.machine or None,
                needs.virt_type or None,
                needs.cpu_xml,
                libvirt.VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE,
            )
        )
    except libvirt.libvirtError as err:
        if err.get_error_code() != libvirt.VIR_ERR_CPU_INCOMPATIBLE:
            raise
        return _words(err)
    return None


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
            twin = _ask(lambda: _namesake(lookup(key)))  # noqa: B023
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
            active = _ask(lambda: _is_active(host, name))  # noqa: B023
        except libvirt.libvirtError as err:
            missing = err.get_error_code() == libvirt.VIR_ERR_NO_NETWORK
            yield _Finding(about, False if missing else None, _words(err))
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
        told = _ask(lambda: host.virt.getFreePages([page_kib], _ALL_CELLS, 1))
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
    return side.presence is guest_location.Presence.SWITCHING
