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

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import source_removals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.plan import planner
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


def _volume(pools=_POOL, **facts):
    return case(
        b.disk('vda', b.block(LV)),
        volume={**_OF_LVM, **facts},
        pools=pools,
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


_DEFINED = {'state': {'persistent': True}}
_DIR = {'pool': {'type': 'dir', 'path': '/data'}}
_IN_POOL = b.volume('pool', 'a.qcow2', 'qcow2')
_USED = 'another disk of the guest has it'
_ODD = 'it is neither a file nor a logical volume'
#: A case, the path that stays, and why.
KEPT = {
    'made_by_somebody_else': (
        CHOICES['made_by_somebody_else'][0],
        A,
        'the image at the destination is not made by this migration',
    ),
    'the_source_is_elsewhere': (
        CHOICES['the_source_is_elsewhere'][0],
        A,
        'which file it is can be told only where the command runs on the '
        'source',
    ),
    'behind_a_link': (
        CHOICES['behind_a_link'][0],
        A,
        'there is a link in its path',
    ),
    'mounted_over': (
        CHOICES['mounted_over'][0],
        A,
        'it is mounted over its name',
    ),
    'another_disk_at_the_next_start': (
        CHOICES['another_disk_at_the_next_start'][0],
        A,
        _USED,
    ),
    'another_disk_of_a_pool_at_the_next_start': (
        case(
            persistent_xml=b.domain(b.disk('vdb', _IN_POOL)),
            pools=_DIR,
            **_DEFINED,
        ),
        A,
        _USED,
    ),
    'another_disk_now': (
        case(
            DISK,
            b.cdrom('sda', b.file(f'/data/.{A[5:]}')),
            media={'eject': True},
        ),
        A,
        _USED,
    ),
    'a_volume_without_uuid': (_volume(volume_uuid=None), LV, _ODD),
    'a_volume_without_its_name': (_volume(logical_volume=None), LV, _ODD),
    'a_thin_volume': (
        _volume(thin=True),
        LV,
        'libvirt lists no thin volume',
    ),
    'a_volume_of_no_pool': (
        _volume(pools={}),
        LV,
        'no storage pool of the source has /dev/vg',
    ),
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

    @ddt.data(*KEPT)
    def test_why_an_image_stays(self, name):
        tree, path, why = KEPT[name]
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertNotIn('removals', plan)
        self.assertIn(
            f'{path} is not deleted on the source: {why}', plan['notes']
        )

    def removals(self, tree):
        plan = planner.plan(migration_case.loads(b.text(tree)))
        self.assertIn('vda', plan.call.parameters['migrate_disks'])
        return plan.removals.removed, plan.notes

    def test_what_shows_later_that_a_file_is_the_same(self):
        """Its identity and size; other disks of the guest are not it."""
        others = b.disk('vdb', b.rbd()), b.cdrom('sda', b.file('/iso', 'raw'))
        for tree in (
            case(),
            case(DISK, *others),
            case(b.disk('vda', _IN_POOL), pools=_DIR, pools_there=_DIR),
            case(
                persistent_xml=b.domain(
                    DISK, b.disk('vdb', b.volume('unknown', 'x'))
                ),
                **_DEFINED,
            ),
        ):
            removed, notes = self.removals(tree)
            self.assertEqual(
                (source_removals.SourceRemoval('vda', A, 'boot:1:2', b.GIB),),
                removed,
            )
            self.assertIn(
                f'vda: {A} is deleted on the source once the guest is seen '
                'running at the destination',
                notes,
            )

    def test_what_shows_later_that_a_volume_is_the_same(self):
        removed, _ = self.removals(_volume())
        self.assertEqual(
            (source_removals.SourceRemoval('vda', LV, _UUID, b.GIB, 'vg'),),
            removed,
        )

    def test_nova_deletes_its_own_whoever_makes_the_images(self):
        facts = case_facts.Facts.of(
            migration_case.loads(b.text(case(prepared={'directory': '/data'})))
        )
        copied = disk_strategy.Strategy(
            facts.domain.disks[0],
            domains.DiskAction.COPY,
            domains.Locality.LOCAL,
            reasons.Reason.LOCAL_FILESYSTEM,
        )
        found = source_removals.choose(facts, (copied,), ())
        self.assertEqual(source_removals.SourceRemovals(), found)

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
