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

import dataclasses
import pathlib
import tempfile
import unittest

import ddt

from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import media_digests
from tests.unit.core import builders as b
from tests.unit.host import fake_daemon


@ddt.ddt
class MediaDigestsTest(unittest.TestCase):
    """The source's file is this machine's, the destination's a fake's."""

    def setUp(self):
        top = tempfile.TemporaryDirectory()
        self.addCleanup(top.cleanup)
        self.path = f'{top.name}/x.iso'
        pathlib.Path(self.path).write_bytes(b'same')
        root = pathlib.Path(top.name) / 'peer'
        self.daemon = fake_daemon.FakeDaemon(root)
        self.peer = fake_daemon.connect(self.daemon)
        self.root = root

    def compare(self, source, there, *, content, mapped=None):
        """Return whether digests were added, and whether they agree.

        :param source: of a medium, or the <disk> that has it
        """
        file = self.root / there[1:]
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        disk = source if isinstance(source, str) else b.cdrom('sda', source)
        domain = domain_xml.parse(b.domain(disk))
        one = storage_facts.StorageFacts(
            exists=True, kind=storage_facts.PathKind.FILE, virtual_bytes=4
        )
        here = {self.path: dataclasses.replace(one, identity='a')}
        theirs = {there: dataclasses.replace(one, identity='b')}
        pools = {
            'isos': pool_facts.StoragePool(
                type='dir', path=self.path.rpartition('/')[0]
            )
        }
        media_digests.compare_media(
            domain,
            here,
            theirs,
            self.peer,
            pools,
            mapped,
        )
        ours, found = here[self.path].content, theirs[there].content
        self.assertEqual(ours is None, found is None)
        return ours == found if ours else None

    @ddt.data((b'same', True), (b'diff', False))
    @ddt.unpack
    def test_one_path(self, content, same):
        source = b.file(self.path, 'raw')
        self.assertIs(same, self.compare(source, self.path, content=content))

    @ddt.data((b'same', True), (b'diff', False))
    @ddt.unpack
    def test_mapped(self, content, same):
        source = b.file(self.path, 'raw')
        mapped = {self.path: '/srv/y.iso'}
        self.assertIs(
            same,
            self.compare(source, '/srv/y.iso', content=content, mapped=mapped),
        )

    def test_a_volume_of_a_pool(self):
        source = b.volume('isos', 'x.iso')
        self.assertIs(True, self.compare(source, self.path, content=b'same'))

    @ddt.data((b'same', True), (b'diff', False))
    @ddt.unpack
    def test_an_image_below_a_medium(self, content, same):
        medium = b.disk(
            'sda',
            b.file('/iso/top'),
            'readonly',
            over=[b.file(self.path, 'raw')],
        )
        self.assertIs(same, self.compare(medium, self.path, content=content))

    def test_not_mapped(self):
        """The digests of one path are there already."""
        source = b.file(self.path, 'raw')
        self.assertIsNone(
            self.compare(source, self.path, content=b'same', mapped={})
        )
