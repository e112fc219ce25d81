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


"""What besides storage keeps a destination from taking the guest.

What is not known is noted and refuses nothing: libvirt finds it before the
guest has stopped. nova looks at its hosts itself.
"""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import refusals

_Reason = plan_refusals.PlanRefusal
_Use = destination_readiness.PortUse
_MIB = 2**20
_FIRST, _LAST = destination_readiness.MIGRATION_PORTS
_OPEN = (
    f'open the ports of migrations, {_FIRST} to {_LAST} unless qemu.conf '
    'there names others, in its firewall for the source; where others are '
    'open, name them with --disks-port and --migrate-uri tcp://HOST:PORT'
)


def find(
    facts: case_facts.Facts, *, copies: bool
) -> collections.abc.Iterator[refusals.Refusal]:
    """Refuse what the destination is known not to take.

    :param copies: whether any disk is copied
    """
    for found in _found(facts, copies=copies):
        if not _is_accepted(facts, found):
            yield found


def _is_accepted(facts: case_facts.Facts, refusal: refusals.Refusal) -> bool:
    return (
        refusal.reason in plan_refusals.ACCEPTABLE
        and refusal.reason.value in facts.options.transport.accept_unready
    )


def _refusal(
    reason: plan_refusals.PlanRefusal, detail: str, instead: str = ''
) -> refusals.Refusal:
    """Refuse, and say how to go on where an operator knows better."""
    remedy = instead or reason.remedy
    if reason in plan_refusals.ACCEPTABLE:
        remedy += (
            '; if you know that this is wrong, go on with --accept-unready '
            f'{reason.value}'
        )
    return refusals.Refusal(None, reason, detail, instead=remedy)


def _found(
    facts: case_facts.Facts, *, copies: bool
) -> collections.abc.Iterator[refusals.Refusal]:
    told = facts.case.readiness
    if told is None or facts.prepared is not None:
        return
    for finding, reason in (
        (told.emulator, _Reason.EMULATOR_MISSING),
        (told.machine, _Reason.MACHINE_UNSUPPORTED),
        (told.accelerator, _Reason.ACCELERATOR_MISSING),
        (told.cpu, _Reason.CPU_INCOMPATIBLE),
        *((network, _Reason.NETWORK_MISSING) for network in told.networks),
        *((device, _Reason.DEVICE_UNSUPPORTED) for device in told.devices),
        (told.certificates, _Reason.TLS_UNUSABLE),
    ):
        if finding is not None and finding.fits is False:
            yield _refusal(reason, _said(finding))
    yield from _of_domains(facts, told.domains or ())
    yield from _of_memory(told)
    yield from _of_ports(told.ports, copies=copies)


def notes(
    facts: case_facts.Facts, *, copies: bool
) -> collections.abc.Iterator[str]:
    """Note what could not be found out, and what is replaced."""
    told = facts.case.readiness
    if told is None or facts.prepared is not None:
        return
    for found in _found(facts, copies=copies):
        if _is_accepted(facts, found):
            yield f'{found.reason.value} is accepted: {found.detail}'
    for twin in told.domains or ():
        if _is_definition(facts, twin):
            yield (
                'the destination has a definition of this guest, which is '
                'off; the migration replaces it'
            )
    if told.cpu is not None and told.cpu.fits is None and told.cpu.said:
        yield f'CPU: {told.cpu.said}'
    unknown = [*_unknown(told)]
    if told.ports_untried:
        unknown.append(f'its ports ({told.ports_untried})')
    if unknown:
        yield f'not known of the destination: {", ".join(unknown)}'
    if copies and facts.options.tls:
        yield (
            "the certificates of the destination's QEMU are seen by nobody "
            'before the migration begins'
        )


def _unknown(
    told: destination_readiness.Readiness,
) -> collections.abc.Iterator[str]:
    for finding in (
        told.emulator,
        told.machine,
        told.accelerator,
        *told.networks,
        *told.devices,
        told.certificates,
    ):
        if finding is not None and finding.fits is None:
            yield _said(finding)
    if told.cpu is not None and told.cpu.fits is None and not told.cpu.said:
        yield 'whether its CPU fits'
    if told.domains is None:
        yield 'whether name and UUID are free'
    memory = told.memory
    if memory is None or None in (memory.needed_bytes, memory.free_bytes):
        yield 'whether it has memory enough'
    for pages in told.huge_pages:
        if pages.free is None:
            yield f'free huge pages of {pages.page_kib} KiB'


