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

"""What the plans of an audit take for given."""

import unittest

from nova_selective_migrate.core.model import audit_options

URI = 'qemu+tls://cmp2/system'


class AuditOptionsTest(unittest.TestCase):
    def test_without_a_destination_nobody_knows_what_can_be_made(self):
        found = audit_options.AuditOptions().migration(None)
        self.assertFalse(found.create_images or found.converge)

    def test_the_command_line_makes_the_images(self):
        found = audit_options.AuditOptions().migration(URI)
        self.assertTrue(found.create_images and found.converge)

    def test_nova_makes_them_and_their_directory_when_a_server_comes(self):
        found = audit_options.AuditOptions(images_by_nova=True).migration(URI)
        self.assertEqual(URI, found.destination_uri)
        self.assertFalse(found.create_images or found.converge)


if __name__ == '__main__':
    unittest.main()
