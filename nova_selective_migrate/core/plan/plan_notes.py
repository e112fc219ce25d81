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

"""Notes of a plan, and what stays on the source beside the copies."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.plan import known_bad_releases

# qemu+ssh, and what libvirt has in its place.
_SSH = ('ssh', 'libssh', 'libssh2')


def notes(
    facts: case_facts.Facts, *, copies: bool
) -> collections.abc.Iterator[str]:
    """Note what is not known, was ignored, or is dangerous.

    :param copies: whether any disk is copied
    """
    if facts.dangling_rows:
        yield (
            f'{facts.dangling_rows} row(s) of the block device mapping name '
            'neither volume nor device and are ignored'
        )
    for disk in facts.domain.disks:
        top = disk.source if disk.writable else None
        if top and top.format == 'qcow2' and not disk.chain_known:
            yield (
                f'{disk.target}: the domain XML does not say where its '
                'backing chain ends'
            )
    prepared = facts.prepared
    if prepared and prepared.block_migration and not copies:
        yield (
            'block migration was asked for, and no disk is to be copied: '
            'nothing is'
        )
    if prepared is None:
        yield from _of_transport(facts)
    for disk in facts.domain.disks:
        if disk.target in facts.options.existing and disk.source:
            place = destination_places.of(disk, facts.storage, facts.options)
            label = place.label if place.by else disk.source.label
            yield (
                f'{disk.target}: a migration overwrites what is at its place '
                f'at the destination: {redaction.anywhere(label)}'
            )
    if not copies:
        return
    if prepared:
        known = facts.storage.destination.get(prepared.directory)
        if known is None or known.free_bytes is None:
            yield 'the free room at the destination is not known'
    if not facts.options.tls:
        yield (
            'the disks travel in clear, and whoever reaches the '
            "destination's port can write to them while they are copied: "
            'use TLS or a network of their own'
        )
    yield from known_bad_releases.unknown(facts.hypervisors)


def _of_transport(
    facts: case_facts.Facts,
) -> collections.abc.Iterator[str]:
    """Note who logs in where, and what becomes of definitions."""
    options = facts.options
    scheme = (options.destination_uri or '').partition(':')[0]
    if not options.direct and scheme.partition('+')[2].endswith(_SSH):
        yield (
            "the source's daemon logs in at the destination itself, with the "
            'keys of its own user; with --direct yours alone are needed'
        )
    transport = options.transport
    defined = bool(facts.case.domain_state.persistent)
    if defined and not transport.undefines(defined=defined):
        yield (
            'the definition stays on the source, turned off: the guest must '
            'not be started there, where its disks are old'
        )
    if defined and not transport.persists(defined=defined):
        yield (
            'the guest is not defined at the destination: nothing of it is '
            'left there once it is shut down'
        )


def dropped(
    duties: collections.abc.Iterable[media_duties.Duty],
) -> collections.abc.Iterator[str]:
    """Note the media that the guest goes without."""
    for duty in duties:
        yield (
            f'{duty.target}: {duty.path} is not at the destination, and '
            'libvirt takes it out of the drive there, as its startupPolicy '
            'says'
        )


def releases(
    facts: case_facts.Facts,
    features: collections.abc.Collection[known_bad_releases.Feature],
    avoided: collections.abc.Collection[known_bad_releases.Found],
) -> collections.abc.Iterator[str]:
    """Note what releases can break, and what the plan does about it.

    :param avoided: what the plan copies in another way for
    """
    for found in avoided:
        yield f'{found.detail}; copied in another way ({found.rule.id})'
    accept = facts.options.accept_known_bad
    warned: dict[known_bad_releases.Rule, list[str]] = {}
    for found in known_bad_releases.find(facts.hypervisors, features):
        if found.rule.id in accept:
            yield f'{found.detail}; taken as mended ({found.rule.id})'
        elif found.rule.effect is known_bad_releases.Effect.WARN:
            warned.setdefault(found.rule, []).append(found.release)
    for rule, hosts in warned.items():
        yield f'{" and ".join(hosts)}: {rule.breaks} ({rule.id})'


@dataclasses.dataclass(frozen=True)
class LeftBehind:
    """A file or a record that stays on the source.

    :ivar what: a path, or words where there is none
    """

    what: str
    why: str

    def __str__(self) -> str:
        return f'{self.what} stays on the source: {self.why}'


def left_behind(
    facts: case_facts.Facts,
) -> collections.abc.Iterator[LeftBehind]:
    """List what stays, as far as it is known."""
    domain = facts.domain
    yield from _of_definition(facts)
    if domain.others.nvram:
        yield LeftBehind(
            domain.others.nvram,
            'the UEFI variables travel with memory, and their file is not '
            'removed',
        )
    for memory in domain.others.memories:
        if memory.model == 'nvdimm':
            yield LeftBehind(
                memory.path,
                'the content of the nvdimm travels with memory, and its file '
                'is not removed',
            )
    if domain.others.tpm:
        yield LeftBehind(
            'the state of the TPM',
            'it travels with memory; whether libvirt removes what it keeps '
            'of it is up to its release',
        )
    if count := facts.case.domain_state.checkpoints:
        yield LeftBehind(
            f'what libvirt records of {count} backup checkpoint(s)',
            'without it the next backup is a full one',
        )


def _of_definition(
    facts: case_facts.Facts,
) -> collections.abc.Iterator[LeftBehind]:
    """List disks that the guest would get at its next start."""
    if facts.definition is None:
        return
    running = {disk.target for disk in facts.domain.disks}
    for disk in facts.definition.disks:
        source = disk.source
        if disk.target not in running and source and source.path:
            yield LeftBehind(
                source.path,
                f'{disk.target} is in the definition alone, and is not copied',
            )
