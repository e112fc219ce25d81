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

"""Migrations in which nothing moves any more, and such as are slow."""

import os
import signal
import subprocess

from lab.faults import host_inspection
from lab.guests import lab_guest
from lab.guests import monitor_log
from lab.guests import written_records
from lab.processes import waiting
from lab.storage import local_disks
from tests.e2e import base

# Slow enough to be caught in the act.
_SLOW = ('--bandwidth', '4', '--progress-timeout')
# Fast enough for that.
_CALM = written_records.Workload(interval_us=500_000)


class StallTestCase(base.EndToEndTestCase):
    """What counts is that something moves, not how long it takes."""

    def start(self, size_mib: int) -> lab_guest.Guest:
        """Start a guest with data to copy."""
        disk = local_disks.LocalFile(format='raw', size_mib=size_mib)
        return self.guest({'vda': disk}, workload=_CALM)

    def test_nothing_moves(self) -> None:
        """The destination's QEMU hangs: the migration is aborted."""
        guest = self.start(256)
        since = monitor_log.mark(self.a)

        def mirror() -> monitor_log.Mirror | None:
            return next(iter(monitor_log.mirrors(self.a, guest, since)), None)

        def cancelling() -> bool:
            found = mirror()
            return found is not None and found.cancelling

        with self.unchanged():
            running = self.a.popen(
                [base.PROGRAM, 'migrate', guest.name, self.b.remote_uri]
                + ['--migrate-uri', f'tcp://{self.b.address}', *_SLOW, '5'],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            waiting.until(mirror, 'the mirror to start', 60)
            (emulator,) = host_inspection.emulators_of(
                self.lab.home, self.b, guest.name
            )
            os.kill(emulator.pid, signal.SIGSTOP)
            try:
                waiting.until(cancelling, 'the abort', 60)
            finally:
                # QEMU waits for answers of that before it ends a mirror.
                os.kill(emulator.pid, signal.SIGCONT)
            output, _ = running.communicate(timeout=60)
        self.assertEqual(4, running.returncode, output)
        self.assertIn('NOT MOVED: the source has the guest', output)
        self.assertIn('aborted after 5 s in which nothing moved', output)
        self.assertNotIn('the speed was set', output)
        self.assert_goes_on(guest)

    def test_slow_is_not_still(self) -> None:
        """It takes twice as long as nothing may move."""
        # QEMU sends 16 MiB at once, and then nothing until the limit allows
        # for them.
        guest = self.start(80)
        result = self.migrate(guest, *_SLOW, '8', copied=['vda'])
        self.assertGreater(result.tree['seconds'], 2 * 8)
        self.assert_nothing_lost(guest, self.b)
