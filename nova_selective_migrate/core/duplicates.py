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

from nova_selective_migrate.core import decision
from nova_selective_migrate.core import model
from nova_selective_migrate.core import reasons
from nova_selective_migrate.core import storage as storage_


def refuse(
    decisions: collections.abc.Sequence[decision.Decision],
    storage: storage_.Storage,
) -> list[decision.Decision]:
    """Refuse the disks to copy whose source is another disk's as well."""
    owners: dict[str, list[str]] = {}
    for chosen in decisions:
        if chosen.disk.writable and chosen.disk.source:
            key = _key(chosen.disk, storage)
            owners.setdefault(key, []).append(chosen.disk.target)
    return [
        _refuse_copy(chosen, owners[_key(chosen.disk, storage)])
        if chosen.action is model.DiskAction.COPY
        else chosen
        for chosen in decisions
    ]


def _refuse_copy(
    chosen: decision.Decision, owners: list[str]
) -> decision.Decision:
    if len(owners) == 1:
        return chosen
    return dataclasses.replace(
        chosen,
        action=model.DiskAction.REFUSE,
        reason=reasons.Reason.DUPLICATE_SOURCE,
        detail=f'of {" and ".join(owners)}',
    )


def _key(disk: model.Disk, storage: storage_.Storage) -> str:
    """Name a source so that two names of one file are the same."""
    place = storage_.in_pool(disk.chain[0], storage.pools)
    if place is None or place.path is None:
        return disk.chain[0].label
    facts = storage_.find(storage.source, place)
    resolved = facts.resolved if facts else None
    return posixpath.normpath(resolved or place.path)
