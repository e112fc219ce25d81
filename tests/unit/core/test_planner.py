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

"""What a plan says beyond its decisions: sizes, names."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import planned

A, B = '/data/a', '/data/b'


class SizeTest(unittest.TestCase):
    def _plan(self, *disks, **facts):
        return planned.plan(
            b.case(
                *disks,
                source={f'/data/{name}': f for name, f in facts.items()},
            )
        )

    def test_sizes_are_those_of_the_source(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            a=b.local(virtual_bytes=9000, allocated_bytes=700),
        )
        (disk,) = plan['disks']
        self.assertEqual(9000, disk['virtual_bytes'])
        self.assertEqual(700, disk['allocated_bytes'])
        self.assertEqual(700, plan['copy_bytes'])

    def test_what_has_allocated_nothing_moves_nothing(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            a=b.local(virtual_bytes=9000, allocated_bytes=0),
        )
        self.assertEqual(0, plan['disks'][0]['allocated_bytes'])
        self.assertEqual(0, plan['copy_bytes'])
        self.assertTrue(plan['ready'])

    def test_where_that_is_not_known_all_of_it_may_move(self):
        plan = self._plan(
            b.disk('vda', b.file(A)), a=b.local(virtual_bytes=9000)
        )
        self.assertEqual(9000, plan['copy_bytes'])

    def test_sizes_that_are_not_known_are_null(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            a={'exists': True, 'kind': 'file', 'fstype': 'ext4'},
        )
        (disk,) = plan['disks']
        self.assertIsNone(disk['virtual_bytes'])
        self.assertIsNone(disk['allocated_bytes'])
        self.assertEqual(0, plan['copy_bytes'])
        self.assertTrue(plan['ready'])

    def test_only_copies_count(self):
        plan = self._plan(
            b.disk('vda', b.file(A)),
            b.disk('vdb', b.file(B), 'readonly'),
            a=b.local(allocated_bytes=5),
            b=b.local(allocated_bytes=70),
        )
        self.assertEqual(5, plan['copy_bytes'])

    def test_a_device_counts_with_its_size(self):
        plan = planned.plan(
            b.case(
                b.disk('vda', b.block('/dev/sdb')),
                source={'/dev/sdb': b.device('sata', virtual_bytes=11)},
            )
        )
        self.assertEqual(11, plan['copy_bytes'])

    def test_a_chain_counts_no_more_than_the_disk(self):
        plan = self._plan(
            b.disk('vda', b.file(A), over=[b.file(B)]),
            a=b.local(virtual_bytes=9, allocated_bytes=7),
            b=b.local(virtual_bytes=9, allocated_bytes=7),
        )
        self.assertEqual(9, plan['copy_bytes'])


class DomainTest(unittest.TestCase):
    def test_name_and_uuid(self):
        plan = planned.plan(b.case())
        self.assertEqual({'name': 'guest', 'uuid': b.UUID}, plan['domain'])

    def test_source_is_said(self):
        for source, expected in (
            (b.file(A), A),
            (b.block('/dev/x'), '/dev/x'),
            (b.volume('p', 'v'), 'v'),
            (b.rbd('pool/image'), 'pool/image'),
            (b.vhostuser('/run/s'), '/run/s'),
        ):
            with self.subTest(source=source):
                (disk,) = planned.plan(b.case(b.disk('vda', source)))['disks']
                self.assertIn(expected, disk['source'])

    def test_an_empty_drive_has_no_source(self):
        (disk,) = planned.plan(b.case(b.cdrom('hda')))['disks']
        self.assertIsNone(disk['source'])
        self.assertEqual('cdrom', disk['device'])

    def test_evidence_says_where_it_was_seen(self):
        plan = planned.plan(
            b.case(
                b.disk('vdb', b.block('/dev/x'), serial=b.VOLUME),
                rows=[b.row('vdb', b.VOLUME, 'iscsi')],
                source={'/dev/x': b.device('iscsi')},
            )
        )
        (disk,) = plan['disks']
        said = ' '.join(disk['evidence'])
        self.assertIn(b.VOLUME, said)
        self.assertIn('/dev/x', said)
        self.assertIn('iscsi', said)
