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

"""Refuse to copy images with snapshots inside: no copy has them."""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import reasons


def refuse(
    decisions: collections.abc.Iterable[decision.Decision],
    storage: storage_.Storage,
) -> list[decision.Decision]:
    """Refuse disks whose snapshots would stay behind, and be lost there.

    QEMU's mirror copies what the guest sees. libvirt refuses only where it
    keeps metadata of a snapshot.
    """
    return [_judged(chosen, storage) for chosen in decisions]


def _judged(
    chosen: decision.Decision, storage: storage_.Storage
) -> decision.Decision:
    if chosen.action is not model.DiskAction.COPY:
        return chosen
    chain = chosen.disk.chain
    for image in chain[:1] if chosen.top_only else chain:
        place = storage_.in_pool(image, storage.pools)
        facts = storage_.find(storage.source, place) if place else None
        if facts and facts.internal_snapshots:
            return dataclasses.replace(
                chosen,
                action=model.DiskAction.REFUSE,
                reason=reasons.Reason.INTERNAL_SNAPSHOTS,
                detail=f'{image.label} has {facts.internal_snapshots}',
            )
    return chosen
