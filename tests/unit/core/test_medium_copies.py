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

"""What stands against the copy of a read-only medium, and what is said."""

import unittest

import ddt

from tests.unit.core import builders as b
from tests.unit.core import media_cases
from tests.unit.core import planned

case, mapped = media_cases.case, media_cases.mapped
ISO, THERE, COPY = media_cases.ISO, media_cases.THERE, media_cases.COPY
MEDIUM = media_cases.MEDIUM
OTHER = b.local(virtual_bytes=b.MIB)
BY_HAND = 'copy it to the same path there yourself'
LEAVE = 'leave that one alone and give the medium a path of its own'
LOOK = (
    'look whose it is, move it away where nothing needs it, and migrate with '
    '--copy-media'
)
MAP_ELSEWHERE = (
    'map it to a directory or to a pool of files, or leave it at its path'
)
ISOS = {'isos': {'type': 'dir', 'path': '/iso'}}
IN_POOL = b.volume('isos', 'debian.iso')


def limited(bytes_, limit):
    """A medium of a size under a --copy-media-limit."""
    return case(
        here={'virtual_bytes': bytes_}, media={**COPY, 'limit_bytes': limit}
    )


def unknown_here(tree):
    """Nothing is known of the medium on the source."""
    del tree['storage']['source'][ISO]
    return tree


def into_pool(there):
    """A volume of a pool that --map-pool puts into another one."""
    return case(
        b.cdrom('sda', IN_POOL),
        media=COPY,
        pools=ISOS,
        pools_there=there,
        mapping={'pools': [{'source': 'isos', 'destination': 'media'}]},
    )


#: A case, why its medium is not copied, and what to do about it.
OBSTACLES = {
    'another_is_there': (
        case(there=OTHER, media=COPY),
        'it has another size there; what is there is never overwritten',
        LOOK,
    ),
    'it_is_not_known_whether_another_is_there': (
        case(there={'virtual_bytes': b.MIB}, media=COPY),
        'it has another size there; what is there is never overwritten',
        LOOK,
    ),
    'another_guest_uses_it': (
        case(there={**OTHER, 'used_by': 'web'}, media=COPY),
        'it has another size there; the domain web uses it there',
        LEAVE,
    ),
    'nothing_shows_that_the_one_of_the_new_place_is_the_same': (
        mapped(at=b.local(), media=COPY),
        'what is there is never overwritten',
        LOOK,
    ),
    'mapped_to_a_volume_group': (
        mapped(at={'exists': False, 'kind': 'block'}, media=COPY),
        f'--map /iso=/srv: {THERE} would be a volume there',
        MAP_ELSEWHERE,
    ),
    'mapped_to_no_pool': (
        into_pool({}),
        '--map-pool isos=media: the destination has no storage pool media',
        MAP_ELSEWHERE,
    ),
    'a_device': (
        case(b.cdrom('sda', b.block(ISO)), here={'kind': None}, media=COPY),
        'it is no file',
        f'{BY_HAND}, or detach it',
    ),
    'a_device_as_a_file': (
        case(here={'kind': 'block'}, media=COPY),
        'it is no file',
        f'{BY_HAND}, or detach it',
    ),
    'qcow2': (
        case(b.cdrom('sda', b.file(ISO)), media=COPY),
        'it is qcow2: raw files alone are copied',
        BY_HAND,
    ),
    'encrypted': (
        case(b.cdrom('sda', b.file(ISO, 'raw', inside=b.LUKS)), media=COPY),
        'it is encrypted',
        BY_HAND,
    ),
    'with_its_data_in_another_file': (
        case(
            b.cdrom('sda', b.file(ISO, 'raw', inside=b.data_store('/d'))),
            media=COPY,
        ),
        'it is encrypted',
        BY_HAND,
    ),
    'the_guest_writes_to_it': (
        case(MEDIUM, b.disk('vda', b.file(ISO, 'raw')), media=COPY),
        'another disk of the guest is the same file',
        'detach one',
    ),
    'the_guest_writes_to_it_as_a_volume': (
        case(MEDIUM, b.disk('vda', IN_POOL), media=COPY, pools=ISOS),
        'another disk of the guest is the same file',
        'detach one',
    ),
    'nothing_is_known_of_it': (
        unknown_here(case(media=COPY)),
        'its size is not known',
        BY_HAND,
    ),
    'nothing_is_known_of_it_and_one_is_at_the_new_place': (
        unknown_here(mapped(at=b.local(content='x'), media=COPY)),
        'what is there is never overwritten',
        LOOK,
    ),
    'no_size': (
        case(here={'virtual_bytes': None}, media=COPY),
        'its size is not known',
        BY_HAND,
    ),
    'one_byte_above_the_limit': (
        limited(b.GIB + 1, b.GIB),
        'it has 1025 MiB, of which at most 1024 are copied',
        f'allow more with --copy-media-limit, or {BY_HAND}',
    ),
    'a_limit_of_no_whole_mib': (
        limited(b.GIB, b.GIB - 1),
        'it has 1024 MiB, of which at most 1023 are copied',
        f'allow more with --copy-media-limit, or {BY_HAND}',
    ),
    'the_directory_is_not_known': (
        case(folder={}, media=COPY),
        'whether /iso is there could not be told',
        BY_HAND,
    ),
    'the_directory_cannot_be_read': (
        case(folder={'error': 'denied'}, media=COPY),
        'whether /iso is there could not be told',
        BY_HAND,
    ),
    'no_directory': (
        case(folder=b.GONE, media=COPY),
        '/iso is not there',
        'make /iso there',
    ),
    'what_is_at_the_new_place_is_not_known': (
        mapped(at={}, media=COPY),
        f'whether {THERE} is there could not be told',
        f'copy it to {THERE} there yourself',
    ),
    'the_new_place_cannot_be_read': (
        mapped(at={'error': 'denied'}, media=COPY),
        f'whether {THERE} is there could not be told',
        f'copy it to {THERE} there yourself',
    ),
}


@ddt.ddt
class MediumCopiesTest(unittest.TestCase):
    maxDiff = None

    @ddt.data(*OBSTACLES)
    def test_obstacle(self, name):
        tree, why, remedy = OBSTACLES[name]
        (refusal,) = (
            each
            for each in planned.plan(tree)['refusals']
            if each['target'] == 'sda'
        )
        self.assertEqual('content-missing', refusal['reason'])
        self.assertEqual(
            f'sda ({ISO}): Read-only content that the guest needs is not at '
            f'the destination ({why}). Remedy: {remedy}, or take the medium '
            'out of its drive there with --eject-media.',
            refusal['message'],
        )

    def test_raw_where_no_format_is_said(self):
        self.assert_copied(case(b.cdrom('sda', b.file(ISO, None)), media=COPY))

    def test_an_empty_drive_is_no_such_file(self):
        empty = b.disk('fda', None, device='floppy')
        self.assert_copied(case(MEDIUM, empty, media=COPY))

    def test_a_volume_of_a_pool_that_nobody_knows(self):
        """It stays with the caller: nothing is known to lack."""
        plan = planned.plan(case(b.cdrom('sda', IN_POOL), media=COPY))
        self.assertEqual([], plan['refusals'])
        self.assertNotIn('media', plan)
        (duty,) = plan['duties']
        self.assertIn('pool isos, volume debian.iso', duty['message'])

    def assert_copied(self, tree):
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertEqual(
            [('sda', 'copy')],
            [(m['target'], m['action']) for m in plan['media']],
        )
