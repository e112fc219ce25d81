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

"""What is said of a mapping: what it changes, and what it does not."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import destinations as d
from tests.unit.core.scenarios import volumes

ISO = '/data/x.iso'
MEDIUM = b.cdrom('sda', b.file(ISO, 'raw'))
IDLE = ', or another argument goes before this one'
EXTENTS = 'a volume is made in whole extents'
NO_WHOLE = 'are no whole extents of 4 MiB'
_POOLS = {'vg': {**d.POOL, 'free_bytes': 8 * b.GIB}}


def notes(*disks, **more):
    return planned.plan(d.case(*disks, **more))['notes']


class MappingNotesTest(unittest.TestCase):
    def of(self, target, found):
        return [note for note in found if note.startswith(f'{target}: ')]

    def to_group(self, size, **more):
        found = notes(
            wanted=d.mapping(d.TO_GROUP),
            source={d.HERE: b.local(virtual_bytes=size)},
            **{'there': {d.VOLUME: b.GONE}, 'pools_there': _POOLS, **more},
        )
        return ' '.join(found)

    def test_whole_extents(self):
        for size, said in (
            (b.GIB, False),
            (b.GIB + 4 * b.MIB, False),
            (b.GIB + 2 * b.MIB, True),
        ):
            found = self.to_group(size)
            self.assertIn(EXTENTS, found)
            self.assertEqual(said, NO_WHOLE in found)

    def test_an_existing_device_is_as_it_is(self):
        found = self.to_group(
            b.GIB + b.MIB,
            there={
                d.VOLUME: b.device('dm', 'sata', virtual_bytes=b.GIB + b.MIB)
            },
            existing=['vda'],
            local=['/dev'],
        )
        self.assertIn(EXTENTS, found)
        self.assertNotIn(NO_WHOLE, found)

    def test_a_volume_of_a_pool_has_its_size(self):
        found = notes(
            b.disk('vda', b.volume('data', 'vda')),
            wanted=d.mapping((), [{'source': 'data', 'destination': 'vg'}]),
            source={d.HERE: b.local(virtual_bytes=b.GIB + b.MIB)},
            there={d.VOLUME: b.GONE},
            pools={'data': {'type': 'dir', 'path': '/data'}},
            pools_there=_POOLS,
        )
        self.assertIn(NO_WHOLE, ' '.join(found))

    def test_what_is_no_mapped_volume_has_no_extents(self):
        mapped = notes(wanted=d.mapping(d.MAP))
        unmapped = planned.plan(
            b.case(
                b.disk('vda', b.block(volumes.PATH)),
                source={volumes.PATH: volumes.volume()},
                destination={volumes.PATH: b.GONE},
                pools_there={'vg-0': volumes.pool()},
                create_images=True,
                mapping=d.mapping(vda='raw'),
            )
        )
        self.assertTrue(unmapped['ready'])
        for found in (mapped, unmapped['notes']):
            self.assertNotIn(EXTENTS, ' '.join(found))

    def test_what_is_copied_elsewhere_needs_no_note(self):
        wanted = d.mapping(d.MAP, vda='raw')
        self.assertEqual([], self.of('vda', notes(wanted=wanted)))

    def test_nor_does_what_is_refused(self):
        found = notes(
            b.disk('vda', b.file(d.HERE)),
            wanted=d.mapping(d.MAP, vda='raw'),
            there={**d.ROOM, d.THERE: b.local(identity='other')},
        )
        self.assertEqual([], self.of('vda', found))

    def test_each_argument_that_does_not_apply(self):
        medium = {ISO: b.local()}
        self.assertEqual(
            [
                'sda: it is read-only or empty, and --map /data=/srv applies '
                'to a medium that --copy-media brings over',
                'sda: it is read-only or empty, so that --to-format sda does '
                'not apply to it',
            ],
            self.of(
                'sda',
                notes(
                    MEDIUM,
                    wanted=d.mapping(d.MAP, sda='raw'),
                    source=medium,
                    there=medium,
                ),
            ),
        )
        self.assertEqual(
            ['vdb: it is kept, so that --to-format vdb does not apply to it'],
            self.of(
                'vdb',
                notes(b.disk('vdb', b.rbd()), wanted=d.mapping(vdb='raw')),
            ),
        )

        found = notes(MEDIUM, wanted=d.mapping(d.MAP), source=medium)
        self.assertEqual(1, len(self.of('sda', found)))

    def test_what_no_disk_uses(self):
        """A path with a colon in it is one path."""
        path = '/data: x'
        maps = [{'source': path, 'destination': '/srv'}]
        found = notes(wanted=d.mapping([*maps, *d.MAP]))
        self.assertEqual(
            [f'--map {path}=/srv: no disk is below {path}{IDLE}'],
            [note for note in found if note.startswith('--map')],
        )
        found = notes(
            b.disk('vda', b.file(f'{path}/vda')),
            wanted=d.mapping(maps),
            source={f'{path}/vda': b.local()},
        )
        self.assertFalse([n for n in found if n.startswith('--')])

    def test_a_format_of_a_drive_without_a_source(self):
        found = notes(
            b.disk('vda', b.file(d.HERE)),
            b.cdrom('sda'),
            wanted=d.mapping(vda='raw', sda='raw'),
        )
        self.assertEqual(
            ['--to-format: no disk with a source is sda'],
            [note for note in found if note.startswith('--to-format')],
        )
