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

"""What other releases and hosts read stays as it was at 8726c6a.

data/contracts.json was written there: journals on the disk, and what a
destination reports inside a file name of nova's.
"""

import dataclasses
import json
import pathlib
import tempfile
import unittest

from nova_selective_migrate.compute.common import abort_causes
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.journal import journal_entries
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.journal import probe_journal

FILE = pathlib.Path(__file__).parent / 'data/contracts.json'
PLAN = '11111111-2222-4333-8444-555555555555'
GUEST = '3a0c4a5e-0000-4000-8000-000000000001'
BEGAN = '2026-11-28T12:00:00+00:00'
DESTINATION = 'bbbbbbbb-0000-4000-8000-000000000002'


class ContractsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.pinned = json.loads(FILE.read_text())
        self.directory = self.enterContext(tempfile.TemporaryDirectory())

    def written(self):
        (file,) = pathlib.Path(self.directory).glob('*.json')
        return json.loads(file.read_text())

    def test_journal_of_the_command_line(self):
        image = migration_record.CreatedImage
        record = migration_record.MigrationRecord(
            plan_id=PLAN,
            began=BEGAN,
            domain='web',
            uuid=GUEST,
            source_uri='qemu:///system',
            source_host='aaaaaaaa-0000-4000-8000-000000000001',
            destination_uri='qemu+ssh://b/system',
            destination_host=DESTINATION,
            targets=('vda', 'vdb'),
            images=(
                image(
                    '/srv/a.qcow2',
                    'qcow2',
                    2**30,
                    storage_facts.FileStamp('1.2', '3.4', '5:6'),
                ),
                image('/srv/b.img', 'raw', 512),
            ),
        )
        migration_journal.MigrationJournal(self.directory).write(record)
        self.assertEqual(self.pinned['migration'], self.written())
        tree = self.pinned['migration']
        del tree['version']
        self.assertEqual(record, migration_record.MigrationRecord.loads(tree))

    def test_journal_of_a_volume(self):
        made = migration_record.CreatedImage(
            '/dev/vg/lv',
            'raw',
            512,
            storage_facts.FileStamp('', ''),
            pool='vg',
            key='127FhG',
        )
        record = migration_record.MigrationRecord.begun(
            domain='web',
            uuid=GUEST,
            source_uri='',
            source_host='',
            destination_uri='',
            destination_host='',
            images=(made,),
        )
        (written,) = record.dumps()['images']
        self.assertEqual(
            {
                'path': '/dev/vg/lv',
                'format': 'raw',
                'virtual_bytes': 512,
                'stamp': {'modified': '', 'changed': '', 'inode': None},
                'pool': 'vg',
                'key': '127FhG',
            },
            written,
        )

    def test_journal_of_probes(self):
        place = probe_journal.ProbePlace(
            DESTINATION, 'qemu+ssh://b/system', '/srv'
        )
        probe = probe_journal.Probe(PLAN, BEGAN, (place,))
        journal_entries.JournalEntries(self.directory).write(
            PLAN, dataclasses.asdict(probe)
        )
        self.assertEqual(self.pinned['probe'], self.written())
        self.assertEqual(
            probe, probe_journal.Probe.loads(self.pinned['probe'])
        )

    def test_journal_of_a_destination(self):
        journal = incoming_journal.IncomingJournal(self.directory, '/i')
        journal.begin(GUEST, '/i/x', ['disk', 'disk.config'], 'req-1')
        journal.doubt(GUEST, 'why')
        self.assertEqual(
            self.pinned['incoming'], self.written() | {'since': BEGAN}
        )

    def test_report_of_a_destination(self):
        report = protocol.DestinationReport(
            free_bytes=1,
            directory_exists=True,
            libvirt=9000000,
            qemu=7002000,
            images='qcow2',
            base='abc',
            disks_uri='tcp://10.0.0.1:49152',
            acknowledges=True,
        )
        self.assertEqual(self.pinned['report'], report.mark('disk'))
        self.assertEqual(
            report, protocol.DestinationReport.of(self.pinned['report'])
        )
        self.assertEqual(
            self.pinned['notes'], [note.value for note in protocol.Note]
        )

    def test_names_of_events(self):
        self.assertEqual(
            'selective_migrate_destination-full', abort_causes.FULL_EVENT
        )
        self.assertEqual(
            [
                'selective_migrate_switch-over-stalled',
                'selective_migrate_no-progress',
                'selective_migrate_completion-timeout',
            ],
            [
                abort_causes.event_name(cause)
                for cause in (
                    abort_causes.switch_over_stalled(1),
                    abort_causes.no_progress(1),
                    abort_causes.completion_timeout(),
                )
            ],
        )
