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

"""A second copy begins once, and for nobody who has aborted."""

import unittest

from nova_selective_migrate.compute.source import again


class AgainTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.again = again.SecondCopy()

    def test_it_begins_once(self):
        self.assertFalse(self.again.pending)
        self.assertTrue(self.again.want())
        self.assertFalse(self.again.want())
        self.assertTrue(self.again.pending)
        self.assertTrue(self.again.take())
        self.assertFalse(self.again.pending)
        self.assertTrue(self.again.taken)
        self.assertFalse(self.again.take())
        self.assertFalse(self.again.want())

    def test_not_unless_it_is_wanted(self):
        self.assertFalse(self.again.take())
        self.assertFalse(self.again.taken)

    def test_not_after_an_abort(self):
        self.assertFalse(self.again.end())
        self.assertFalse(self.again.want())

    def test_nor_after_one_in_between(self):
        self.again.want()
        self.assertTrue(self.again.end())
        self.assertFalse(self.again.pending)
        self.assertFalse(self.again.take())

    def test_an_abort_of_the_second_ends_none(self):
        self.again.want()
        self.again.take()
        self.assertFalse(self.again.end())
        self.assertTrue(self.again.taken)


if __name__ == '__main__':
    unittest.main()
