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

"""Notes of what a mapping does, and of what it does not."""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import existing_images
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts

# What vgcreate(8) takes where nobody says otherwise.
_EXTENT = 4 << 20
_KEPT = 'it is kept, so that {} does not apply to it'
_READ_ONLY = (
    'it is read-only or empty, and {} applies to a medium that --copy-media '
    'brings over'
)
_ANY_FORMAT = 'it is read-only or empty, so that {} does not apply to it'


def notes(
    facts: case_facts.Facts,
    strategies: disk_strategy.Strategies,
    copied: collections.abc.Container[str],
) -> collections.abc.Iterator[str]:
    """Note what a mapping changes, and what of it is of no effect.

    :param copied: targets of the disks to copy, and of mapped media
    """
    mapping = facts.options.mapping
    actions = {each.disk.target: each.action for each in strategies}
    used = set[str]()
    for disk, place in destination_places.targets(
        facts.domain, facts.storage, facts.options
    ):
        used.add(place.by)
        action = actions[disk.target]
        if disk.target in copied:
            yield from _of_place(disk, place, facts)
        if action is domains.DiskAction.COPY:
            continue
        kept = action is domains.DiskAction.KEEP
        if place.by and disk.target not in copied:
            words = _KEPT if kept else _READ_ONLY
            yield f'{disk.target}: {words.format(place.by)}'
        if disk.target in mapping.formats:
            words = _KEPT if kept else _ANY_FORMAT
            option = f'--to-format {disk.target}'
            yield f'{disk.target}: {words.format(option)}'
    if facts.prepared is not None:
        return
    where = [(p.label, f'below {p.source}') for p in mapping.paths]
    where += [(p.label, f'in {p.source}') for p in mapping.pools]
    for label, place_here in where:
        if label not in used:
            yield (
                f'{label}: no disk is {place_here}, or another argument goes '
                'before this one'
            )
    known = [disk.target for disk in facts.domain.disks if disk.source]
    if missing := sorted(set(mapping.formats).difference(known)):
        yield (
            f'--to-format: no disk with a source is '
            f'{message_words.joined(missing)}'
        )


def _of_place(
    disk: domains.Disk,
    place: destination_places.DestinationPlace,
    facts: case_facts.Facts,
) -> collections.abc.Iterator[str]:
    """Note what a disk that becomes a volume may come out as."""
    if not place.by or not place.device:
        return
    yield (
        f'{disk.target}: a volume is made in whole extents, and may be '
        'larger than the disk; the guest sees that when it is started anew'
    )
    source = pool_facts.in_pool(disk.chain[0], facts.storage.pools)
    here = storage_facts.find(facts.storage.source, source) if source else None
    libvirt = facts.hypervisors.destination.libvirt
    if (
        here is not None
        and (here.virtual_bytes or 0) % _EXTENT
        and (libvirt or 0) < existing_images.TAKES_LARGER_DEVICES
        and disk.target not in facts.options.existing
    ):
        yield (
            f'{disk.target}: its {here.virtual_bytes} bytes are no whole '
            'extents of 4 MiB, and libvirt there takes a larger volume from '
            '10.0 on; before, the migration ends before it begins'
        )
