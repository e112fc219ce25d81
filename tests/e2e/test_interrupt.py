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

"""Who stops a command, or kills it, loses no guest and leaves no trace."""

import json
import os
import shlex
import signal
import subprocess
import time

from lab.guests import monitor_log
from lab.hosts import lab_host
from lab.processes import waiting
from lab.storage import local_disks
from tests.e2e import base

# Slow enough to be caught in the act, whatever this machine does else.
_SLOW = ('--bandwidth', '1')
# Kills itself while its pool is at the destination.
_KILLED = """
import os, signal
from nova_selective_migrate.host.hypervisor import pool_directory
def dies(self, name):
    os.kill(os.getpid(), signal.SIGKILL)
pool_directory.PoolDirectory.facts = dies
from nova_selective_migrate.cli import app
app.main()
"""


class InterruptTestCase(base.EndToEndTestCase):
    """A migration is stopped while its disk is copied."""

    def setUp(self) -> None:
        super().setUp()
        disk = local_disks.LocalFile(format='raw', size_mib=256)
        self.disks = {'vda': disk}

    def _begin(self) -> 'subprocess.Popen[str]':
        self.started = self.guest(self.disks)
        since = monitor_log.mark(self.a)
        running = self.a.popen(
            [base.PROGRAM, 'migrate', self.started.name, self.b.remote_uri]
            + ['-f', 'json', *_SLOW],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(running.kill)
        waiting.until(
            lambda: (
                monitor_log.mirrored(self.a, self.started, since) == {'vda'}
            ),
            'the mirror to start',
            60,
        )
        return running

    def _daemon(self) -> int:
        """Return the process of host a's own libvirtd."""
        text = self.a.run(['cat', '/run/libvirtd.pid']).stdout
        return int(text)

    def test_a_hanging_libvirt(self) -> None:
        """The second Ctrl-C leaves it to the daemons, within a second."""
        running = self._begin()
        daemon = self._daemon()
        os.kill(daemon, signal.SIGSTOP)
        try:
            running.send_signal(signal.SIGINT)
            assert running.stderr is not None
            for line in running.stderr:
                if 'aborting' in line:
                    break
            began = time.monotonic()
            running.send_signal(signal.SIGINT)
            self.assertEqual(5, running.wait(30))
            self.assertLess(time.monotonic() - began, 5)
        finally:
            os.kill(daemon, signal.SIGCONT)
        out, said = running.communicate()
        self.assertEqual('unknown', json.loads(out)['outcome'])
        self.assertIn(f'--resume-report {self.started.name}', said)
        self.a.virsh('domjobabort', self.started.name)
        done = self.program(
            'migrate', '--resume-report', self.started.name, '-f', 'json'
        )
        self.assertEqual(4, done.returncode, done.stderr)
        self.assert_no_pools()
        self.assert_goes_on(self.started)

    def test_at_a_terminal(self) -> None:
        """Ctrl-C of a keyboard aborts it, and the cursor is seen again."""
        guest = self.guest(self.disks)
        since = monitor_log.mark(self.a)
        argv = [
            str(base.PROGRAM),
            'migrate',
            guest.name,
            self.b.remote_uri,
            *_SLOW,
        ]
        # Its terminal sends SIGINT to all that runs in it, as a real one does.
        # With exec no shell is between: dash would report 130, whatever ours
        # returns.
        running = self.a.popen(
            ['script', '-qec', f'exec {shlex.join(argv)}', '/dev/null'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.addCleanup(running.kill)
        waiting.until(
            lambda: monitor_log.mirrored(self.a, guest, since) == {'vda'},
            'the mirror to start',
            60,
        )
        assert running.stdin is not None
        running.stdin.write('\x03')
        running.stdin.flush()
        shown, _ = running.communicate(timeout=60)
        self.assertEqual(4, running.returncode, shown)
        self.assertIn('aborting', shown)
        self.assertNotIn('Traceback', shown)
        hidden, seen = shown.rfind('\x1b[?25l'), shown.rfind('\x1b[?25h')
        self.assertGreaterEqual(seen, hidden)
        self.assert_no_pools()
        self.assert_goes_on(guest)

    def test_a_live_migration_is_left_alone(self) -> None:
        """Cleanup, a report and a second migration name its process."""
        running = self._begin()
        name = self.started.name
        done = self.program('cleanup', '--remove', '-f', 'json')
        states = [row['state'] for row in json.loads(done.stdout)]
        self.assertIn(f'process {running.pid}', ' '.join(states))
        done = self.program('migrate', '--resume-report', name)
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn(f'process {running.pid}', done.stderr)
        second = self.run_json('migrate', self.started)
        self.assertEqual(
            ['active-job'],
            [r['reason'] for r in second.tree['plan']['refusals']],
        )
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
        self.assertEqual(4, running.returncode)
        self.assert_goes_on(self.started)

    def test_a_killed_look(self) -> None:
        """Its pool is not waited for, is listed, and is removed."""
        guest = self.guest(self.disks)
        done = self.a.run(
            [base.sys.executable, '-c', _KILLED, 'plan']
            + [guest.name, self.b.remote_uri],
            check=False,
        )
        self.assertIn(done.returncode, (-9, 137), done.stderr)
        self.assertEqual('', done.stdout)
        began = time.monotonic()
        planned = self.run_json('plan', guest)
        self.assertEqual(0, planned.exit_code, planned.stderr)
        self.assertLess(time.monotonic() - began, 9)
        self.assertEqual(['removable'], self._looks())
        self.assertEqual(['removed'], self._looks('--remove'))
        self.assert_no_pools()
        journal = f'{lab_host.JOURNAL}/looks'
        left = self.a.run(['find', journal, '-type', 'f']).stdout
        self.assertEqual('', left)

    def _looks(self, *arguments: str) -> list[str]:
        """Return what cleanup says of looks, which are of no guest."""
        done = self.program('cleanup', '-f', 'json', *arguments)
        rows = json.loads(done.stdout)
        return [row['state'] for row in rows if row['domain'] == '-']
