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

"""The table of nova's methods, held against the nova that is installed."""

import unittest

from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.common import nova_method


class NovaInterfaceTest(unittest.TestCase):
    def test_every_problem_is_listed(self):
        table = (
            nova_method.NovaMethod('os.path', 'join', ('a',)),
            nova_method.NovaMethod('os.path', 'no_such_function', ()),
            nova_method.NovaMethod('no_nova:Owner', 'method', ()),
        )
        self.assertEqual(2, len(nova_interface.problems(table)))
