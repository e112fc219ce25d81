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
import dataclasses
import posixpath

from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import storage_facts


def refuse_duplicates(
    decisions: collections.abc.Sequence[disk_strategy.Decision],
    storage: storage_facts.Storage,
) -> list[disk_strategy.Decision]:
    """Refuse the disks to copy whose source is another disk's as well."""
    owners: dict[str, list[str]] = {}
    for chosen in decisions:
        if chosen.disk.writable and chosen.disk.source:
            for name in _names(chosen.disk, storage):
                owners.setdefault(name, []).append(chosen.disk.target)
    return [_refuse_copy(chosen, owners, storage) for chosen in decisions]


def _refuse_copy(
    chosen: disk_strategy.Decision,
    owners: collections.abc.Mapping[str, list[str]],
    storage: storage_facts.Storage,
) -> disk_strategy.Decision:
    if chosen.action is not domains.DiskAction.COPY:
        return chosen
    # The longest says enough: all disks of one source need not be listed
    # with each of them again.
    found = [owners[name] for name in sorted(_names(chosen.disk, storage))]
    targets = max(found, key=len)
    if len(targets) == 1:
        return chosen
    return dataclasses.replace(
        chosen,
        action=domains.DiskAction.REFUSE,
        reason=reasons.Reason.DUPLICATE_SOURCE,
        detail=f'of {message_words.joined(targets)}',
    )


def _names(disk: domains.Disk, storage: storage_facts.Storage) -> set[str]:
    """List what a source goes by: its path behind links, its identity."""
    place = storage_facts.in_pool(disk.chain[0], storage.pools)
    if place is None or place.path is None:
        return {disk.chain[0].label}
    facts = (
        storage_facts.find(storage.source, place)
        or storage_facts.StorageFacts()
    )
    path = posixpath.normpath(facts.resolved or place.path)
    names = {f'/{path.lstrip("/")}'}
    if facts.identity:
        names.add(f'identity {facts.identity}')
    return names


def refuse_snapshots(
    decisions: collections.abc.Iterable[disk_strategy.Decision],
    storage: storage_facts.Storage,
) -> list[disk_strategy.Decision]:
    """Refuse disks whose snapshots would stay behind, and be lost there.

    QEMU's mirror copies what the guest sees. libvirt refuses only where it
    keeps metadata of a snapshot.
    """
    return [_judged(chosen, storage) for chosen in decisions]


def _judged(
    chosen: disk_strategy.Decision, storage: storage_facts.Storage
) -> disk_strategy.Decision:
    if chosen.action is not domains.DiskAction.COPY:
        return chosen
    chain = chosen.disk.chain
    for image in chain[:1] if chosen.top_only else chain:
        place = storage_facts.in_pool(image, storage.pools)
        facts = storage_facts.find(storage.source, place) if place else None
        if facts and facts.internal_snapshots:
            return dataclasses.replace(
                chosen,
                action=domains.DiskAction.REFUSE,
                reason=reasons.Reason.INTERNAL_SNAPSHOTS,
                detail=f'{image.label} has {facts.internal_snapshots}',
            )
    return chosen
