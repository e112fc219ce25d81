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

"""Disks that would be copied to where another disk of the guest is there."""

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import logical_volumes
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts


def problems(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> disk_strategy.Refusals:
    """Refuse the disks that would be copied to where another disk is there.

    Only what is mapped can be: the sources of two disks are compared before.
    """
    mapping = facts.options.mapping
    if not mapping.paths and not mapping.pools:
        return ()
    owners: dict[str, set[str]] = {}
    places = {
        each.disk.target: destination_places.of(
            each.disk, facts.storage, facts.options
        )
        for each in copied
    }
    for disk in facts.domain.disks:
        place = places.get(disk.target)
        for name in _names_there(disk, place, facts.storage):
            owners.setdefault(name, set()).add(disk.target)
    found = []
    for strategy in copied:
        disk, place = strategy.disk, places[strategy.disk.target]
        others = {
            target
            for name in _names_there(disk, place, facts.storage)
            for target in owners[name]
            if place.by or (target in places and places[target].by)
        } - {disk.target}
        if others:
            found.append(
                refusals.Refusal.of_disk(
                    disk,
                    disk_refusals.DiskRefusal.DUPLICATE_DESTINATION,
                    f'{place.label} there is that of '
                    f'{message_words.joined(sorted(others))}',
                )
            )
    return tuple(found)


def _names_there(
    disk: domains.Disk,
    place: destination_places.DestinationPlace | None,
    storage: storage_facts.Storage,
) -> set[str]:
    """List the paths that a disk has at the destination.

    :param place: of its copy; None where it is not copied
    """
    chain = disk.chain[1:] if place else disk.chain
    found = {place.path} if place else set()
    for image in chain:
        source = pool_facts.in_pool(image, storage.pools_there)
        found.add(source.path if source else None)
    return {
        logical_volumes.canonical(storage_facts.tidy(path))
        for path in found
        if path
    }
