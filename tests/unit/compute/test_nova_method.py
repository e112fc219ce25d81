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

"""A nova that differs is told apart."""

import sys
import types
import unittest
from unittest import mock

from nova_selective_migrate.compute.common import nova_method


class Owner:
    """Stands for a class of nova's."""

    def method(self, one, two, three=None):
        """Take what the seam says, and one more."""


class SeamTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        module = types.ModuleType('some_nova')
        module.Owner = Owner
        self.enterContext(mock.patch.dict(sys.modules, some_nova=module))

    def problem(self, *parameters, owner='some_nova:Owner', method='method'):
        return nova_method.NovaMethod(owner, method, parameters).problem()

    def test_as_known(self):
        self.assertIsNone(self.problem('one', 'two', 'three'))

    def test_a_parameter_more(self):
        self.assertIsNone(self.problem('one', 'two'))

    def test_a_parameter_less(self):
        self.assertEqual(
            'Owner.method takes (one, two, three) instead of (one, two, '
            'three, four)',
            self.problem('one', 'two', 'three', 'four'),
        )

    def test_another_order(self):
        self.assertIn('takes (one, two', self.problem('two', 'one'))

    def test_a_keyword_wherever_it_stands(self):
        for names, found in (
            (('three', 'two'), None),
            (('four', 'two'), 'no four'),
        ):
            seam = nova_method.NovaMethod(
                'some_nova:Owner', 'method', (), names
            )
            problem = seam.problem()
            if found is None:
                self.assertIsNone(problem)
            else:
                self.assertIn(found, problem)

    def test_no_such_method(self):
        self.assertIn('is missing', self.problem(method='other'))

    def test_no_such_class(self):
        self.assertIn('is missing', self.problem(owner='some_nova:Other'))

    def test_no_such_module(self):
        self.assertIn('is missing', self.problem(owner='no_nova:Owner'))
