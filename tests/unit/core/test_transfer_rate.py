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

import unittest

from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import transfer_rate

_LEAST = transfer_rate.LEAST_BYTES


def progress(disk_bytes, seconds=4.0):
    return migration_progress.MigrationProgress(
        seconds,
        migration_progress.Phase.FINISHING,
        (migration_progress.Amount('vda', disk_bytes, disk_bytes),),
        migration_progress.Amount('memory', 1 << 40, 1 << 40),
    )


class TransferRateTest(unittest.TestCase):
    def test_disks_and_the_memory_that_was_sent(self):
        """Pages of zeroes are none of it."""
        stats = {'memory_processed': _LEAST}
        found = transfer_rate.measured(progress(_LEAST), stats)
        self.assertEqual(_LEAST // 2, found)

    def test_of_little_none_is_told(self):
        self.assertEqual(
            _LEAST // 4, transfer_rate.measured(progress(_LEAST), {})
        )
        self.assertIsNone(transfer_rate.measured(progress(_LEAST - 1), {}))

    def test_of_no_time_none_is_told(self):
        self.assertIsNone(transfer_rate.measured(None, {}))
        self.assertIsNone(transfer_rate.measured(progress(_LEAST, 0.0), {}))
