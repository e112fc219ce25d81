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

"""What nobody sets otherwise is as documented."""

import unittest

from nova_selective_migrate.core.job import limits


class LimitsTest(unittest.TestCase):
    def test_five_minutes_and_a_quarter_of_a_gib(self):
        found = limits.Limits()
        self.assertEqual(300, found.progress_seconds)
        self.assertEqual(256 * 1024 * 1024, found.reserve_bytes)
        self.assertEqual(1024 * 1024, limits.MIB)
