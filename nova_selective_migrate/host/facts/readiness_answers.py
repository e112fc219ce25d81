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


"""Find out what besides storage a destination has for a guest."""

import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import guest_needs
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.host.facts import port_trials
from nova_selective_migrate.host.facts import qemu_conf
from nova_selective_migrate.host.facts import tls_trials
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import emulator_abilities
from nova_selective_migrate.host.hypervisor import host_abilities
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.hypervisor import timed_question

_Readiness = destination_readiness.Readiness
_KIB = 1024
# What Linux has by default on the machines that have most guests.
_DEFAULT_PAGE_KIB = 2048
# Each of at most four trials has its own limit; so has a resolver.
_PORT_SECONDS = 4 * port_trials.SECONDS + 5.0


def readiness(
    source: connection.Connection,
    guest: libvirt_guest.Guest,
    destination: connection.Connection,
    options: migration_options.MigrationOptions,
    tried: _Readiness | None = None,
) -> _Readiness | None:
    """Ask the destination, and try its ports where we are on the source.

    :param tried: of another guest with the same hosts and options, for its
        ports: one that is filtered takes seconds each time
    :returns: None where it is no host of QEMU's
    """
    if not host_abilities.is_qemu(destination):
        return None
    try:
        needs = guest_needs.parse(guest.xml())
    except (exceptions.HypervisorError, exceptions.InvalidDomain):
        return None  # the call itself says what is wrong
    found = emulator_abilities.emulator(destination, needs)
    told = _Readiness(
        emulator=found.emulator,
        machine=found.machine,
        accelerator=found.accelerator,
        cpu=emulator_abilities.cpu(source, destination, needs)
        if found.emulator.fits
        else None,
        networks=tuple(host_abilities.networks(destination, needs)),
        devices=tuple(emulator_abilities.devices(source, destination, needs))
        if found.machine and found.machine.fits
        else (),
        domains=host_abilities.namesakes(
            destination, guest.uuid, options.transport.dname or guest.name
        ),
        memory=_memory(guest, destination, needs),
        huge_pages=_huge_pages(destination, needs),
    )
    if options.tls and source.is_local:
        told = dataclasses.replace(told, certificates=_certificates())
    if tried is not None:
        return dataclasses.replace(
            told, ports=tried.ports, ports_untried=tried.ports_untried
        )
    return _with_ports(told, source, destination, options)


def _memory(
    guest: libvirt_guest.Guest,
    destination: connection.Connection,
    needs: destination_readiness.GuestNeeds,
) -> destination_readiness.MemoryRoom:
    in_pages = needs.page_kib is not None or needs.pages_vary
    if needs.locked and not in_pages:
        needed = needs.memory_bytes
    else:
        # Huge pages are counted for themselves, and not in here.
        needed = guest.resident_bytes()
    return destination_readiness.MemoryRoom(
        needed,
        host_abilities.free_memory(destination),
        needs.memory_bytes,
    )


def _huge_pages(
    destination: connection.Connection,
    needs: destination_readiness.GuestNeeds,
) -> tuple[destination_readiness.HugePages, ...]:
    if needs.page_kib is None or needs.memory_bytes is None:
        return ()
    size = needs.page_kib or _DEFAULT_PAGE_KIB
    free = host_abilities.free_huge_pages(destination, size)
    if not needs.page_kib and not free:
        # Its default may be another size.
        free = None
    count = -(-needs.memory_bytes // (size * _KIB))
    return (destination_readiness.HugePages(size, count, free),)


def _certificates() -> destination_readiness.Finding | None:
    folder = qemu_conf.tls_directory()
    return tls_trials.client(folder) if folder else None


def _with_ports(
    told: _Readiness,
    source: connection.Connection,
    destination: connection.Connection,
    options: migration_options.MigrationOptions,
) -> _Readiness:
    """Add what is found of the ports, or why none was tried."""
    if not source.is_local:
        why = 'this command does not run on the source'
        return dataclasses.replace(told, ports_untried=why)
    if host_abilities.receives(destination) is not False:
        why = 'a migration to it may be under way, which a trial could break'
        return dataclasses.replace(told, ports_untried=why)
    ports = qemu_conf.migration_ports()
    try:
        trials = timed_question.Question(
            lambda: port_trials.tried(options, ports)
        ).answer(_PORT_SECONDS)
    except exceptions.HypervisorError as err:
        return dataclasses.replace(told, ports_untried=str(err))
    return dataclasses.replace(told, ports=trials)
