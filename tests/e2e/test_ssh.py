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


"""A destination that is reached over ssh alone, with the operator's keys."""

import os
import pathlib
import subprocess
import tempfile

from lab.processes import waiting
from lab.storage import local_disks
from tests.e2e import base

RAW = local_disks.LocalFile(format='raw')
_PORT = 2222
_SETTINGS = """
Port {port}
HostKey {folder}/host-key
AuthorizedKeysFile {folder}/authorized
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
"""


class SshTestCase(base.EndToEndTestCase):
    """Only an agent of the operator's holds the key to host b."""

    def setUp(self) -> None:
        super().setUp()
        # Other users read neither: sshd and the agent run as who made them.
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory(dir='/var/tmp'))
        )
        for name in ('host-key', 'key'):
            self._ssh('ssh-keygen', '-q', '-N', '', '-f', self.folder / name)
        (self.folder / 'key.pub').rename(self.folder / 'authorized')
        settings = self.folder / 'sshd_config'
        settings.write_text(_SETTINGS.format(port=_PORT, folder=self.folder))
        self.b.run(['mkdir', '-p', '/run/sshd'])
        server = self.b.popen(
            ['/usr/sbin/sshd', '-D', '-e', '-f', settings],
            stderr=subprocess.PIPE,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stderr.close)
        waiting.until(self._listens, 'sshd of host b')
        self.environment = {'SSH_AUTH_SOCK': str(self.folder / 'agent')}
        agent = subprocess.Popen(
            ['ssh-agent', '-D', '-a', self.environment['SSH_AUTH_SOCK']],
            stdout=subprocess.DEVNULL,
        )
        self.addCleanup(agent.wait)
        self.addCleanup(agent.kill)
        waiting.until(
            lambda: os.path.exists(self.environment['SSH_AUTH_SOCK']),
            "the operator's agent",
        )
        self._ssh('ssh-add', '-q', self.folder / 'key')
        # The key is in the agent alone.
        (self.folder / 'key').unlink()
        # libvirt runs ssh, which goes by the home of its user for the rest.
        self.uri = f'qemu+ssh://root@b:{_PORT}/system?no_verify=1'

    def _ssh(self, *words: str | pathlib.Path) -> None:
        env = {**os.environ, **getattr(self, 'environment', {})}
        subprocess.run(words, check=True, capture_output=True, env=env)

    def _listens(self) -> bool:
        done = self.a.run(
            ['bash', '-c', f': < /dev/tcp/b/{_PORT}'], check=False
        )
        return not done.returncode

    def run_over_ssh(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run our command with the operator's agent."""
        return self.a.run(
            [base.PROGRAM, *words, '-f', 'json'],
            check=False,
            env=self.environment,
        )

    def test_ssh(self) -> None:
        """The daemon has no key, and says so; with --direct none is needed."""
        guest = self.guest({'vda': RAW})
        with self.unchanged():
            failed = self.run_over_ssh('migrate', guest.name, self.uri)
        self.assertEqual(4, failed.returncode, failed.stderr)
        self.assertIn('migrate with --direct', failed.stdout)
        planned = self.run_over_ssh('plan', guest.name, self.uri)
        self.assertIn('with --direct yours alone', planned.stdout)

        moved = self.run_over_ssh('migrate', guest.name, self.uri, '--direct')
        self.assertEqual(0, moved.returncode, moved.stdout + moved.stderr)
        self.assertEqual('running', guest.state(self.b))
        now = guest.acknowledged()
        guest.wait_for_records(
            self.b, {t: n + base.AFTER for t, n in now.items()}
        )
        self.assert_nothing_lost(guest, self.b)
