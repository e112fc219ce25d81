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

"""Find disks to copy whose source is another disk's as well."""

import collections.abc
import dataclasses
import posixpath

from nova_selective_migrate.core import model
from nova_selective_migrate.core import names as names_
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import reasons


def refuse(
    decisions: collections.abc.Sequence[decision.Decision],
    storage: storage_.Storage,
) -> list[decision.Decision]:
    """Refuse the disks to copy whose source is another disk's as well."""
    owners: dict[str, list[str]] = {}
    for chosen in decisions:
        if chosen.disk.writable and chosen.disk.source:
            for name in _names(chosen.disk, storage):
                owners.setdefault(name, []).append(chosen.disk.target)
    return [_refuse_copy(chosen, owners, storage) for chosen in decisions]


def _refuse_copy(
    chosen: decision.Decision,
    owners: collections.abc.Mapping[str, list[str]],
    storage: storage_.Storage,
) -> decision.Decision:
    if chosen.action is not model.DiskAction.COPY:
        return chosen
    # The longest says enough: all disks of one source need not be listed
    # with each of them again.
    found = [owners[name] for name in sorted(_names(chosen.disk, storage))]
    targets = max(found, key=len)
    if len(targets) == 1:
        return chosen
    return dataclasses.replace(
        chosen,
        action=model.DiskAction.REFUSE,
        reason=reasons.Reason.DUPLICATE_SOURCE,
        detail=f'of {names_.joined(targets)}',
    )


def _names(disk: model.Disk, storage: storage_.Storage) -> set[str]:
    """List what a source goes by: its path behind links, its identity."""
    place = storage_.in_pool(disk.chain[0], storage.pools)
    if place is None or place.path is None:
        return {disk.chain[0].label}
    facts = storage_.find(storage.source, place) or storage_.StorageFacts()
    path = posixpath.normpath(facts.resolved or place.path)
    names = {f'/{path.lstrip("/")}'}
    if facts.identity:
        names.add(f'identity {facts.identity}')
    return names
