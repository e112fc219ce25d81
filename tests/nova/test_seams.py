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

"""The methods of nova that we build on are as our table has them."""

import testscenarios
import testtools

from nova_selective_migrate.compute.common import nova_interface
from tests.nova import base


class SeamsTest(testscenarios.WithScenarios, testtools.TestCase):
    scenarios = [
        (f'{seam.owner.partition(":")[2]}.{seam.method}', {'seam': seam})
        for seam in nova_interface.NOVA_METHODS
    ]

    def test_it_is_there(self):
        self.assertIsNone(self.seam.problem())


class ReleasesTest(testtools.TestCase):
    def test_this_nova_is_one_of_those_that_we_name(self):
        self.assertIn('.'.join(map(str, base.NOVA)), nova_interface.RELEASES)
