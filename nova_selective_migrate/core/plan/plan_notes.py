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

"""What a plan notes: it changes nothing, and is to be known."""

import collections.abc

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import attachments
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import redact
from nova_selective_migrate.core.decision import duty as duty_
from nova_selective_migrate.core.plan import known_bad


def notes(
    domain: model.Domain, case: case_.Case, copies: bool
) -> collections.abc.Iterator[str]:
    """Note what is not known, was ignored, or is dangerous.

    :param copies: whether any disk is copied
    """
    if rows := attachments.dangling(case.block_device_info):
        yield (
            f'{rows} row(s) of the block device mapping name neither volume '
            'nor device and are ignored'
        )
    for disk in domain.disks:
        top = disk.source if disk.writable else None
        if top and top.format == 'qcow2' and not disk.chain_known:
            yield (
                f'{disk.target}: the domain XML does not say where its '
                'backing chain ends'
            )
    prepared = case.options.prepared
    if prepared and prepared.block_migration and not copies:
        yield (
            'block migration was asked for, and no disk is to be copied: '
            'nothing is'
        )
    for disk in domain.disks:
        if disk.target in case.options.existing and disk.source:
            yield (
                f'{disk.target}: a migration overwrites what is at its place '
                f'at the destination: {redact.anywhere(disk.source.label)}'
            )
    if not copies:
        return
    if prepared:
        known = case.storage.destination.get(prepared.directory)
        if known is None or known.free_bytes is None:
            yield 'the free room at the destination is not known'
    if not case.options.tls:
        yield (
            'the disks travel in clear, and whoever reaches the '
            "destination's port can write to them while they are copied: "
            'use TLS or a network of their own'
        )
    yield from known_bad.unknown(case.hypervisors)


def dropped(
    duties: collections.abc.Iterable[duty_.Duty],
) -> collections.abc.Iterator[str]:
    """Note the media that the guest goes without."""
    for duty in duties:
        yield (
            f'{duty.target}: {duty.path} is not at the destination, and '
            'libvirt takes it out of the drive there, as its startupPolicy '
            'says'
        )


def releases(
    case: case_.Case,
    features: collections.abc.Collection[known_bad.Feature],
    avoided: collections.abc.Collection[known_bad.Found],
) -> collections.abc.Iterator[str]:
    """Note what releases can break, and what the plan does about it.

    :param avoided: what the plan copies in another way for
    """
    for found in avoided:
        yield f'{found.detail}; copied in another way ({found.rule.id})'
    accept = case.options.accept_known_bad
    warned: dict[known_bad.Rule, list[str]] = {}
    for found in known_bad.find(case.hypervisors, features):
        if found.rule.id in accept:
            yield f'{found.detail}; taken as mended ({found.rule.id})'
        elif found.rule.effect is known_bad.Effect.WARN:
            warned.setdefault(found.rule, []).append(found.release)
    for rule, hosts in warned.items():
        yield f'{" and ".join(hosts)}: {rule.breaks} ({rule.id})'
