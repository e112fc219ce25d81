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

"""Only a directory of ours bears the mark."""

import os
import pathlib
import tempfile
import unittest

from nova_selective_migrate.compute.destination import claim


class ClaimTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def test_put_and_taken(self):
        self.assertFalse(claim.there(self.folder))
        claim.put(self.folder)
        claim.put(self.folder)
        self.assertTrue(claim.there(self.folder))
        claim.take(self.folder)
        claim.take(self.folder)
        self.assertEqual([], os.listdir(self.folder))

    def test_a_link_is_not_followed(self):
        victim = pathlib.Path(self.folder, 'victim')
        pathlib.Path(self.folder, '.selective-migrate').symlink_to(victim)
        with self.assertRaises(OSError):
            claim.put(self.folder)
        self.assertFalse(victim.exists())
