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

"""The files that a destination is told to make."""

import json
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import instance_disk_info
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import planner
from tests.unit.compute import test_planned_guest
from tests.unit.core import builders as b

MEDIUM = media_transfer.MediumContent(5, 'sha256-1', 'data')
CONFIG = b.cdrom('hda', b.rbd())


def dumps(plan, carried=None, seeds=None, digests=None):
    return instance_disk_info.dumps_disk_info(
        plan, carried or {}, seeds or {}, digests or {}
    )


def _told(medium=None, seed=None):
    ours = {'medium': medium, 'seed': seed, 'base_digest': ''}
    return {'selective_migrate': ours}


class DumpsTest(unittest.TestCase):
    def test_a_disk_to_copy_in_full_has_no_base(self):
        (entry,) = json.loads(
            dumps(test_planned_guest.plan(test_planned_guest.OVER))
        )
        ours = entry.pop('selective_migrate')
        self.assertEqual(
            {
                'type': 'qcow2',
                'path': test_planned_guest.DISK,
                'virt_disk_size': b.GIB,
                'backing_file': '',
                'disk_size': b.MIB,
                'over_committed_disk_size': b.GIB - b.MIB,
            },
            entry,
        )
        self.assertEqual(
            {'medium': None, 'seed': None, 'base_digest': ''}, ours
        )

    def test_a_disk_over_an_identical_base(self):
        plan = test_planned_guest.plan(test_planned_guest.OVER, base='x')
        text = dumps(plan, digests={test_planned_guest.BASE: 'x'})
        self.assertEqual('x', json.loads(text)[0]['backing_file'])
        self.assertEqual(
            [
                instance_disk_info.ExpectedFile(
                    'disk', base='x', base_digest='x'
                )
            ],
            instance_disk_info.expected_files(
                instance_disk_info.loads_disk_info(text)
            ),
        )

    def test_an_image_with_a_seed_has_no_base(self):
        plan = test_planned_guest.plan(test_planned_guest.OVER, seeded=['vda'])
        text = dumps(
            plan,
            seeds={'vda': MEDIUM},
            digests={test_planned_guest.BASE: 'x'},
        )
        self.assertEqual('', json.loads(text)[0]['backing_file'])
        self.assertEqual(
            [instance_disk_info.ExpectedFile('disk', seed=MEDIUM)],
            instance_disk_info.expected_files(
                instance_disk_info.loads_disk_info(text)
            ),
        )

    def test_without_the_seed_that_was_planned_nothing_is_told(self):
        plan = test_planned_guest.plan(test_planned_guest.OVER, seeded=['vda'])
        with self.assertRaises(KeyError):
            dumps(plan)

    def test_shared_disks_are_not_made(self):
        plan = test_planned_guest.plan(test_planned_guest.SHARED, CONFIG)
        self.assertEqual('[]', dumps(plan))

    def test_a_medium_travels(self):
        config = b.cdrom('hda', b.file(test_planned_guest.DISK, 'raw'))
        case = b.case(
            config,
            source={test_planned_guest.DISK: b.local()},
            prepared={
                'directory': test_planned_guest.HOME,
                'carried': ['hda'],
            },
        )
        plan = planner.plan(migration_case.loads(b.text(case)))
        text = dumps(plan, {'hda': MEDIUM})
        self.assertEqual('raw', json.loads(text)[0]['type'])
        self.assertEqual(
            [instance_disk_info.ExpectedFile('disk', MEDIUM)],
            instance_disk_info.expected_files(
                instance_disk_info.loads_disk_info(text)
            ),
        )


@ddt.ddt
class LoadsTest(unittest.TestCase):
    def test_nova_s_own_entries_say_nothing_to_us(self):
        self.assertEqual(
            [], instance_disk_info.expected_files([{'path': '/x/disk'}])
        )
        self.assertEqual([], instance_disk_info.loads_disk_info(None))

    @ddt.data(
        {'selective_migrate': None},
        {'selective_migrate': {}},
        _told(),
        {'path': '/x/disk', 'backing_file': '', **_told(medium=5)},
        {'path': '/x/disk', 'backing_file': '', **_told(seed=5)},
        # Without it an older source has the destination copy over nothing.
        {
            'path': '/x/disk',
            'backing_file': '',
            'selective_migrate': {'medium': None, 'base_digest': ''},
        },
    )
    def test_damaged(self, entry):
        with self.assertRaises(exceptions.PreparationFailed):
            instance_disk_info.expected_files([entry])

    @ddt.data('{', '5', '{}', '[5]', '"x"')
    def test_no_list_of_objects(self, text):
        with self.assertRaises(exceptions.PreparationFailed):
            instance_disk_info.loads_disk_info(text)

    def test_only_the_file_name_counts(self):
        entry = {
            'path': '/nova/uuid/../../etc/passwd',
            'backing_file': '',
            **_told(),
        }
        self.assertEqual(
            'passwd', instance_disk_info.expected_files([entry])[0].name
        )
