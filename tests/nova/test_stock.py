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

"""What stock nova does, on the servers and libvirt of these tests."""

import os

from tests.nova import base
from tests.nova import endings

# nova 32.2 began to raise a second time what it had rolled back.
RAISES_TWICE = base.NOVA >= (32, 2)


class StockTest(base.MigrationTest):
    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.server = self.make_server()

    def test_what_no_volume_is_named_as_is_copied(self):
        self.refuse(self.server, block=False)
        self.assertEqual(endings.REFUSED, self.outcome(self.server))
        told = [str(event['details']) for event in self.events(self.server)]
        # nova 29 has the words of the exception, and not its name.
        self.assertRegex(
            ''.join(told), 'InvalidSharedStorage|not on shared storage'
        )

        course = self.fake.course(self.server['id'])
        course.hold()
        self.request(self.server, block=True)
        self.assertTrue(course.started.wait(30))
        self.assertEqual(
            base.LOCAL, self.fake.call_of(self.server['id']).disks
        )
        # The config drive is made there, and nothing carries its content.
        there = os.path.join(self.path_there(self.server['id']), 'disk.config')
        self.assertTrue(os.path.exists(there))
        course.release()
        self.migrated.wait()
        self.assertEqual(endings.MOVED, self.outcome(self.server))

    def test_a_failure_leaves_the_server_in_error(self):
        endings.fail(self, self.server)
        self.assertEqual(
            endings.IN_ERROR if RAISES_TWICE else endings.FAILED,
            self.outcome(self.server),
        )

    def test_an_abort_leaves_the_server_in_error(self):
        endings.cancel(self, self.server)
        self.assertEqual(
            endings.IN_ERROR if RAISES_TWICE else endings.CANCELLED,
            self.outcome(self.server),
        )