def _said(finding: destination_readiness.Finding) -> str:
    return ': '.join(filter(None, (finding.about, finding.said)))


def _is_definition(
    facts: case_facts.Facts, twin: destination_readiness.Namesake
) -> bool:
    return (
        not twin.active
        and twin.uuid == facts.domain.uuid
        and twin.name == _name_there(facts)
    )


def _of_domains(
    facts: case_facts.Facts,
    domains: collections.abc.Iterable[destination_readiness.Namesake],
) -> collections.abc.Iterator[refusals.Refusal]:
    """Refuse a name or UUID that another domain bears.

    libvirt takes a guest over its own definition, and over nothing else
    (virDomainObjListAddLocked).
    """
    name, uuid = _name_there(facts), facts.domain.uuid
    for twin in domains:
        if twin.uuid == uuid and twin.active:
            yield _refusal(_Reason.GUEST_AT_DESTINATION, f'as {twin.name}')
        elif twin.uuid == uuid and twin.name != name:
            yield _refusal(
                _Reason.NAME_TAKEN,
                f'{twin.name} there has its UUID, {uuid}',
            )
        elif twin.uuid != uuid and twin.name == name:
            yield _refusal(
                _Reason.NAME_TAKEN,
                f'{name} there is the guest {twin.uuid}',
            )


def _name_there(facts: case_facts.Facts) -> str:
    dname = facts.options.transport.dname
    return facts.domain.name if dname is None else dname


def _of_memory(
    told: destination_readiness.Readiness,
) -> collections.abc.Iterator[refusals.Refusal]:
    memory = told.memory
    if memory is not None:
        needed, free = memory.needed_bytes, memory.free_bytes
        if needed is not None and free is not None and needed > free:
            yield _refusal(
                _Reason.DESTINATION_MEMORY,
                f'the guest takes {_mib(needed)}, and {_mib(free)} can be had',
            )
    for pages in told.huge_pages:
        if pages.free is not None and pages.needed > pages.free:
            yield _refusal(
                _Reason.HUGE_PAGES_MISSING,
                f'{pages.needed} of {pages.page_kib} KiB are needed, and '
                f'{pages.free} are free',
                instead='have pages made with virsh allocpages '
                f'{pages.page_kib} COUNT on the destination, or migrate to '
                'another host',
            )


def _mib(size: int) -> str:
    return f'{size // _MIB} MiB'


def _of_ports(
    trials: collections.abc.Collection[destination_readiness.PortTrial],
    *,
    copies: bool,
) -> collections.abc.Iterator[refusals.Refusal]:
    """Refuse ports that the source does not reach, or that are taken.

    Of the ports that libvirt chooses from one that is reached is enough:
    the destination's qemu.conf may name fewer of them.
    """
    named = [each for each in trials if each.use is not _Use.ANY]
    for trial in named:
        if trial.use is _Use.DISKS and not copies:
            continue
        if trial.answer is destination_readiness.PortAnswer.LISTENING:
            yield _refusal(_Reason.PORT_TAKEN, _label(trial))
        elif not trial.passes:
            yield _refusal(_Reason.PORT_UNREACHABLE, _label(trial))
    chosen = [each for each in trials if each.use is _Use.ANY]
    for address in dict.fromkeys(each.address for each in chosen):
        at = [each for each in chosen if each.address == address]
        if not any(each.passes for each in at):
            found = ', '.join(map(_label, at))
            yield _refusal(_Reason.PORT_UNREACHABLE, found, instead=_OPEN)


def _label(trial: destination_readiness.PortTrial) -> str:
    address, port = trial.address, trial.port
    where = f'[{address}]:{port}' if ':' in address else f'{address}:{port}'
    what = '' if trial.use is _Use.ANY else f' for {trial.use.value}'
    return f'{where}{what} is {trial.answer.value}'
