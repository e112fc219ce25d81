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

"""What a destination tells in a file name."""

import dataclasses
import json
import unittest

import ddt
from hypothesis import given
from hypothesis import strategies as st

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import planner
from tests.unit.compute import test_live_migration_operation
from tests.unit.core import builders as b

PEER = protocol.DestinationReport(
    free_bytes=2**40,
    directory_exists=False,
    libvirt=9_000_000,
    qemu=7_002_022,
    images='qcow2',
    base=f'sha256-{"a" * 64}',
)


@ddt.ddt
class PeerTest(unittest.TestCase):
    def test_read_back(self):
        self.assertEqual(
            PEER, protocol.DestinationReport.of(PEER.mark('tmpabcdefgh'))
        )

    def test_read_back_without_a_base(self):
        peer = protocol.DestinationReport(free_bytes=0, directory_exists=True)
        self.assertEqual(
            peer, protocol.DestinationReport.of(peer.mark('tmpx'))
        )

    def test_where_disks_are_listened_for(self):
        for uri in ('tcp://[fd00::7]:49200', 'unix:///run/a,b=c/s'):
            peer = dataclasses.replace(PEER, disks_uri=uri)
            name = peer.mark('tmpabcdefgh')
            self.assertNotIn('/', name)
            self.assertEqual(peer, protocol.DestinationReport.of(name))
        longest = f'tcp://{"x" * 38}'
        self.assertTrue(protocol.report_fits(longest))
        self.assertFalse(protocol.report_fits(f'{longest}x'))
        longest = dataclasses.replace(
            PEER, disks_uri=longest, acknowledges=True
        )
        self.assertLess(len(longest.mark('tmpabcdefgh')), 255)

    def test_notes(self):
        name = dataclasses.replace(PEER, acknowledges=True).mark('tmpx')
        for note in protocol.Note:
            self.assertFalse(note.is_in(name))
            noted = note.added_to(name)
            self.assertTrue(note.is_in(noted))
            self.assertEqual(noted, note.added_to(noted))
            self.assertEqual(
                protocol.DestinationReport.of(name),
                protocol.DestinationReport.of(noted),
            )
        both = protocol.Note.PREPARED.added_to(
            protocol.Note.PLANNED.added_to(name)
        )
        self.assertTrue(all(note.is_in(both) for note in protocol.Note))

    def test_nothing_is_noted_in_another_s_name(self):
        self.assertEqual('tmpx', protocol.Note.PREPARED.added_to('tmpx'))

    def test_one_that_says_when_it_has_prepared(self):
        told = dataclasses.replace(PEER, acknowledges=True)
        self.assertEqual(
            told, protocol.DestinationReport.of(told.mark('tmpx'))
        )

    def test_is_a_file_name(self):
        name = PEER.mark('tmpabcdefgh')
        self.assertLess(len(name), 255)
        self.assertNotIn('/', name)

    @ddt.data(
        'tmpabcdefgh',
        '',
        'selective-migrate-2',
        'selective-migrate-2,tmpx',
        PEER.mark('tmpx').replace('free=', 'free=x'),
        PEER.mark('tmpx').replace('exists=0,', ''),
        PEER.mark('tmpx').replace('migrate-2', 'migrate-3'),
    )
    def test_another_name_is_no_peer(self, name):
        self.assertIsNone(protocol.DestinationReport.of(name))

    def test_a_field_more_is_no_harm(self):
        name = PEER.mark('more=1,tmpx')
        self.assertEqual(PEER, protocol.DestinationReport.of(name))

    @given(st.text())
    def test_any_text_is_read(self, text):
        protocol.DestinationReport.of(text)
        protocol.DestinationReport.of(f'selective-migrate-2,{text}')


MEDIUM = media_transfer.MediumContent(5, 'sha256-1', 'data')
CONFIG = b.cdrom('hda', b.rbd())


def dumps(plan, carried=None, seeds=None, digests=None):
    return protocol.dumps_disk_info(
        plan, carried or {}, seeds or {}, digests or {}
    )


def _told(medium=None, seed=None):
    ours = {'medium': medium, 'seed': seed, 'base_digest': ''}
    return {'selective_migrate': ours}


class DumpsTest(unittest.TestCase):
    def test_a_disk_to_copy_in_full_has_no_base(self):
        (entry,) = json.loads(
            dumps(
                test_live_migration_operation.plan(
                    test_live_migration_operation.OVER
                )
            )
        )
        ours = entry.pop('selective_migrate')
        self.assertEqual(
            {
                'type': 'qcow2',
                'path': test_live_migration_operation.DISK,
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
        plan = test_live_migration_operation.plan(
            test_live_migration_operation.OVER, base='x'
        )
        text = dumps(plan, digests={test_live_migration_operation.BASE: 'x'})
        self.assertEqual('x', json.loads(text)[0]['backing_file'])
        self.assertEqual(
            [protocol.ExpectedFile('disk', base='x', base_digest='x')],
            protocol.expected_files(protocol.loads_disk_info(text)),
        )

    def test_an_image_with_a_seed_has_no_base(self):
        plan = test_live_migration_operation.plan(
            test_live_migration_operation.OVER, seeded=['vda']
        )
        text = dumps(
            plan,
            seeds={'vda': MEDIUM},
            digests={test_live_migration_operation.BASE: 'x'},
        )
        self.assertEqual('', json.loads(text)[0]['backing_file'])
        self.assertEqual(
            [protocol.ExpectedFile('disk', seed=MEDIUM)],
            protocol.expected_files(protocol.loads_disk_info(text)),
        )

    def test_without_the_seed_that_was_planned_nothing_is_told(self):
        plan = test_live_migration_operation.plan(
            test_live_migration_operation.OVER, seeded=['vda']
        )
        with self.assertRaises(KeyError):
            dumps(plan)

    def test_shared_disks_are_not_made(self):
        plan = test_live_migration_operation.plan(
            test_live_migration_operation.SHARED, CONFIG
        )
        self.assertEqual('[]', dumps(plan))

    def test_a_medium_travels(self):
        config = b.cdrom(
            'hda', b.file(test_live_migration_operation.DISK, 'raw')
        )
        case = b.case(
            config,
            source={test_live_migration_operation.DISK: b.local()},
            prepared={
                'directory': test_live_migration_operation.HOME,
                'carried': ['hda'],
            },
        )
        plan = planner.plan(migration_case.loads(b.text(case)))
        text = dumps(plan, {'hda': MEDIUM})
        self.assertEqual('raw', json.loads(text)[0]['type'])
        self.assertEqual(
            [protocol.ExpectedFile('disk', MEDIUM)],
            protocol.expected_files(protocol.loads_disk_info(text)),
        )


@ddt.ddt
class LoadsTest(unittest.TestCase):
    def test_nova_s_own_entries_say_nothing_to_us(self):
        self.assertEqual([], protocol.expected_files([{'path': '/x/disk'}]))
        self.assertEqual([], protocol.loads_disk_info(None))

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
            protocol.expected_files([entry])

    @ddt.data('{', '5', '{}', '[5]', '"x"')
    def test_no_list_of_objects(self, text):
        with self.assertRaises(exceptions.PreparationFailed):
            protocol.loads_disk_info(text)

    def test_only_the_file_name_counts(self):
        entry = {
            'path': '/nova/uuid/../../etc/passwd',
            'backing_file': '',
            **_told(),
        }
        self.assertEqual('passwd', protocol.expected_files([entry])[0].name)
