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

"""The room that copies take in each directory."""

import unittest

from tests.unit.core import builders as b
from tests.unit.core import planned
from tests.unit.core.scenarios import destinations as d

HERE = '/data/vdb'
RAW = b.disk('vda', b.file(d.HERE, 'raw'))


def folder(free):
    return {**d.FOLDER, 'free_bytes': free}


def case(free, *disks, paths=d.MAP, **formats):
    """Files that are mapped into a directory with some room."""
    return d.case(
        *disks,
        wanted=d.mapping(paths, **formats),
        source={HERE: b.local()},
        there={
            '/srv': folder(free),
            '/data': folder(free),
            **dict.fromkeys((d.THERE, '/srv/vdb', d.HERE, HERE), b.GONE),
        },
    )


class PoolRoomTest(unittest.TestCase):
    def assert_full(self, tree, needed):
        (refusal,) = planned.plan(tree)['refusals']
        self.assertEqual('destination-full', refusal['reason'])
        self.assertIn(f'(/srv needs {needed} bytes', refusal['message'])

    def assert_fits(self, tree):
        self.assertEqual([], planned.plan(tree)['refusals'])

    def test_what_a_copy_moves(self):
        self.assert_full(case(b.MIB - 1), b.MIB)
        self.assert_fits(case(b.MIB))
        self.assert_fits(case(b.MIB, RAW))

    def test_all_of_what_becomes_raw(self):
        self.assert_full(case(b.GIB - 1, vda='raw'), b.GIB)
        self.assert_fits(case(b.GIB, vda='raw'))

    def test_the_files_of_one_directory(self):
        disks = RAW, b.disk('vdb', b.file(HERE))
        self.assert_full(case(2 * b.MIB - 1, *disks), 2 * b.MIB)
        self.assert_fits(case(2 * b.MIB, *disks))

    def test_what_stays_at_its_path_is_watched_instead(self):
        self.assert_fits(case(0, paths=()))
