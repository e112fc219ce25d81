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

"""The laboratory itself: what its hosts are like, and what mends them."""

import os
import subprocess
import sys

from lab.faults import fault_hosts
from lab.hosts import host_layout
from lab.hosts import lab_host
from lab.processes import daemon_processes
from lab.processes import process_journal
from lab.processes import waiting
from lab.storage import gluster
from lab.storage import storage_support
from tests.e2e import base


class NamesTest(base.EndToEndTestCase):
    """A host finds its own name as on Debian: in full, and on itself."""

    def test_names(self) -> None:
        for host in self.lab.hosts:
            full = f'{host.name}.{host_layout.DOMAIN}'
            self.assertEqual(host.name, self.said(host, 'hostname'))
            self.assertEqual(full, self.said(host, 'hostname', '--fqdn'))
            self.assertEqual(full, self.said(host, 'virsh', 'hostname'))
            for other in self.lab.hosts:
                found = self.said(host, 'getent', 'hosts', other.name)
                address = '127.0.1.1' if other is host else other.address
                self.assertEqual(address, found.split()[0])

    def said(self, host: lab_host.Host, *argv: str) -> str:
        return host.run(argv).stdout.strip()


class RunTest(base.EndToEndTestCase):
    """``python -m lab run`` gives a command what the tests give it."""

    def test_program_and_journal(self) -> None:
        script = 'command -v nova-selective-migrate && '
        script += 'echo "$NOVA_SELECTIVE_MIGRATE_JOURNAL"'
        done = subprocess.run(
            [sys.executable, '-m', 'lab', 'run', 'a', 'sh', '-c', script],
            check=False,
            capture_output=True,
            text=True,
            env={
                'LAB_HOME': str(self.lab.home.root),
                'PATH': '/usr/bin:/bin',
                'PYTHONPATH': os.pathsep.join(sys.path),
            },
        )
        self.assertEqual(
            [str(base.PROGRAM), lab_host.JOURNAL],
            done.stdout.split(),
            done.stderr,
        )


class SharedFileSystemTest(base.EndToEndTestCase):
    """It is there again once the hosts are mended."""

    def setUp(self) -> None:
        super().setUp()
        missing = storage_support.unavailable()
        if 'shared-file' in missing:
            self.skipTest(missing['shared-file'])
        self.world = fault_hosts.FaultHosts(self.lab)

    def refuses(self) -> bool:
        """Tell whether host b is told that nothing is connected."""
        try:
            os.listdir(self.b.path(lab_host.SHARED))
        except OSError:
            return True
        return False

    def test_after_its_client_was_killed(self) -> None:
        journal = process_journal.Journal(self.lab.home.journal)
        name = f'{gluster.CLIENT}{self.b.name}'
        fault_hosts.kill([journal.processes(daemon_processes.KIND)[name]])
        self.assertTrue(self.refuses())
        self.world.mend()
        self.lab.reset()
        file = f'{lab_host.SHARED}/written-by-a'
        self.a.path(file).write_text('a')
        self.assertEqual('a', self.b.path(file).read_text())

    def test_after_its_server_was_lost(self) -> None:
        """As where the wire was cut; the client needs seconds after it."""
        self.gluster('stop')
        self.addCleanup(self.gluster, 'start')
        waiting.until(self.refuses, 'host b to lose the server')
        self.gluster('start')
        self.world.mend()
        self.lab.reset()

    def gluster(self, action: str) -> None:
        subprocess.run(
            self.lab.hub.enter(
                ['gluster', '--mode=script', 'volume', action, 'shared']
                + ['force']
            ),
            check=True,
            capture_output=True,
        )
