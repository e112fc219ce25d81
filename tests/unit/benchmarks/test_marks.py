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

"""What the profile of a migration watches is there."""

import unittest

from benchmarks import marks


class MarksTest(unittest.TestCase):
    def test_what_is_watched_exists(self):
        for owner, name, _ in marks._BEGINS:
            with self.subTest(name):
                self.assertTrue(callable(getattr(owner, name)))

    def test_each_phase_has_a_beginning(self):
        self.assertEqual(len(marks.PHASES), len(marks._BEGINS) + 1)


if __name__ == '__main__':
    unittest.main()
