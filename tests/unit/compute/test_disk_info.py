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

"""What the source tells the destination to make."""

import json
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import disk_info
from nova_selective_migrate.compute.wire import media
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import planner
from tests.unit.compute import test_guest
from tests.unit.core import builders as b

MEDIUM = media.Medium(5, 'sha256-1', 'data')
CONFIG = b.cdrom('hda', b.rbd())


def dumps(plan, carried=None, seeds=None, digests=None):
    return disk_info.dumps(plan, carried or {}, seeds or {}, digests or {})


def _told(medium=None, seed=None):
    ours = {'medium': medium, 'seed': seed, 'base_digest': ''}
    return {'selective_migrate': ours}


class DumpsTest(unittest.TestCase):
    def test_a_disk_to_copy_in_full_has_no_base(self):
        (entry,) = json.loads(dumps(test_guest.plan(test_guest.OVER)))
        ours = entry.pop('selective_migrate')
        self.assertEqual(
            {
                'type': 'qcow2',
                'path': test_guest.DISK,
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
        plan = test_guest.plan(test_guest.OVER, base='x')
        text = dumps(plan, digests={test_guest.BASE: 'x'})
        self.assertEqual('x', json.loads(text)[0]['backing_file'])
        self.assertEqual(
            [disk_info.Arrival('disk', base='x', base_digest='x')],
            disk_info.arrivals(disk_info.loads(text)),
        )

    def test_an_image_with_a_seed_has_no_base(self):
        plan = test_guest.plan(test_guest.OVER, seeded=['vda'])
        text = dumps(
            plan, seeds={'vda': MEDIUM}, digests={test_guest.BASE: 'x'}
        )
        self.assertEqual('', json.loads(text)[0]['backing_file'])
        self.assertEqual(
            [disk_info.Arrival('disk', seed=MEDIUM)],
            disk_info.arrivals(disk_info.loads(text)),
        )

    def test_without_the_seed_that_was_planned_nothing_is_told(self):
        plan = test_guest.plan(test_guest.OVER, seeded=['vda'])
        with self.assertRaises(KeyError):
            dumps(plan)

    def test_shared_disks_are_not_made(self):
        plan = test_guest.plan(test_guest.SHARED, CONFIG)
        self.assertEqual('[]', dumps(plan))

    def test_a_medium_travels(self):
        config = b.cdrom('hda', b.file(test_guest.DISK, 'raw'))
        case = b.case(
            config,
            source={test_guest.DISK: b.local()},
            prepared={'directory': test_guest.HOME, 'carried': ['hda']},
        )
        plan = planner.plan(migration_case.loads(b.text(case)))
        text = dumps(plan, {'hda': MEDIUM})
        self.assertEqual('raw', json.loads(text)[0]['type'])
        self.assertEqual(
            [disk_info.Arrival('disk', MEDIUM)],
            disk_info.arrivals(disk_info.loads(text)),
        )


@ddt.ddt
class LoadsTest(unittest.TestCase):
    def test_nova_s_own_entries_say_nothing_to_us(self):
        self.assertEqual([], disk_info.arrivals([{'path': '/x/disk'}]))
        self.assertEqual([], disk_info.loads(None))

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
            disk_info.arrivals([entry])

    @ddt.data('{', '5', '{}', '[5]', '"x"')
    def test_no_list_of_objects(self, text):
        with self.assertRaises(exceptions.PreparationFailed):
            disk_info.loads(text)

    def test_only_the_file_name_counts(self):
        entry = {
            'path': '/nova/uuid/../../etc/passwd',
            'backing_file': '',
            **_told(),
        }
        self.assertEqual('passwd', disk_info.arrivals([entry])[0].name)
