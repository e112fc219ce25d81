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
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import migration_plan


class CountedTest(unittest.TestCase):
    def counted(
        self,
        *,
        limited,
        action=domains.DiskAction.COPY,
        virtual=900,
        top_only=False,
    ):
        chosen = disk_strategy.Decision(
            domains.Disk('vda', domains.DiskDevice.DISK),
            domains.Locality.LOCAL,
            action,
            reasons.Reason.LOCAL_FILESYSTEM,
            top_only=top_only,
        )
        planned = migration_plan.PlannedDisk(chosen, virtual, 20, 20)
        return planned.counted_bytes(limited=limited)

    def test_without_a_limit_what_is_allocated(self):
        self.assertEqual(20, self.counted(limited=False))

    def test_under_a_limit_zeroes_as_well(self):
        self.assertEqual(900, self.counted(limited=True))

    def test_a_copy_of_the_top_alone_has_no_others(self):
        self.assertEqual(20, self.counted(limited=True, top_only=True))

    def test_nothing_where_nothing_is_copied(self):
        kept = domains.DiskAction.KEEP
        self.assertEqual(0, self.counted(limited=True, action=kept))

    def test_a_size_that_is_not_known(self):
        self.assertEqual(20, self.counted(limited=True, virtual=None))


if __name__ == '__main__':
    unittest.main()
