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

"""Which images of a chain are copied, and which one a refusal is about."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import planned

TOP, OTHER, BASE = '/data/top', '/data/other', '/base/b'
_SAME = b.local(content='sha256-x')
_INC, _FULL = 'VIR_MIGRATE_NON_SHARED_INC', 'VIR_MIGRATE_NON_SHARED_DISK'


class UnknownEndTest(unittest.TestCase):
    """The domain XML does not tell where a chain ends."""

    def _plan(self, *disks):
        return planned.plan(
            b.case(
                *disks,
                source={TOP: b.local(), OTHER: b.local(), BASE: _SAME},
                destination={
                    '/data': {'exists': True, 'kind': 'directory'},
                    **dict.fromkeys((TOP, OTHER), b.GONE),
                    BASE: _SAME,
                },
                create_images=True,
            )
        )

    def _flags(self, *disks):
        return {*self._plan(*disks)['flags']} & {_INC, _FULL}

    def test_a_disk_that_may_have_a_base_makes_the_copy_full(self):
        over = b.disk('vda', b.file(TOP), over=[b.file(BASE)])
        untold = b.disk('vdb', b.file(OTHER), ends=False)
        self.assertEqual({_FULL}, self._flags(over, untold))
        self.assertEqual({_INC}, self._flags(over))
        told = b.disk('vdb', b.file(OTHER))
        self.assertEqual({_INC}, self._flags(over, told))

    def test_a_raw_image_has_none(self):
        over = b.disk('vda', b.file(TOP), over=[b.file(BASE)])
        raw = b.disk('vdb', b.file(OTHER, 'raw'), ends=False)
        self.assertEqual({_INC}, self._flags(over, raw))

    def test_a_base_that_may_have_a_base_is_copied_too(self):
        untold = b.disk('vda', b.file(TOP), over=[b.file(BASE)], ends=False)
        plan = self._plan(untold)
        self.assertEqual('local-filesystem', plan['disks'][0]['reason'])
        self.assertIn(_FULL, plan['flags'])
        (image,) = plan['images']
        self.assertIsNone(image.get('backing_path'))
        raw = b.file(BASE, 'raw')
        told = b.disk('vda', b.file(TOP), over=[raw], ends=False)
        self.assertEqual({_INC}, self._flags(told))


class NoBaseTest(unittest.TestCase):
    """libvirt makes no image over one of the network, or of no known format.

    A copy of all that the guest sees is right whatever the base is.
    """

    def _plan(self, base, there=b.GONE, **more):
        over = b.disk('vda', b.file(TOP), over=[base])
        nfs = b.on('nfs4', identity='i')
        return planned.plan(
            b.case(
                over,
                source={TOP: b.local(), '/nfs/b': nfs},
                destination={
                    '/data': {'exists': True, 'kind': 'directory'},
                    TOP: there,
                    '/nfs/b': nfs,
                },
                create_images=True,
                **more,
            )
        )

    def test_all_is_copied(self):
        for base in (
            b.rbd(),
            b.network('https', 'b.img', 'mirror'),
            b.file('/nfs/b', None),
        ):
            with self.subTest(base=base):
                plan = self._plan(base)
                self.assertEqual([], plan['refusals'])
                self.assertEqual(['vda'], plan['migrate_disks'])
                self.assertEqual({_FULL}, {*plan['flags']} & {_INC, _FULL})
                (image,) = plan['images']
                self.assertIsNone(image.get('backing_path'))
                xml = plan['parameters']['destination_xml']
                self.assertIn('<backingStore/>', xml)

    def test_what_would_arrive_in_clear_is_not(self):
        base = b.network('rbd', 'vms/b', 'mon', inside=b.LUKS)
        (refusal,) = self._plan(base)['refusals']
        self.assertEqual('encrypted-disk', refusal['reason'])

    def test_the_caller_s_image_has_its_base(self):
        plan = self._plan(b.rbd(), b.local(), existing=['vda'])
        self.assertEqual('local-over-shared', plan['disks'][0]['reason'])
        self.assertEqual([], plan['images'])
        self.assertNotIn('destination_xml', plan['parameters'])


class AboutTest(unittest.TestCase):
    """A message names the image that is meant."""

    def _message(self, disk, **source):
        plan = planned.plan(b.case(disk, source=source))
        (refusal,) = plan['refusals']
        return refusal['message']

    def test_of_an_image_below(self):
        over = b.disk('vda', b.rbd(), over=[b.file(BASE)])
        for facts in ({}, {BASE: b.on('nfs')}, {BASE: b.local()}):
            message = self._message(over, **facts)
            self.assertTrue(message.startswith(f'vda ({BASE}): '), message)

    def test_of_a_data_file(self):
        disk = b.disk(
            'vda', b.file(TOP, inside=b.data_store('/other/data.raw'))
        )
        nfs = b.on('nfs4', identity='i')
        plan = planned.plan(
            b.case(disk, source={TOP: nfs}, destination={TOP: nfs})
        )
        (refusal,) = plan['refusals']
        self.assertIn('vda (/other/data.raw): ', refusal['message'])
        self.assertEqual('locality-unknown', refusal['reason'])

    def test_of_the_disk_itself(self):
        message = self._message(b.disk('vda', b.file(TOP)))
        self.assertTrue(message.startswith(f'vda ({TOP}): '), message)


class DataFileTest(unittest.TestCase):
    """A volume's data file is the volume's own beside it alone."""

    def _action(self, path):
        top = '/mnt/x/volume-1'
        disk = b.disk(
            'vdb',
            b.file(top, inside=b.data_store(path)),
            serial=b.VOLUME,
        )
        rows = [b.row('vdb', b.VOLUME, 'nfs', export='s:/e')]
        facts = {top: b.on('nfs', 's:/e'), path: b.on('nfs', 's:/f')}
        return planned.actions(b.case(disk, rows=rows, source=facts))['vdb']

    def test_beside_it(self):
        self.assertEqual('keep', self._action('/mnt/x/volume-1.data'))

    def test_elsewhere(self):
        self.assertEqual('refuse', self._action('/other/data.raw'))


class RemedyTest(unittest.TestCase):
    """Nothing unsafe is advised while a file may be the disk itself."""

    def _messages(self, fstype, there, **more):
        plan = planned.plan(
            b.case(
                b.disk('vda', b.file(TOP)),
                source={TOP: b.on(fstype, identity='i')},
                destination={
                    '/data': {'exists': True, 'kind': 'directory'},
                    TOP: {'exists': True, 'kind': 'file', **there},
                },
                create_images=True,
                **more,
            )
        )
        self.assertFalse(plan['ready'])
        return [r['message'] for r in plan['refusals']]

    def test_without_identity(self):
        for fstype in ('ext4', 'nfs4', 'odd'):
            for there in (
                {},
                {'fstype': 'nfs4', 'mount_source': 'here:/data'},
                {'kind': 'other'},
            ):
                for more in ({}, {'existing': ['vda']}, {'local': ['/data']}):
                    for text in self._messages(fstype, there, **more):
                        for word in ('remove', 'local_paths', 'local-path'):
                            self.assertNotIn(word, text)

    def test_of_another_file(self):
        (text,) = self._messages('ext4', {'identity': 'j'})
        self.assertIn('name it with --existing', text)
