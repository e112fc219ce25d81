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

"""What libvirt calls unsafe: the words, and what is only noted."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import planned

PATH = '/mnt/x/a.img'
BEFORE = b.disk('vda', b.rbd())
DISK = b.disk('vdb', b.file(PATH, 'raw'))
NOT_EVERY = (
    'vdb: not every libvirt takes {} for shared, and the version on the '
    'source is not known'
)
SMB = (
    'vdb: libvirt may take a mount with SMB 2 or later for local, and refuse '
    'the migration'
)


def plan(fstype, libvirt=None, *, disk=DISK, overrides=(), **more):
    """A shared file after a network disk, and a source host's libvirt."""
    known = {PATH: b.on(fstype, identity='i')}
    versions = {'libvirt': libvirt} if libvirt else {}
    if overrides:
        versions['shared_filesystems'] = [*overrides]
    return planned.plan(
        b.case(
            BEFORE,
            disk,
            **{
                'source': known,
                'destination': known,
                'versions': {'source': versions},
                **more,
            },
        )
    )


class UnsafeDisksTest(unittest.TestCase):
    def noted(self, *args, **more):
        found = plan(*args, **more)
        self.assertEqual([], found['refusals'])
        return [n for n in found['notes'] if n.startswith('vdb: ')]

    def refused(self, *args, **more):
        (refusal,) = plan(*args, **more)['refusals']
        self.assertEqual('vdb', refusal['target'])
        return refusal['message']

    def test_what_is_only_noted(self):
        for fstype, libvirt, note in (
            ('lustre', None, NOT_EVERY.format('lustre')),
            ('beegfs', None, NOT_EVERY.format('beegfs')),
            ('beegfs', 9_007_000, None),
            ('nfs', None, None),
            ('nfs', 9_000_000, None),
            ('cifs', None, SMB),
            ('cifs', 9_000_000, SMB),
        ):
            self.assertEqual(
                [note] if note else [], self.noted(fstype, libvirt), fstype
            )

    def test_what_is_read_only_is_not(self):
        medium = b.cdrom('vdb', b.file(PATH, 'raw'))
        self.assertEqual([], self.noted('lustre', disk=medium))

    def test_what_nobody_knows_is_not(self):
        """A declaration keeps it, and nothing tells its file system."""
        for known in ({}, {PATH: {'exists': True}}):
            found = self.noted(
                'lustre', source=known, destination={}, shared=['/mnt']
            )
            self.assertEqual([], found)

    def test_a_pool_that_nobody_knows(self):
        volume = b.disk('vdb', b.volume('p', 'x'), serial=b.VOLUME)
        rows = [b.row('vdb', b.VOLUME)]
        self.assertEqual([], self.noted('nfs', disk=volume, rows=rows))

    def test_the_file_system_is_named(self):
        self.assertIn(
            ' (it is on lustre). ', self.refused('lustre', 9_000_000)
        )

    def test_the_first_libvirt_with_the_option(self):
        self.assertEqual(
            [], self.noted('lustre', 10_009_000, overrides=['/mnt'])
        )
        self.assertIn(
            'lustre', self.refused('lustre', 10_008_999, overrides=['/mnt'])
        )

    def test_a_local_volume_of_nova_s(self):
        message = self.refused(
            'ext4',
            9_000_000,
            disk=b.disk('vdb', b.file(PATH, 'raw'), serial=b.VOLUME),
            source={PATH: b.local()},
            destination={},
            rows=[b.row('vdb', b.VOLUME, 'local', device_path=PATH)],
        )
        self.assertIn(
            '(nova names it as a volume, and it is on ext4; libvirt on the '
            'source refuses every migration that keeps it). Remedy: detach '
            'the volume before the migration',
            message,
        )
