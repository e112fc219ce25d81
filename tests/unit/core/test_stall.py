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

"""A guest that a migration holds is let go."""

import unittest

from nova_selective_migrate.core.job import stall

JOB = {'memory_processed': 5, 'memory_remaining': 3, 'disk_processed': 7}
LATE = stall.LIMIT_SECONDS + 1


class StallTest(unittest.TestCase):
    def test_a_running_guest_never_stalls(self):
        found = stall.Stall().look(0.0, paused=False, job=JOB)
        self.assertFalse(found.lasts(1e9))

    def test_a_paused_one_does_when_nothing_moves(self):
        found = stall.Stall().look(0.0, paused=True, job=JOB)
        found = found.look(LATE, paused=True, job=JOB)
        self.assertFalse(found.lasts(stall.LIMIT_SECONDS))
        self.assertTrue(found.lasts(LATE))

    def test_what_moves_begins_anew(self):
        for name in (
            *('memory_processed', 'memory_remaining', 'disk_processed'),
            # The state of a vGPU.
            'vfio_data_transferred',
        ):
            with self.subTest(name=name):
                found = stall.Stall().look(0.0, paused=True, job=JOB)
                moved = {**JOB, name: JOB.get(name, 0) + 1}
                found = found.look(LATE, paused=True, job=moved)
                self.assertFalse(found.lasts(LATE))

    def test_a_guest_that_runs_again_begins_anew(self):
        found = stall.Stall().look(0.0, paused=True, job=JOB)
        found = found.look(1.0, paused=False, job=JOB)
        found = found.look(2.0, paused=True, job=JOB)
        self.assertFalse(found.lasts(LATE))

    def test_a_job_that_tells_nothing_does_not_move(self):
        found = stall.Stall().look(0.0, paused=True, job={})
        found = found.look(LATE, paused=True, job={'memory_processed': None})
        self.assertTrue(found.lasts(LATE))


if __name__ == '__main__':
    unittest.main()
