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

"""A disk of a plan: what becomes of it, and its sizes."""

import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision


@dataclasses.dataclass(frozen=True)
class PlannedDisk:
    """A disk with its decision and its sizes in bytes; None: not known.

    :ivar copy_bytes: bytes that a copy moves, 0 where there is none
    """

    decision: decision.Decision
    virtual_bytes: int | None
    allocated_bytes: int | None
    copy_bytes: int

    def counted_bytes(self, *, limited: bool) -> int:
        """Return what QEMU counts of a copy.

        Under a limit zeroes that hardly travel count as what they are the
        zeroes of, so that a sparse disk takes as long as a full one. A copy
        of the top alone has nothing but what that has allocated.

        :param limited: whether the speed of the copy has a limit
        """
        if not self.copied:
            return 0
        if limited and not self.decision.top_only:
            return self.virtual_bytes or self.copy_bytes
        return self.copy_bytes

    @property
    def copied(self) -> bool:
        """Tell whether the disk is one to copy, however little of it."""
        return self.decision.action is model.DiskAction.COPY


def of(chosen: decision.Decision, storage: storage_.Storage) -> PlannedDisk:
    """Add the sizes to a decision."""
    facts = [_facts(image, storage) for image in chosen.disk.chain]
    top = facts[0] if facts else storage_.StorageFacts()
    # A base that is brought over moves as well, though not in the copy.
    copied = facts[:1] if chosen.top_only and not chosen.seeded else facts
    known = [
        f.allocated_bytes for f in copied if f.allocated_bytes is not None
    ]
    size = sum(known) if known else (top.virtual_bytes or 0)
    if top.virtual_bytes is not None:
        size = min(size, top.virtual_bytes)
    copy = chosen.action is model.DiskAction.COPY
    return PlannedDisk(
        chosen,
        top.virtual_bytes,
        top.allocated_bytes,
        size if copy else 0,
    )


def _facts(
    image: model.DiskSource, storage: storage_.Storage
) -> storage_.StorageFacts:
    place = storage_.in_pool(image, storage.pools)
    found = storage_.find(storage.source, place) if place else None
    return found or storage_.StorageFacts()
