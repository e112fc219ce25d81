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

"""Refuse copies that would lose data: duplicates and snapshots."""

import collections.abc
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts


def duplicates(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> disk_strategy.Refusals:
    """Refuse disks to copy that share a source with another disk."""
    owners: dict[str, list[str]] = {}
    for disk in facts.domain.disks:
        if disk.writable and disk.source:
            for name in _names(disk, facts.storage):
                owners.setdefault(name, []).append(disk.target)
    found = []
    for strategy in copied:
        disk = strategy.disk
        # The message lists the largest group of disks.
        names = sorted(_names(disk, facts.storage))
        targets = max((owners[name] for name in names), key=len)
        if len(targets) > 1:
            reason = disk_refusals.DiskRefusal.DUPLICATE_SOURCE
            detail = f'of {message_words.joined(targets)}'
            found.append(refusals.Refusal.of_disk(disk, reason, detail))
    return tuple(found)


def _names(disk: domains.Disk, storage: storage_facts.Storage) -> set[str]:
    """List the names of a source: its resolved path, volume and identity."""
    place = pool_facts.in_pool(disk.chain[0], storage.pools)
    if place is None or place.path is None:
        return {disk.chain[0].label}
    facts = (
        storage_facts.find(storage.source, place)
        or storage_facts.StorageFacts()
    )
    path = posixpath.normpath(facts.resolved or place.path)
    names = {f'/{path.lstrip("/")}'}
    names.add(pool_volumes.volume_path(place.path, facts))
    if facts.identity:
        names.add(f'identity {facts.identity}')
    return names


def snapshots(
    facts: case_facts.Facts,
    extents: collections.abc.Mapping[str, disk_strategy.Extent],
) -> disk_strategy.Refusals:
    """Refuse disks with internal snapshots: a copy loses them.

    QEMU's mirror copies what the guest sees. libvirt refuses only where it
    keeps metadata of a snapshot.

    :param extents: how much is copied of which target
    """
    return tuple(
        refusal
        for disk in facts.domain.disks
        if disk.target in extents
        for refusal in _snapshots(disk, extents[disk.target], facts.storage)
    )


def _snapshots(
    disk: domains.Disk,
    extent: disk_strategy.Extent,
    storage: storage_facts.Storage,
) -> disk_strategy.Refusals:
    whole = extent is disk_strategy.Extent.WHOLE
    for image in disk.chain if whole else disk.chain[:1]:
        place = pool_facts.in_pool(image, storage.pools)
        facts = storage_facts.find(storage.source, place) if place else None
        if facts and facts.internal_snapshots:
            detail = f'{image.label} has {facts.internal_snapshots}'
            reason = disk_refusals.DiskRefusal.INTERNAL_SNAPSHOTS
            return (refusals.Refusal.of_disk(disk, reason, detail),)
    return ()
