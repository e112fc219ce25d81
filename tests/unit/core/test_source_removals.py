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

"""Which images of the source go when the guest has moved."""

import unittest

import ddt

from tests.unit.core import builders as b
from tests.unit.core import planned

A, BASE = '/data/a.qcow2', '/data/base.img'
DISK = b.disk('vda', b.file(A))
HERE = b.local(identity='boot:1:2', resolved=A)
FOLDER = b.local(kind='directory')
LV = '/dev/vg/lv'
_UUID = 'abcdef-0123-4567-89ab-cdef-0123-456789'
_OF_LVM = b.device(
    'dm', 'sata', logical_volume=LV, volume_uuid=_UUID, group_uuid='g1'
)
_POOL = {'vg': {'type': 'logical', 'path': '/dev/vg'}}


def case(*disks, here=None, there=b.GONE, flag=True, **more):
    return b.case(
        *(disks or (DISK,)),
        source={
            A: {**HERE, **(here or {})},
            BASE: b.local(),
            LV: more.pop('volume', _OF_LVM),
        },
        destination={
            '/data': FOLDER,
            A: there,
            BASE: b.GONE,
            LV: {'exists': False, 'group_uuid': 'g2'},
        },
        create_images=True,
        remove_source_images=flag,
        **more,
    )


def _volume(**facts):
    return case(
        b.disk('vda', b.block(LV)),
        volume={**_OF_LVM, **facts},
        pools=_POOL,
        pools_there={'vg': {**_POOL['vg'], 'free_bytes': 8 * b.GIB}},
    )


#: A case, and the paths that go.
CHOICES = {
    'asked_for': (case(), [A]),
    'not_asked_for': (case(flag=False), []),
    'the_top_alone': (
        case(b.disk('vda', b.file(A), over=[b.file(BASE)])),
        [A],
    ),
    'made_by_somebody_else': (
        case(
            there={**HERE, 'identity': 'not boot:1:2', 'format': 'qcow2'},
            existing=['vda'],
        ),
        [],
    ),
    'the_source_is_elsewhere': (case(here={'identity': None}), []),
    'behind_a_link': (case(here={'resolved': '/mnt/a.qcow2'}), []),
    'mounted_over': (case(here={'mount_point': A}), []),
    'another_disk_is_over_it': (
        case(
            persistent_xml=b.domain(b.disk('vdb', b.rbd(), over=[b.file(A)])),
            state={'persistent': True},
        ),
        [],
    ),
    'another_disk_at_the_next_start': (
        case(
            persistent_xml=b.domain(b.disk('vdb', b.file(A))),
            state={'persistent': True},
        ),
        [],
    ),
    'the_same_disk_at_the_next_start': (
        case(persistent_xml=b.domain(DISK), state={'persistent': True}),
        [A],
    ),
    'a_volume': (_volume(), [LV]),
    'a_volume_without_uuid': (_volume(volume_uuid=None), []),
    'a_thin_volume': (_volume(thin=True), []),
}


@ddt.ddt
class SourceRemovalsTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*CHOICES)
    def test_choice(self, name):
        tree, expected = CHOICES[name]
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertIn('vda', plan['migrate_disks'])
        found = [each['path'] for each in plan.get('removals', [])]
        self.assertEqual(expected, found)
        if tree['options']['remove_source_images'] and not expected:
            self.assertIn('is not deleted', ' '.join(plan['notes']))

    def test_a_refused_plan_deletes_nothing(self):
        tree = case(DISK, b.disk('vdb', b.file('/data/unknown')))
        plan = planned.plan(tree)
        self.assertFalse(plan['ready'])
        self.assertNotIn('removals', plan)

    def test_nova_deletes_its_own(self):
        prepared = {'directory': '/data'}
        tree = case(prepared=prepared)
        tree['options']['create_images'] = False
        tree['storage']['destination'] = {}
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertNotIn('removals', plan)
