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

"""The examples of README and of the command's pages, on real hosts."""

from lab.storage import local_disks
from lab.storage import shared_disks
from tests import examples
from tests.e2e import base

DISKS = {
    'vda': local_disks.LocalFile(format='qcow2'),
    'vdb': shared_disks.SharedNetwork(),
}


class ExamplesTestCase(base.EndToEndTestCase):
    """Each is run as it stands, with names of a guest and hosts of ours."""

    def test_each_runs(self) -> None:
        """All that are not marked; a guest that has moved is begun anew."""
        guest = self.guest(DISKS)
        ran = 0
        for one in examples.examples():
            if one.mark or not one.needs_hosts:
                continue
            if guest.state(self.a) != 'running':
                self.forget(guest)
                guest = self.guest(DISKS)
            names = {
                'guest1': guest.name,
                'qemu+tls://host2/system': self.b.remote_uri,
            }
            words = [names.get(word, word) for word in one.words]
            with self.subTest(one.place, words=words):
                done = self.program(*words)
                self.assertEqual(0, done.returncode, done.stderr)
            ran += 1
        self.assertGreaterEqual(ran, 3)
