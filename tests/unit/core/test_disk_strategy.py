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

"""What becomes of a decision when all disks are copied whole."""

import unittest

from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals


def _strategy(target, action):
    return disk_strategy.Strategy(
        domains.Disk(target, domains.DiskDevice.DISK),
        action,
        domains.Locality.LOCAL,
        reasons.Reason.LOCAL_FILESYSTEM,
    )


_COPIED = _strategy('vda', domains.DiskAction.COPY)
_KEPT = _strategy('vdb', domains.DiskAction.KEEP)
_SKIPPED = _strategy('hda', domains.DiskAction.SKIP)
_ALL = (_COPIED, _KEPT, _SKIPPED)
_FULL = refusals.Refusal(None, plan_refusals.PlanRefusal.DESTINATION_FULL)


class StandingTest(unittest.TestCase):
    def refuse(self, strategy):
        reason = disk_refusals.DiskRefusal.DUPLICATE_SOURCE
        return refusals.Refusal.of_disk(strategy.disk, reason)

    def test_what_nothing_stands_against(self):
        self.assertEqual((_COPIED,), disk_strategy.copies(_ALL, ()))
        self.assertEqual((_KEPT,), disk_strategy.kept(_ALL, ()))

    def test_a_refused_disk_is_neither_copied_nor_kept(self):
        refused = [self.refuse(each) for each in _ALL]
        self.assertEqual((), disk_strategy.copies(_ALL, refused))
        self.assertEqual((), disk_strategy.kept(_ALL, refused))

    def test_a_refusal_of_the_plan_is_no_disks(self):
        self.assertEqual((_COPIED,), disk_strategy.copies(_ALL, [_FULL]))
