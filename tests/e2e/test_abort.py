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

"""Migrations that do not succeed leave the guest where it was."""

import signal

from lab.guests import monitor_log
from lab.processes import waiting
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import base

# Slow enough to be caught in the act, whatever this machine does else.
_SLOW = ('--bandwidth', '1')


class AbortTestCase(base.EndToEndTestCase):
    """The caller changes his mind while disks are copied."""

    def test_interrupt(self) -> None:
        """Ctrl-C, with the migration managed by the source."""
        self._abort(signal.SIGINT)

    def test_terminate_direct(self) -> None:
        """SIGTERM, with the migration managed by the client."""
        self._abort(signal.SIGTERM, '--direct')

    def _abort(self, number: int, *arguments: str) -> None:
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(format='raw', size_mib=256),
                'vdb': shared_disks.SharedNetwork(),
            }
        )
        since = monitor_log.mark(self.a)
        with self.unchanged():
            running = self.a.popen(
                [base.PROGRAM, 'migrate', guest.name, self.b.remote_uri]
                + ['--migrate-uri', f'tcp://{self.b.address}', *_SLOW]
                + [*arguments],
                stdout=base.subprocess.PIPE,
                stderr=base.subprocess.STDOUT,
            )
            waiting.until(
                lambda: monitor_log.mirrored(self.a, guest, since) == {'vda'},
                'the mirror to start',
                60,
            )
            running.send_signal(number)
            output, _ = running.communicate(timeout=60)
        self.assertEqual(4, running.returncode, output)
        self.assertIn('NOT MOVED: the source has the guest', output)
        self.assertIn('removed: ', output)
        self.assert_goes_on(guest)
