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

"""A disk of a plan: what becomes of it and why, and what that takes."""

import dataclasses

from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts


@dataclasses.dataclass(frozen=True)
class PlannedDisk:
    """A disk with what becomes of it, and its sizes in bytes.

    Its action and its reason are derived here and nowhere else: a refusal
    goes before all, then how much a copy takes, then the strategy.

    :ivar extent: how much of its chain is copied; None: nothing
    :ivar refusal: what stands against it; None: nothing
    :ivar virtual_bytes: None where it is not known
    :ivar allocated_bytes: None where it is not known
    :ivar copy_bytes: bytes that a copy moves, 0 where there is none
    """

    strategy: disk_strategy.Strategy
    extent: disk_strategy.Extent | None
    refusal: refusals.Refusal | None
    virtual_bytes: int | None
    allocated_bytes: int | None
    copy_bytes: int

    @property
    def disk(self) -> domains.Disk:
        """Return the disk as the domain's XML has it."""
        return self.strategy.disk

    @property
    def action(self) -> domains.DiskAction:
        """Return what is done with it."""
        if self.refusal:
            return domains.DiskAction.REFUSE
        return self.strategy.action

    @property
    def reason(self) -> refusals.AnyReason:
        """Return why that is done."""
        if self.refusal:
            return self.refusal.reason
        if self.extent is disk_strategy.Extent.TOP:
            return reasons.Reason.LOCAL_OVER_SHARED
        if self.extent is disk_strategy.Extent.TOP_ON_SEED:
            return reasons.Reason.LOCAL_OVER_SEED
        return self.strategy.reason

    @property
    def copied(self) -> bool:
        """Return whether the disk is one to copy, however little of it."""
        return self.action is domains.DiskAction.COPY

    @property
    def top_only(self) -> bool:
        """Return whether the top image alone is copied."""
        return self.copied and self.extent is not disk_strategy.Extent.WHOLE

    @property
    def seeded(self) -> bool:
        """Return whether the top is copied into an image with its base's data.

        That image has no base itself.
        """
        return self.copied and self.extent is disk_strategy.Extent.TOP_ON_SEED

    def counted_bytes(self, *, limited: bool) -> int:
        """Return what QEMU counts of a copy.

        Under a limit zeroes that hardly travel count as what they are the
        zeroes of, so that a sparse disk takes as long as a full one. A copy
        of the top alone has nothing but what that has allocated.

        :param limited: whether the speed of the copy has a limit
        """
        if not self.copied:
            return 0
        if limited and not self.top_only:
            return self.virtual_bytes or self.copy_bytes
        return self.copy_bytes


def planned_disk(
    strategy: disk_strategy.Strategy,
    extent: disk_strategy.Extent | None,
    refusal: refusals.Refusal | None,
    storage: storage_facts.Storage,
) -> PlannedDisk:
    """Put together what was decided of a disk, and add its sizes."""
    facts = [_facts(image, storage) for image in strategy.disk.chain]
    top = facts[0] if facts else storage_facts.StorageFacts()
    # A base that is brought over moves as well, though not in the copy.
    copied = facts[:1] if extent is disk_strategy.Extent.TOP else facts
    known = [
        f.allocated_bytes for f in copied if f.allocated_bytes is not None
    ]
    size = sum(known) if known else (top.virtual_bytes or 0)
    if top.virtual_bytes is not None:
        size = min(size, top.virtual_bytes)
    return PlannedDisk(
        strategy,
        extent,
        refusal,
        top.virtual_bytes,
        top.allocated_bytes,
        size if extent is not None and refusal is None else 0,
    )


def _facts(
    image: domains.DiskSource, storage: storage_facts.Storage
) -> storage_facts.StorageFacts:
    place = pool_facts.in_pool(image, storage.pools)
    found = storage_facts.find(storage.source, place) if place else None
    return found or storage_facts.StorageFacts()
