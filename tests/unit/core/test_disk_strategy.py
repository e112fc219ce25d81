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
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.model import domains

_TOP = disk_strategy.Decision(
    domains.Disk('vda', domains.DiskDevice.DISK, None),
    domains.Locality.LOCAL,
    domains.DiskAction.COPY,
    reasons.Reason.LOCAL_OVER_SEED,
    ('evidence',),
    top_only=True,
    seeded=True,
    verdicts=(
        locality_verdicts.Verdict(
            domains.Locality.LOCAL, reasons.Reason.LOCAL_FILESYSTEM
        ),
    ),
)


class WholeTest(unittest.TestCase):
    def test_no_base_is_of_use(self):
        found = _TOP.whole
        self.assertIs(False, found.top_only)
        self.assertIs(False, found.seeded)
        self.assertIs(reasons.Reason.LOCAL_FILESYSTEM, found.reason)
        self.assertEqual(('evidence',), found.evidence)

    def test_the_reason_stays_where_it_was_whole_before(self):
        whole = disk_strategy.Decision(
            _TOP.disk,
            _TOP.locality,
            _TOP.action,
            reasons.Reason.LOCAL_FILESYSTEM,
        )
        self.assertIs(False, whole.seeded)
        self.assertEqual(whole, whole.whole)
