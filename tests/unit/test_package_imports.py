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

"""What the picture of the packages shows."""

import importlib.util
import pathlib
import unittest

TOP = pathlib.Path(__file__).parents[2]
PATH = TOP / 'doc' / 'ext' / 'package_imports.py'


def load():
    """Load the module, which is beside the package for Sphinx alone."""
    spec = importlib.util.spec_from_file_location(PATH.stem, PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class PackageImportsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.found = load()

    def reduced(self, **edges):
        all_edges = {name: set(text.split()) for name, text in edges.items()}
        return self.found.reduced(all_edges, without='errors')

    def test_what_follows_is_left_out(self):
        self.assertEqual(
            {'a': set(), 'b': {'a'}, 'c': {'b'}},
            self.reduced(errors='', a='errors', b='a', c='a b errors'),
        )

    def test_packages_that_import_each_other_keep_their_arrows(self):
        self.assertEqual(
            {'a': {'b'}, 'b': {'a'}, 'c': {'a', 'b'}},
            self.reduced(a='b', b='a', c='a b'),
        )

    def test_what_is_imported_stands_before_its_importers(self):
        edges = self.found.imports()
        order = self.found.in_order(edges)
        self.assertEqual(set(edges), set(order))
        for one, other in (
            ('core.model', 'core.case'),
            ('core.plan', 'host.hypervisor'),
            ('host.migration', 'cli'),
            ('compute.source', 'compute.driver'),
        ):
            self.assertLess(order.index(one), order.index(other))

    def test_every_module_has_its_package(self):
        edges = self.found.imports()
        self.assertIn('core.model', edges['core.plan'])
        for name in self.found.modules():
            self.assertIn(self.found.package_of(name), edges)
