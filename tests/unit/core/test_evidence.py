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

"""The verdict that no case of a domain reaches."""

import unittest

from nova_selective_migrate.core import model
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.evidence import evidence


class WeighTest(unittest.TestCase):
    def test_no_evidence_is_unknown(self):
        self.assertEqual(
            evidence.Verdict(
                model.Locality.UNKNOWN, reasons.Reason.LOCALITY_UNKNOWN
            ),
            evidence.weigh([]),
        )
