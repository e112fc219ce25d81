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

"""The audit in nova-compute: what it writes, its pace, and its end."""

import contextlib
import json
import pathlib
import stat
import tempfile
import threading
import unittest
from unittest import mock

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import periodic_audit
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.core.plan import written_audit

LOG = periodic_audit.LOG.logger


class Guests:
    """Plans guests that take a second each, by the clock of the test."""

    def __init__(self, *names):
        self.names = names
        self.now = 100.0
        self.planned = []

    def __call__(self):
        for name in self.names:
            self.now += 1.0
            self.planned.append(name)
            yield host_audit.GuestAudit(name, f'{name}-uuid', None, 'why')

    def clock(self):
        return self.now


class PeriodicAuditTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder, 'selective-migrate', 'audit.json')

    def audit(self, guests, interval=3600):
        made = periodic_audit.PeriodicAudit(
            interval,
            str(self.path),
            'qemu:///system',
            guests,
            getattr(guests, 'clock', lambda: 0.0),
        )
        # Rests are counted, not waited for.
        self.rests = []
        made._ended = mock.Mock(wraps=threading.Event())
        made._ended.wait = mock.Mock(side_effect=self.rest)
        self.addCleanup(made.stop)
        return made

    def rest(self, seconds):
        self.rests.append(seconds)
        return False

    def test_the_file_is_that_of_host_audit(self):
        self.audit(Guests('b', 'a')).audit()
        text = self.path.read_text()
        found = written_audit.WrittenAudit(text)
        self.assertEqual(2, found.totals().not_planned)
        self.assertEqual(
            ['a-uuid', 'b-uuid'], [each.uuid for each in found.guests()]
        )
        self.assertEqual('qemu:///system', json.loads(text)['host'])
        self.assertIsNone(json.loads(text)['destination'])
        mode = stat.S_IMODE(self.path.stat().st_mode)
        self.assertEqual(0o640, mode)

    def test_it_rests_after_each_guest(self):
        guests = Guests('a', 'b', 'c')
        self.audit(guests).audit()
        worked = len(guests.names)
        share = worked / (worked + sum(self.rests))
        self.assertAlmostEqual(periodic_audit.SHARE, share)

    def test_an_end_gives_it_up_and_leaves_the_old_one(self):
        self.audit(Guests('a')).audit()
        before = self.path.read_bytes()
        guests = Guests('b', 'c')
        ended = self.audit(guests)
        ended._ended.wait = mock.Mock(return_value=True)
        ended.audit()
        self.assertEqual(['b'], guests.planned)
        self.assertEqual(before, self.path.read_bytes())

    def test_an_error_is_told_once_and_the_next_round_tries_again(self):
        def failing():
            raise exceptions.HypervisorError('libvirt is gone')
            yield

        made = self.audit(failing)
        with self.assertLogs(LOG, 'WARNING') as logged:
            made.audit()
            made.audit()
        self.assertEqual(1, len(logged.records))
        self.assertIn('libvirt is gone', logged.output[0])
        made._audits = Guests('a')
        made.audit()
        self.assertTrue(self.path.exists())

    def test_the_thread_ends_with_the_service(self):
        done = threading.Event()
        with tempfile.TemporaryDirectory() as folder:
            made = periodic_audit.PeriodicAudit(
                0.001, f'{folder}/audit.json', 'x', lambda: iter(())
            )
            real = made.audit

            def audit():
                real()
                done.set()

            with mock.patch.object(made, 'audit', audit):
                made.start()
                self.assertTrue(done.wait(60))
                made.stop()
                for thread in threading.enumerate():
                    if thread.name == 'selective-migrate-audit':
                        with contextlib.suppress(RuntimeError):
                            thread.join(60)
                        self.assertFalse(thread.is_alive())
