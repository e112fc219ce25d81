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

"""What of a disk moves, and what QEMU counts of it."""

import unittest

from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.plan import planned_disks

Extent = disk_strategy.Extent
Reason = reasons.Reason


def planned(
    action=domains.DiskAction.COPY,
    extent=Extent.WHOLE,
    refusal=None,
    virtual=900,
):
    strategy = disk_strategy.Strategy(
        domains.Disk('vda', domains.DiskDevice.DISK),
        action,
        domains.Locality.LOCAL,
        Reason.LOCAL_FILESYSTEM,
    )
    return planned_disks.PlannedDisk(
        strategy, extent, refusal, virtual, 20, 20
    )


class DerivedTest(unittest.TestCase):
    """The action and the reason of a disk, in the order that counts."""

    def test_the_strategy_is_the_least(self):
        found = planned()
        self.assertIs(domains.DiskAction.COPY, found.action)
        self.assertIs(Reason.LOCAL_FILESYSTEM, found.reason)
        self.assertEqual((False, False), (found.top_only, found.seeded))

    def test_the_extent_goes_before_it(self):
        found = planned(extent=Extent.TOP)
        self.assertIs(Reason.LOCAL_OVER_SHARED, found.reason)
        self.assertEqual((True, False), (found.top_only, found.seeded))
        found = planned(extent=Extent.TOP_ON_SEED)
        self.assertIs(Reason.LOCAL_OVER_SEED, found.reason)
        self.assertEqual((True, True), (found.top_only, found.seeded))

    def test_a_refusal_goes_before_all(self):
        reason = disk_refusals.DiskRefusal.INTERNAL_SNAPSHOTS
        refusal = refusals.Refusal('vda', reason)
        found = planned(extent=Extent.TOP_ON_SEED, refusal=refusal)
        self.assertIs(domains.DiskAction.REFUSE, found.action)
        self.assertIs(reason, found.reason)
        self.assertEqual((False, False), (found.top_only, found.seeded))
        self.assertEqual(0, found.counted_bytes(limited=True))


class CountedTest(unittest.TestCase):
    def counted(self, *, limited, **more):
        return planned(**more).counted_bytes(limited=limited)

    def test_without_a_limit_what_is_allocated(self):
        self.assertEqual(20, self.counted(limited=False))

    def test_under_a_limit_zeroes_as_well(self):
        self.assertEqual(900, self.counted(limited=True))

    def test_a_copy_of_the_top_alone_has_no_others(self):
        self.assertEqual(20, self.counted(limited=True, extent=Extent.TOP))

    def test_nothing_where_nothing_is_copied(self):
        kept = domains.DiskAction.KEEP
        self.assertEqual(
            0, self.counted(limited=True, action=kept, extent=None)
        )

    def test_a_size_that_is_not_known(self):
        self.assertEqual(20, self.counted(limited=True, virtual=None))


if __name__ == '__main__':
    unittest.main()
