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

"""Storage that does not answer, or answers that it has gone."""

import time

from lab.guests import lab_guest
from lab.hosts import host_layout
from lab.hosts import lab_host
from lab.hosts import own_kernel
from lab.storage import local_disks
from lab.storage import nfs_export
from lab.storage import shared_disks
from tests.storage import base

_MIB = 64
#: Exit codes of an error and of a refusal.
_ERROR, _REFUSED = 2, 3


class LostTestCase(base.StorageTestCase):
    """One line, in time, and nothing that waits for good."""

    def ordinary(self, guest: lab_guest.Guest) -> float:
        """Return how long a plan takes here while storage answers.

        That is what these slow kernels take for a program, and no wait.
        """
        began = time.monotonic()
        planned = self.run_json('plan', guest)
        self.assertEqual(0, planned.exit_code, planned.stderr)
        return time.monotonic() - began

    def assert_said(
        self,
        guest: lab_guest.Guest,
        status: int,
        words: str,
        ordinary: float,
    ) -> None:
        """Check that plan and migrate say so in one line and in time."""
        for command in ('plan', 'migrate'):
            began = time.monotonic()
            done = self.program(command, guest.name, self.b.remote_uri)
            took = time.monotonic() - began
            lines = (done.stdout + done.stderr).splitlines()
            self.assertEqual(1, sum(words in line for line in lines), lines)
            self.assertEqual(status, done.returncode, lines)
            self.assertLess(took - ordinary, base.HANG_SECONDS)
            self.assertNotIn('Traceback', done.stderr)


class SourceHangsTest(LostTestCase):
    """The server of a disk stands still, or denies that it has it."""

    def test_source(self) -> None:
        export = self.use_nfs()
        guest = self.guest(
            {
                'vda': local_disks.LocalFile(size_mib=_MIB),
                'vdb': shared_disks.SharedFile(size_mib=_MIB),
            }
        )
        path = f'{lab_host.SHARED}/{guest.name}-vdb.raw'
        ordinary = self.ordinary(guest)
        with own_kernel.frozen(self.lab.home, host_layout.STORAGE):
            self.assert_said(
                guest,
                _ERROR,
                f'{path} cannot be looked at: its storage does',
                ordinary,
            )
        # It was only held up.
        self.assertEqual('running', guest.state(self.a))
        now = guest.acknowledged()
        guest.wait_for_records(self.a, {t: n + 1 for t, n in now.items()})
        export.replace(base.SERVED)
        # ESTALE, or ENOENT for as long as the file that QEMU has open keeps
        # the directory at the server: refused either way.
        self.assert_said(guest, _REFUSED, f': vdb ({path}): ', ordinary)


class DestinationHangsTest(LostTestCase):
    """The destination alone has its images on a server that stands still."""

    def test_destination(self) -> None:
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=_MIB)})
        ordinary = self.ordinary(guest)
        self.use_nfs(self.b, where=lab_host.IMAGES)
        with own_kernel.frozen(self.lab.home, host_layout.STORAGE):
            self.assert_said(
                guest,
                _ERROR,
                f'{lab_host.IMAGES} cannot be looked at: the daemon',
                ordinary,
            )
        nfs_export.unmount(self.b, lab_host.IMAGES)
        # The daemon has made its pools since; their note is in the journal.
        self.program('cleanup', '--remove', check=True)
        self.migrate(guest, copied={'vda'})
        self.assert_nothing_lost(guest, self.b)
