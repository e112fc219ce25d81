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

"""No copy goes to where another disk of the guest is at the destination."""

import unittest

import ddt

from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import destinations as d

OTHER = '/other/vda'
BASE = '/other/base'
ROOM = {'/other': d.FOLDER, OTHER: b.GONE, '/data': d.FOLDER, d.HERE: b.GONE}
TO_OTHER = [{'source': '/data', 'destination': '/other'}]
_POOLS = {
    'pools': {'data': {'type': 'dir', 'path': '/data'}},
    'pools_there': {'new': {'type': 'dir', 'path': '/other', 'active': True}},
}
VDA = b.disk('vda', b.file(d.HERE))
VDB = b.disk('vdb', b.file(OTHER))


def case(
    *disks, paths=TO_OTHER, pool_maps=(), source=None, there=None, **more
):
    return d.case(
        *disks,
        wanted=d.mapping(paths, pool_maps),
        source={OTHER: b.local(identity='o'), **(source or {})},
        there={**ROOM, **(there or {})},
        **more,
    )


def _in(medium):
    return b.cdrom('sda', b.file(medium, 'raw'))


#: A case, and the disks that are refused with the one that is there.
REFUSED = {
    'of_one_that_stays': (case(VDA, VDB), {'vda': 'vdb', 'vdb': 'vda'}),
    'of_one_by_a_pool': (
        case(
            VDA,
            VDB,
            paths=(),
            pool_maps=[{'source': 'data', 'destination': 'new'}],
            **_POOLS,
        ),
        {'vda': 'vdb', 'vdb': 'vda'},
    ),
    'of_a_medium': (case(VDA, _in(OTHER)), {'vda': 'sda'}),
    'of_a_medium_in_a_pool': (
        case(
            VDA,
            b.cdrom('sda', b.volume('new', 'vda')),
            pools_there=_POOLS['pools_there'],
        ),
        {'vda': 'sda'},
    ),
    'of_a_base': (
        case(
            b.disk('vda', b.file('/data/base')),
            b.disk('vdb', b.file(OTHER), over=[b.file(BASE)]),
            source={'/data/base': b.local(), BASE: b.local()},
            there={BASE: b.GONE},
        ),
        # The other one stays over a base that would be overwritten.
        {'vda': 'vdb', 'vdb': 'vda'},
    ),
    'of_two': (
        case(VDA, _in(OTHER), b.cdrom('sdb', b.file(OTHER, 'raw'))),
        {'vda': 'sda and sdb'},
    ),
}


@ddt.ddt
class DuplicateDestinationsTest(unittest.TestCase):
    @ddt.data(*REFUSED)
    def test_refused(self, name):
        tree, expected = REFUSED[name]
        found = {
            each['target']: each['message']
            for each in planned.plan(tree)['refusals']
            if each['reason'] == 'duplicate-destination'
        }
        self.assertEqual(set(expected), set(found))
        for target, other in expected.items():
            self.assertIn(f'there is that of {other})', found[target])

    def test_one_base_of_two_that_stay_is_no_duplicate(self):
        """Nor of one that stays and of a medium: only what is mapped can."""
        over = [b.file(BASE)]
        base = {BASE: b.local(identity='b')}
        tree = case(
            b.disk('vda', b.file(d.HERE)),
            b.disk('vdb', b.file(OTHER), over=over),
            b.disk('vdc', b.file('/other/vdc'), over=over),
            _in(BASE),
            paths=d.MAP,
            source={**base, '/other/vdc': b.local()},
            there={**base, **d.ROOM, '/other/vdc': b.GONE},
        )
        plan = planned.plan(tree)
        self.assertEqual([], plan['refusals'])
        self.assertEqual(['vda', 'vdb', 'vdc'], plan['migrate_disks'])
