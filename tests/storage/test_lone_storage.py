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

"""What is of one host alone although both seem to have it."""

from lab.hosts import lab_host
from lab.storage import local_disks
from lab.storage import nfs_export
from tests.storage import base

_MIB = 64


class SourceServesTest(base.StorageTestCase):
    """The source is the NFS server of its own images: both have one file."""

    def test_refused(self) -> None:
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=_MIB)})
        export = nfs_export.NfsExport.create(self.a, lab_host.IMAGES)
        self.addCleanup(export.withdraw)
        self.addCleanup(nfs_export.unmount, self.b, lab_host.IMAGES)
        export.mount(self.b, lab_host.IMAGES)
        path = f'{lab_host.IMAGES}/{guest.name}-vda.qcow2'
        self.shell(self.b, f'test -s {path}')
        for options in (
            [],
            ['--existing', 'vda'],
            ['--local-path', path, '--existing', 'vda'],
            ['--no-probe'],
        ):
            with self.subTest(options):
                planned = self.run_json('plan', guest, *options)
                print(
                    options,
                    planned.exit_code,
                    planned.tree['refusals'],
                    planned.stderr,
                )


class EqualInodeTest(base.StorageTestCase):
    """Two kernels number their files alike; that makes them no one file."""

    def test_copied(self) -> None:
        guest = self.guest({'vda': local_disks.LocalFile(size_mib=_MIB)})
        guest.prepare_destination(self.b)
        path = f'{lab_host.IMAGES}/{guest.name}-vda.qcow2'
        look = f'stat -c "%d %i" {path}'
        print(self.shell(self.a, look), self.shell(self.b, look))
        planned = self.run_json('plan', guest)
        print(planned.exit_code, planned.tree['refusals'], planned.stderr)
        planned = self.run_json('plan', guest, '--existing', 'vda')
        print(planned.exit_code, planned.tree['disks'], planned.stderr)
