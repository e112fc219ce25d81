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

"""Whether a volume's connection names a disk's source."""

import hashlib
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.core.evidence import source_matching
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import storage_facts
from tests.unit.core import builders as b
from tests.unit.core.scenarios import joins

Attachment = domains.VolumeAttachment
FILE = domains.SourceType.FILE
BLOCK = storage_facts.PathKind.BLOCK
SAME, OTHER, SILENT = source_matching.Match
IQN = joins.IQN
LUN = ((IQN, '1'),)
EXPORT = 'srv:/exp'
HOME = hashlib.md5(EXPORT.encode(), usedforsecurity=False).hexdigest()
UNIQUE = f'volume-{b.VOLUME}'


def facts(fstype=None, mount_source=None, **more):
    return storage_facts.StorageFacts(
        fstype=fstype, mount_source=mount_source, **more
    )


class ManyTest(unittest.TestCase):
    """Any number of exports may have a file of one name, such as "disk"."""

    @staticmethod
    def joined(count):
        """Join disks on exports of their own; return the targets by volume."""
        paths = [f'/mnt/{n}/disk' for n in range(count)]
        disks = [
            domains.Disk(f'vd{n}', source=domains.DiskSource(FILE, path=path))
            for n, path in enumerate(paths)
        ]
        found = volume_matching.match(
            disks,
            [
                Attachment(
                    volume_id=f'id-{n}',
                    driver_volume_type='nfs',
                    export=f'filer:/{n}',
                    file_name='disk',
                )
                for n in range(count)
            ],
            {
                path: facts('nfs', f'filer:/{n}')
                for n, path in enumerate(paths)
            },
        )
        return {
            target: each.attachment and each.attachment.volume_id
            for target, each in found.by_target.items()
        }

    def test_each_disk_is_held_against_its_own_volume_alone(self):
        real = source_matching.match
        with mock.patch.object(
            source_matching, 'match', side_effect=real
        ) as held:
            found = self.joined(50)
        self.assertEqual({f'vd{n}': f'id-{n}' for n in range(50)}, found)
        self.assertLessEqual(held.call_count, 3 * 50)


@ddt.ddt
class NetworkTest(unittest.TestCase):
    @ddt.data(
        ('rbd', 'p/i', {'image': 'p/i'}, SAME),
        ('rbd', '/p/i', {'image': 'p/i'}, SAME),
        ('rbd', 'p/j', {'image': 'p/i'}, OTHER),
        ('nbd', 'p/i', {'image': 'p/i'}, OTHER),
        ('nbd', None, {'image': 'p/i'}, OTHER),
        ('rbd', 'p/i', {}, SILENT),
        ('iscsi', f'{IQN}/1', {'luns': LUN}, SAME),
        ('iscsi', f'{IQN}/2', {'luns': LUN}, OTHER),
        ('iscsi', f'{IQN}/1', {}, SILENT),
        ('nbd', f'{IQN}/1', {'luns': LUN}, SILENT),
        ('gluster', 'v/f', {'export': 'h:/v', 'file_name': 'f'}, SAME),
        ('gluster', 'v/f', {'export': 'h:/a/v', 'file_name': 'f'}, SAME),
        ('gluster', 'v/g', {'export': 'h:/v', 'file_name': 'f'}, OTHER),
        ('gluster', 'v/f', {}, SILENT),
        ('nbd', 'v/f', {'export': 'h:/v', 'file_name': 'f'}, OTHER),
        *(
            ('nbd', 'x', {'driver_volume_type': kind}, OTHER)
            for kind in ('iscsi', 'iser', 'fibre_channel', 'nvmeof')
        ),
        ('nbd', 'x', {'driver_volume_type': 'custom'}, SILENT),
    )
    @ddt.unpack
    def test_match(self, protocol, name, volume, expected):
        source = domains.DiskSource(
            type=domains.SourceType.NETWORK, protocol=protocol, name=name
        )
        self.assertIs(
            expected, source_matching.match(source, None, Attachment(**volume))
        )


