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

"""What tests of real storage need: hosts with kernels of their own."""

import atexit
import collections.abc
import contextlib
import functools
import subprocess

from lab import lab_homes
from lab import laboratory
from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import nfs_export
from tests.e2e import base as e2e

#: A guest boots, and a migration takes, several times as long in there.
PATIENCE = 300
#: Where a look at storage that does not answer has to end (issue 13).
HANG_SECONDS = 20.0

#: What the storage host serves: less than all, so that it can be replaced.
SERVED = 'served'


@functools.cache
def the_lab() -> laboratory.Lab:
    """Bring the hosts up once for all tests of this process."""
    opened = laboratory.Lab.open(
        home=lab_homes.own_home('tests-storage'), own_kernels=True
    )
    if not opened.reused:
        atexit.register(opened.down)
    return opened


class StorageTestCase(e2e.EndToEndTestCase):
    """A test on hosts with their own kernels, and one that has storage."""

    storage: lab_host.Host

    def take_lab(self) -> laboratory.Lab:
        """Return the hosts.

        :raises NotPrepared: they cannot be had on this machine
        """
        return the_lab()

    def setUp(self) -> None:
        super().setUp()
        assert self.lab.storage is not None
        self.storage = self.lab.storage

    def forget(self, guest: lab_guest.Guest) -> None:
        """End a guest wherever it is and remove its local files."""
        for host in self.lab.hosts:
            guest.stop(host)
            folders = f'{lab_host.IMAGES} {lab_host.SHARED}'
            # What is mounted there may be gone.
            look = f'find {folders} -name "{guest.name}-*" -delete'
            host.run(['sh', '-c', look], check=False)

    def shell(self, host: lab_host.Host, script: str) -> str:
        """Run a script of sh inside a host; return what it printed."""
        return host.run(['sh', '-c', script]).stdout

    def program(
        self,
        *arguments: str,
        host: lab_host.Host | None = None,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run our command inside a host."""
        return (host or self.a).run(
            [e2e.PROGRAM, *arguments], check=check, timeout=PATIENCE
        )

    def use_nfs(
        self, *hosts: lab_host.Host, where: str = lab_host.SHARED
    ) -> nfs_export.NfsExport:
        """Mount a directory of the storage host on hosts, or on both."""
        export = nfs_export.NfsExport.create(self.storage, lab_host.IMAGES)
        for host in hosts or self.lab.hosts:
            self.addCleanup(nfs_export.unmount, host, where)
            export.mount(host, where, SERVED)
        return export

    def real(self, host: lab_host.Host, path: str) -> str:
        """Return what a path of a host is behind its links."""
        return host.run(['readlink', '-f', path]).stdout.strip()

    def assert_no_pools(self) -> None:
        """Check that no storage pool or marker of ours is left."""
        for host in self.lab.hosts:
            left = host.virsh('pool-list', '--all', '--name').stdout.split()
            folders = f'{lab_host.IMAGES} {lab_host.SHARED}'
            left += self.shell(host, f'find {folders} -name ".?*"').split()
            left = [n for n in left if 'nova-selective-migrate' in n]
            self.assertEqual([], left, host.name)

    @contextlib.contextmanager
    def unchanged(self) -> collections.abc.Iterator[None]:
        """Check that both hosts are left exactly as they were."""
        before = [self.state(host) for host in self.lab.hosts]
        yield
        after = [self.state(host) for host in self.lab.hosts]
        self.assertEqual(before, after)

    def state(self, host: lab_host.Host) -> tuple[str, ...]:
        """Return the domains, pools, files and volumes of a host."""
        look = (
            f'find {lab_host.IMAGES} {lab_host.SHARED} -printf "%p %y %s\\n"'
            '| sort; lvs --noheadings -o vg_name,lv_name,lv_uuid,lv_size'
        )
        return (
            host.virsh('list', '--all').stdout,
            host.virsh('pool-list', '--all').stdout,
            self.shell(host, look),
        )


def content_of(host: lab_host.Host, path: str) -> str:
    """Return the digest of a file or device, as its host reads it."""
    return host.run(['sha256sum', path]).stdout.split()[0]
