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

import importlib.metadata
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.common import nova_method


@ddt.ddt
class NovaInterfaceTest(unittest.TestCase):
    def installed(self, version):
        return mock.patch.object(
            importlib.metadata, 'version', side_effect=version
        )

    @ddt.data('26.3.0', '25.3.0', '26.0.1.dev7')
    def test_a_nova_that_is_older_than_all_that_were_tested(self, version):
        with self.installed([version]):
            (problem,) = nova_interface.problems(())
        self.assertIn(version, problem)
        self.assertIn('27.0 is the oldest', problem)

    @ddt.data('27.0.0', '28.3.1', '34.0.0', '35.0.0.0rc1', '0.0.0', 'local')
    def test_a_nova_that_may_do(self, version):
        with self.installed([version]):
            self.assertEqual([], nova_interface.problems(()))

    def test_a_nova_that_is_not_installed_as_a_package(self):
        with self.installed(importlib.metadata.PackageNotFoundError):
            self.assertEqual([], nova_interface.problems(()))

    def test_every_problem_is_listed(self):
        table = (
            nova_method.NovaMethod('os.path', 'join', ('a',)),
            nova_method.NovaMethod('os.path', 'no_such_function', ()),
            nova_method.NovaMethod('no_nova:Owner', 'method', ()),
        )
        self.assertEqual(2, len(nova_interface.problems(table)))
