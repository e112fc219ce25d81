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

"""--remove-source-images: what goes from the source, and what stays."""

import json

from lab.hosts import lab_host
from lab.storage import local_disks
from lab.storage import shared_disks
from tests.e2e import aborted_migration
from tests.e2e import base

RAW = local_disks.LocalFile(format='raw')
OVER_BASE = local_disks.LocalFile(format='qcow2', base=local_disks.Base.SOURCE)
_FLAG = '--remove-source-images'
# Dies at the first image that is to go.
_KILLED = """
import os, signal
from nova_selective_migrate.host.hypervisor import pool_directory
deletes = pool_directory.PoolDirectory.delete
def dies(self, name):
    if name.endswith('.raw'):
        os.kill(os.getpid(), signal.SIGKILL)
    return deletes(self, name)
pool_directory.PoolDirectory.delete = dies
from nova_selective_migrate.cli import app
app.main()
"""


class RemoveSourceTestCase(base.EndToEndTestCase):
    """The images of copied disks, of two formats and over a base."""

    def test_removed(self) -> None:
        """The tops go; bases, and disks that are kept, stay."""
        guest = self.guest(
            {
                'vda': RAW,
                'vdb': OVER_BASE,
                'vdc': shared_disks.SharedFile(),
            }
        )
        tops = [
            guest.place('vda').local('raw'),
            guest.place('vdb').local('qcow2'),
        ]
        kept = self.images(guest) - set(tops)
        self.assertTrue(kept)
        result = self.migrate(guest, _FLAG, copied=['vda', 'vdb'])
        self.assertEqual(tops, result.tree['source_removed'])
        self.assertEqual(kept, self.images(guest))
        self.assertTrue(self.a.path(guest.place('vdc').shared('raw')).exists())
        self.assertNotIn(tops[0], [i['path'] for i in result.tree['left']])
        self.assert_nothing_lost(guest, self.b)

    def test_in_use(self) -> None:
        """A domain that is off has one, an image is based on the other."""
        guest = self.guest({'vda': RAW, 'vdb': RAW})
        paths = [guest.place(t).local('raw') for t in ('vda', 'vdb')]
        other = self.new_name()
        self.a.virsh('define', '/dev/stdin', input=_domain(other, paths[0]))
        self.addCleanup(self.a.virsh, 'undefine', other, check=False)
        overlay = f'{lab_host.IMAGES}/{guest.name}-overlay.qcow2'
        self.a.run(
            ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-u']
            + ['-b', paths[1], overlay, '64M']
        )
        result = self.migrate(guest, _FLAG, copied=['vda', 'vdb'])
        self.assertEqual([], result.tree['source_removed'])
        whys = {i['path']: i['why'] for i in result.tree['left']}
        self.assertIn(f'the domain {other} uses it', whys[paths[0]])
        self.assertIn(f'{overlay} is based on it', whys[paths[1]])
        for path in paths:
            self.assertTrue(self.a.path(path).exists())

    def test_killed(self) -> None:
        """Cleanup lists what a killed program was to delete, and does."""
        guest = self.guest({'vda': RAW})
        path = guest.place('vda').local('raw')
        done = self.a.run(
            [base.sys.executable, '-c', _KILLED, 'migrate']
            + [guest.name, self.b.remote_uri, _FLAG],
            check=False,
        )
        self.assertIn(done.returncode, (-9, 137), done.stderr)
        self.assertEqual('running', guest.state(self.b))
        self.assertEqual({path: 'removable'}, self.cleaned(guest.name))
        self.assertTrue(self.a.path(path).exists())
        self.assertEqual(
            {path: 'removed'}, self.cleaned(guest.name, '--remove')
        )
        self.assertFalse(self.a.path(path).exists())
        self.assertEqual({}, self.cleaned(guest.name))
        self.program('cleanup', '--remove')
        self.assert_no_pools()
        self.assert_nothing_lost(guest, self.b)

    def test_not_moved(self) -> None:
        """Nothing goes while the guest is on the source."""
        guest = self.guest({'vda': aborted_migration.LARGE})
        with self.unchanged():
            tree = aborted_migration.abort(self, guest, _FLAG)
        self.assertEqual([], tree['source_removed'])
        self.assert_goes_on(guest)

    def images(self, guest) -> set[str]:
        """Return the files of a guest on host a."""
        found = self.a.path(lab_host.IMAGES).glob(f'{guest.name}-*')
        return {f'{lab_host.IMAGES}/{path.name}' for path in found}

    def cleaned(self, name: str, *arguments: str) -> dict[str, str]:
        """Return what cleanup says of each path of a guest."""
        done = self.program('cleanup', name, '-f', 'json', *arguments)
        return {row['path']: row['state'] for row in json.loads(done.stdout)}


def _domain(name: str, path: str) -> str:
    """Write a domain that is never started."""
    return f"""
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='{path}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>
"""
