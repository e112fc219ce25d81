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

"""Hosts with kernels of their own: what makes them so, and their end."""

import os
import signal
import subprocess
import sys

from lab import lab_homes
from lab import laboratory
from lab.hosts import namespaces
from tests.storage import base

_OPEN = """
import os, pathlib, signal, sys
from lab import laboratory, lab_homes
home = lab_homes.Home(pathlib.Path(sys.argv[1]))
laboratory.Lab.open(home=home, own_kernels=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


class KernelTest(base.StorageTestCase):
    """Each host is its own: by its boot, its name and its devices."""

    def test_apart(self) -> None:
        hosts = [*self.lab.hosts, self.storage]
        boots = {
            self.shell(host, 'cat /proc/sys/kernel/random/boot_id')
            for host in hosts
        }
        self.assertEqual(3, len(boots))
        self.assertEqual(
            [host.name for host in hosts],
            [self.shell(host, 'hostname').strip() for host in hosts],
        )
        self.shell(self.a, 'dmsetup create lone --notable')
        self.addCleanup(self.shell, self.a, 'dmsetup remove lone')
        self.assertNotIn('lone', self.shell(self.b, 'dmsetup ls'))

    def test_a_command_is_what_it_is_elsewhere(self) -> None:
        """Its input, outputs, status and environment pass through."""
        done = self.a.run(
            ['sh', '-c', 'cat; pwd; echo "$WORD" >&2; exit 7'],
            check=False,
            input='said\n',
            env={'WORD': 'bad'},
            cwd='/usr',
        )
        self.assertEqual(
            (7, 'said\n/usr\n', 'bad\n'),
            (done.returncode, done.stdout, done.stderr),
        )
        missing = self.a.run(['/none/such'], check=False)
        self.assertEqual(127, missing.returncode)
        with self.a.popen(
            ['sh', '-c', 'echo up; exec sleep 600'],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        ) as sleep:
            assert sleep.stdout
            self.assertEqual('up\n', sleep.stdout.readline())
            sleep.send_signal(signal.SIGTERM)
            self.assertEqual(128 + signal.SIGTERM, sleep.wait(60))


class CrashTest(base.StorageTestCase):
    """Who brings kernels up may be killed: the next one ends them."""

    def test_torn_down(self) -> None:
        home = lab_homes.own_home('tests-storage-crash')
        self.addCleanup(laboratory.down, home)
        killed = subprocess.run(
            [sys.executable, '-c', _OPEN, os.fspath(home.root)],
            check=False,
            cwd=lab_homes.REPOSITORY,
        )
        self.assertEqual(-signal.SIGKILL, killed.returncode)
        hosts = set(namespaces.residents(home).values())
        self.assertLessEqual({'a', 'b', 'storage'}, hosts)
        laboratory.down(home)
        self.assertEqual({}, namespaces.residents(home))
        self.assertFalse(home.run.exists())