@ddt.ddt
class PathTest(unittest.TestCase):
    def _match(self, kind, path, known, volume):
        source = domains.DiskSource(type=kind, path=path)
        return source_matching.match(source, known, Attachment(**volume))

    @ddt.data(
        ('/dev/x', None, {'device_paths': ('/dev/x',)}, SAME),
        ('/by/x', facts(resolved='/x'), {'device_paths': ('/x',)}, SAME),
        ('/by/x', facts(resolved='/x'), {'device_paths': ('/by/x',)}, SAME),
        # Another path can be the same LUN.
        ('/dev/x', None, {'device_paths': ('/dev/y',)}, SILENT),
        ('/dev/x', None, {'image': 'p/i'}, SILENT),
        ('/dev/sdb', None, {'image': 'p/i'}, OTHER),
        ('/dev/x', None, {'export': EXPORT}, OTHER),
        ('/dev/x', None, {'luns': LUN}, SILENT),
        (joins.BY_PATH, None, {'luns': LUN}, SAME),
        (joins.BY_PATH.upper(), None, {'luns': LUN}, SAME),
        (joins.BY_PATH, None, {'luns': ((IQN, '2'),)}, OTHER),
        (joins.BY_PATH, None, {'luns': (('iqn.x', '1'),)}, OTHER),
        (joins.BY_PATH, None, {}, SILENT),
        (joins.FC_PATH, None, {'luns': ((joins.WWN.upper(), '2'),)}, SAME),
        (joins.FC_PATH, None, {'luns': ((joins.WWN, '1'),)}, OTHER),
    )
    @ddt.unpack
    def test_device(self, path, known, volume, expected):
        self.assertIs(
            expected,
            self._match(domains.SourceType.BLOCK, path, known, volume),
        )

    def test_a_device_in_a_file_disk(self):
        found = self._match(
            FILE, joins.BY_PATH, facts(kind=BLOCK), {'luns': LUN}
        )
        self.assertIs(SAME, found)

    @ddt.data(
        *(
            ({'driver_volume_type': kind}, OTHER)
            for kind in ('iscsi', 'iser', 'fibre_channel', 'nvmeof', 'rbd')
        ),
        ({'driver_volume_type': 'custom'}, SILENT),
        ({'device_paths': ('/vol/y',)}, OTHER),
        ({'device_paths': ('/vol/x',)}, SAME),
    )
    @ddt.unpack
    def test_file(self, volume, expected):
        self.assertIs(
            expected, self._match(FILE, '/vol/x', facts('ext4'), volume)
        )

    @ddt.data(
        # By what is mounted.
        ('/m/disk', facts('nfs', EXPORT), 'disk', EXPORT, SAME),
        ('/m/disk', facts('nfs', f'{EXPORT}/'), 'disk', EXPORT, SAME),
        ('/m/disk', facts('nfs', EXPORT), 'disk', f'{EXPORT}/', SAME),
        ('/m/disk', facts('nfs', 'srv:/two'), 'disk', EXPORT, OTHER),
        ('/m/disk', facts(None, 'srv:/two'), 'disk', EXPORT, OTHER),
        ('/m/other', facts('nfs', EXPORT), 'disk', EXPORT, OTHER),
        ('/m/disk', facts('nfs', EXPORT), None, EXPORT, SILENT),
        ('/m/disk', facts('nfs', 'srv:/two'), None, EXPORT, OTHER),
        # By where nova mounts.
        (f'/m/{HOME}/disk', None, 'disk', EXPORT, SAME),
        (f'/m/{HOME}/x/disk', None, 'disk', EXPORT, SILENT),
        # By a name that one volume alone has.
        (f'/m/{UNIQUE}', None, UNIQUE, EXPORT, SAME),
        (f'/m/{UNIQUE}', facts(), UNIQUE, EXPORT, SAME),
        (f'/m/{UNIQUE}', facts('ext4', '/dev/x'), UNIQUE, EXPORT, SAME),
        (f'/m/{UNIQUE}', facts('nfs', 'srv:/two'), UNIQUE, EXPORT, OTHER),
        ('/m/disk', None, 'disk', EXPORT, SILENT),
        ('/m/disk', facts('ext4', '/dev/x'), 'disk', EXPORT, SILENT),
    )
    @ddt.unpack
    def test_file_of_an_export(self, path, known, name, export, expected):
        volume = {
            'volume_id': b.VOLUME,
            'export': export,
            'file_name': name,
        }
        self.assertIs(expected, self._match(FILE, path, known, volume))
