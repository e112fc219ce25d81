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

"""Disks that do not get ahead have the copy begin again, or a warning."""

import types
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.compute.source import again
from nova_selective_migrate.compute.source import converging
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.core.plan import migrate_call
from tests.unit.core import test_watchdog_limits

LATE = watchdog_limits.CONVERGENCE_SECONDS + 1
FULL = migrate_call.MigrateCall(migrate_call.MigrateFlag.NON_SHARED_DISK)
SYNCHRONOUS = migrate_call.MigrateCall(
    migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
)


class ConvergingTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.again = again.Again()
        self.domain = mock.Mock()
        operation = libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        self.domain.jobStats.return_value = {'operation': operation}

    def follow(self, first=FULL, second=SYNCHRONOUS):
        self.converging = converging.Converging(
            types.SimpleNamespace(_domain=self.domain),
            mock.Mock(),
            types.SimpleNamespace(call=first, again=second),
            self.again,
        )
        self.look(0.0, 0)

    def look(self, now, sent):
        self.converging.look(
            now, test_watchdog_limits.copying((9 * 2**20, sent))
        )

    def warned(self, *words):
        with self.assertLogs(converging.__name__, 'WARNING') as logged:
            self.look(LATE, 5)
        for word in words:
            self.assertIn(word, logged.output[0])
        with self.assertNoLogs(converging.__name__, 'WARNING'):
            self.look(2 * LATE, 6)

    def test_the_copy_begins_again(self):
        self.follow()
        self.look(LATE - 2, 4)
        self.assertFalse(self.again.pending)
        self.warned('begins again')
        self.assertTrue(self.again.pending)
        self.domain.abortJob.assert_called_once()

    def test_an_abort_that_is_not_taken_is_asked_for_again(self):
        self.follow()
        self.domain.abortJob.side_effect = [libvirt.libvirtError('no'), None]
        self.warned('begins again')
        self.look(3 * LATE, 9)
        self.assertEqual(2, self.domain.abortJob.call_count)

    def test_where_it_cannot_begin_again_it_goes_on(self):
        self.follow(second=None)
        self.warned('synchronous_writes = on')
        self.domain.abortJob.assert_not_called()

    def test_nor_where_somebody_aborts_it(self):
        self.follow()
        self.again.end()
        self.warned('cannot begin again')
        self.domain.abortJob.assert_not_called()

    def test_synchronous_writes_have_no_second_copy(self):
        self.follow(first=SYNCHRONOUS)
        with self.assertNoLogs(converging.__name__, 'WARNING'):
            self.look(LATE, 5)
        self.assertFalse(self.again.pending)


if __name__ == '__main__':
    unittest.main()
