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

"""What hosts tell each other about logical volumes."""

import dataclasses
import json
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import instance_disk_info
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.compute.wire import volume_transfer
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.evidence import volume_groups
from nova_selective_migrate.core.plan import planner
from tests.unit.core import builders as b
from tests.unit.core.scenarios import nova_volumes

GROUP = volume_transfer.GroupReport(
    name='nova-volumes',
    uuid='ZLxBeM-By2z-Gr5g-sGvL-ywJh-C1xj-arhH14',
    free_bytes=2**50,
    has_volumes=True,
)
PEER = protocol.DestinationReport(
    free_bytes=2**50,
    directory_exists=False,
    libvirt=11_003_000,
    qemu=10_001_000,
    images='lvm',
    disks_uri=f'tcp://{"x" * 38}',
    acknowledges=True,
    group=GROUP,
)
PATH = nova_volumes.ROOT


@ddt.ddt
class GroupReportTest(unittest.TestCase):
    @ddt.data(
        GROUP,
        dataclasses.replace(GROUP, has_volumes=False, free_bytes=0),
        dataclasses.replace(GROUP, uuid=volume_groups.EMPTY_GROUP),
    )
    def test_read_back(self, group):
        self.assertEqual(group, volume_transfer.GroupReport.of(group.text))

    @ddt.data(
        '',
        'x',
        'empty:1:0',
        'empty:-1:0:vg',
        'empty:x:0:vg',
        'empty:1:0:',
        'empty:1:0:v g',
        'short:1:0:vg',
        f'{"a" * 33}:1:0:vg',
        'empty:1:0:vg:more',
    )
    def test_damaged(self, text):
        self.assertIsNone(volume_transfer.GroupReport.of(text))

    def test_in_the_name_of_a_file(self):
        name = PEER.mark('tmpabcdefgh')
        self.assertLess(len(name), 255)
        self.assertNotIn('/', name)
        self.assertEqual(PEER, protocol.DestinationReport.of(name))

    def test_a_name_that_is_too_long_is_left_out(self):
        peer = dataclasses.replace(
            PEER, group=dataclasses.replace(GROUP, name='v' * 127)
        )
        name = peer.mark('tmpabcdefgh')
        self.assertLess(len(name), 255)
        self.assertEqual(
            dataclasses.replace(peer, group=None),
            protocol.DestinationReport.of(name),
        )

    def test_an_earlier_release_tells_none(self):
        told = dataclasses.replace(PEER, group=None)
        self.assertNotIn('lvm=', told.mark('tmpx'))
        self.assertIsNone(
            protocol.DestinationReport.of(told.mark('tmpx')).group
        )


@ddt.ddt
class DiskInfoTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        (scenario,) = (
            s for s in nova_volumes.SCENARIOS if s.name == 'both_volumes'
        )
        plan = planner.plan(migration_case.loads(json.dumps(scenario.case)))
        self.text = instance_disk_info.dumps_disk_info(
            plan, {}, {}, {}, dict.fromkeys(nova_volumes.SIZES, 'G-1')
        )
        self.entries = instance_disk_info.loads_disk_info(self.text)

    def test_volumes_are_listed_with_size_and_group(self):
        self.assertEqual(
            [
                volume_transfer.ExpectedVolume(path, size, 'G-1')
                for path, size in nova_volumes.SIZES.items()
            ],
            instance_disk_info.expected_volumes(self.entries),
        )

    def test_nova_is_told_of_no_file_for_them(self):
        self.assertEqual('[]', instance_disk_info.without_volumes(self.text))
        self.assertEqual([], instance_disk_info.expected_files(self.entries))

    @ddt.data(None, '[]', '[{"path": "/x/disk"}]', '{', '7')
    def test_without_volumes_it_stays(self, text):
        self.assertEqual(text, instance_disk_info.without_volumes(text))

    def test_it_is_ours(self):
        instance_disk_info.assert_ours(self.entries)

    @ddt.data(
        {'virt_disk_size': 0},
        {'virt_disk_size': '1'},
        {'virt_disk_size': None},
        {'selective_migrate': {'volume': {}}},
        {'selective_migrate': {'volume': None}},
        {'selective_migrate': {'volume': {'path': '/x', 'group_uuid': ''}}},
        {'selective_migrate': {'volume': {'path': '', 'group_uuid': 'G'}}},
        {'selective_migrate': {'volume': {'group_uuid': 'G'}}},
    )
    def test_damaged(self, change):
        entry = {**self.entries[0], **change}
        with self.assertRaises(exceptions.PreparationFailed):
            instance_disk_info.expected_volumes([entry])


class OtherNameTest(unittest.TestCase):
    """The destination's group has another name."""

    def setUp(self):
        super().setUp()
        (scenario,) = (
            s
            for s in nova_volumes.SCENARIOS
            if s.name == 'another_name_of_the_group_there'
        )
        self.plan = planner.plan(
            migration_case.loads(json.dumps(scenario.case))
        )
        self.there = f'/dev/vg1/{b.UUID}_disk'

    def test_it_is_listed_by_the_destination_s_name(self):
        text = instance_disk_info.dumps_disk_info(
            self.plan, {}, {}, {}, {nova_volumes.ROOT: 'G-1'}
        )
        (volume,) = instance_disk_info.expected_volumes(
            instance_disk_info.loads_disk_info(text)
        )
        self.assertEqual(self.there, volume.path)

    def test_the_guest_has_it_by_that_name(self):
        text = b.domain(b.disk('vda', b.block(nova_volumes.ROOT)))
        self.assertIn(f'dev="{self.there}"', self.plan.destination_xml(text))
