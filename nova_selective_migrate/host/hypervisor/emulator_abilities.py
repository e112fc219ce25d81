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


"""What a host's QEMU has for a guest, as its libvirt tells.

An emulator that a daemon does not know is one thing, an answer that says
nothing of it another: only the first is told as missing.
"""

import collections.abc
import dataclasses

import libvirt
from lxml import etree

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import safe_xml
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import host_abilities

# What a daemon says of a QEMU, a machine type or an accelerator that it does
# not have (virQEMUCapsCacheLookupDefault); all else leaves it unknown.
_HAS_NOT = (
    libvirt.VIR_ERR_INVALID_ARG,
    libvirt.VIR_ERR_SYSTEM_ERROR,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
)
_Finding = destination_readiness.Finding
_Needs = destination_readiness.GuestNeeds


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
        return EmulatorFindings(
            _Finding(needs.emulator, said=host_abilities.words(err))
        )
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
        host_abilities.ask(
            lambda: host.virt.getDomainCapabilities(
                needs.emulator, needs.arch or None, machine, kind
            )
        )
    except libvirt.libvirtError as err:
        if err.get_error_code() not in _HAS_NOT:
            raise
        return host_abilities.words(err)
    return None


def devices(
    source: connection.Connection,
    destination: connection.Connection,
    needs: _Needs,
) -> collections.abc.Iterator[_Finding]:
    """Say which of a guest's devices QEMU at the destination does not have.

    What the source's does not list either, though the guest runs there, is
    nothing that a list tells of.
    """
    if not needs.models:
        return
    try:
        there = _capabilities(destination, needs)
        lacks = [each for each in needs.models if _has(there, each) is False]
        here = _capabilities(source, needs) if lacks else there
    except (exceptions.SelectiveMigrateError, libvirt.libvirtError) as err:
        yield _Finding('devices of its QEMU', said=host_abilities.words(err))
        return
    for model in lacks:
        if _has(here, model):
            yield _Finding(model.label, False)


def _capabilities(
    host: connection.Connection, needs: _Needs
) -> etree._Element:
    """Return what QEMU of a host has for a guest.

    :raises HypervisorError: when there is no answer in time
    :raises InvalidDomain: when it is no XML
    :raises libvirtError: libvirt's own
    """
    text = host_abilities.ask(
        lambda: host.virt.getDomainCapabilities(
            needs.emulator,
            needs.arch or None,
            needs.machine or None,
            needs.virt_type or None,
        )
    )
    return safe_xml.parse(text)


def _has(
    capabilities: etree._Element, model: destination_readiness.DeviceModel
) -> bool | None:
    """Tell whether a model is listed; None where nothing is of its kind."""
    kind = capabilities.find(f'./devices/{model.element}')
    if kind is None:
        return None
    if kind.get('supported') == 'no':
        return False
    listed = kind.find(f"./enum[@name='{model.enumeration}']")
    if listed is None:
        return None
    return model.value in [value.text for value in listed]


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
        return _Finding(about, said=host_abilities.words(err))
    return _Finding(about, False, lacks)


def _lacks(host: connection.Connection, needs: _Needs) -> str | None:
    """Return what a host lacks of a CPU; None where it lacks nothing.

    :raises HypervisorError: when there is no answer in time
    :raises libvirtError: when it cannot be compared
    """
    try:
        host_abilities.ask(
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
        return host_abilities.words(err)
    return None
