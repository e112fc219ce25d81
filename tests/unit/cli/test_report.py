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

"""The report of one migration: its files, its order, its bad input."""

import gzip
import json

import jsonschema

from nova_selective_migrate import plan_log
from nova_selective_migrate.core.model import plan_ids
from tests.unit.cli import command

REQUEST = 'req-6f2d8a60-8e0a-4b6f-9a8c-0a3f1f1f4c11'
ANOTHER = 'req-00000000-8e0a-4b6f-9a8c-0a3f1f1f4c11'
SERVER = '5c2e8d1b-0f3a-4a5e-9d7c-1b2a3c4d5e6f'
NEIGHBOUR = '00000000-0f3a-4a5e-9d7c-1b2a3c4d5e6f'
PLAN = plan_ids.of_request(REQUEST, SERVER)
OURS = plan_log.prefix(PLAN)
LATER = plan_ids.of_request(ANOTHER, SERVER)
#: Of what -f json prints: every report of these tests is held against it.
SCHEMA = jsonschema.Draft202012Validator(
    json.loads(
        (
            command.TOP / 'doc' / 'source' / 'admin' / 'report.schema.json'
        ).read_text()
    )
)


def line(clock, text, *, request=REQUEST, server=SERVER, level='INFO'):
    """Return a line as oslo.log writes it in nova-compute."""
    return (
        f'2026-11-29 {clock} 4711 {level} nova.module [None {request} user '
        f'project - - - -] [instance: {server}] {text}\n'
    )


SOURCE = (
    line('10:00:00.100', f'{OURS}Selective migration: vda is copied')
    + line('10:00:01.000', "nova's own words")
    + line('10:00:01.000', 'of a neighbour', server=NEIGHBOUR)
    + f'2026-11-29 10:00:04.500 4711 INFO x [-] {OURS}instance-1: trimmed\n'
    + line('10:00:09.000', 'it is rebooted', request=ANOTHER)
    + '  a line without a time\n'
)
DESTINATION = (
    'Nov 29 11:00:02 host2 nova-compute[7]: '
    + line('10:00:02.000', f'{OURS}it is prepared')
    + line('10:00:03.000', f'{OURS}(destination-full) abort', level='WARNING')
)
ENTRY = {
    'version': 1,
    'instance': SERVER,
    'request': REQUEST,
    'source': 'host1',
    'destination': 'host2',
    'since': '2026-11-29T10:00:03+00:00',
    'migrate_data': {'secret': 'hunter2'},
}


class ReportTest(command.CommandCase):
    def setUp(self):
        super().setUp()
        self.source = self.file('source.log', SOURCE)
        self.destination = self.file('destination.log', DESTINATION)

    def report(self, subject, *places, arguments=('-f', 'json')):
        named = [word for place in places for word in ('--from', place)]
        found = command.run(
            *('report', subject, '--log-zone', 'UTC', *named, *arguments)
        )
        if found.status == 0 and arguments == ('-f', 'json'):
            SCHEMA.validate(found.json)
        return found

    def test_both_hosts_in_the_order_of_time(self):
        journal = self.file('entry.json', ENTRY)
        found = self.report(
            PLAN,
            f'host2={self.destination}',
            f'host1={self.source}',
            f'host1={journal}',
        )
        self.assertEqual(0, found.status, found)
        self.assertEqual(
            [
                ('10:00:00.100', 'host1', 'log', 'INFO'),
                ('10:00:01.000', 'host1', 'log', 'INFO'),
                ('10:00:02.000', 'host2', 'log', 'INFO'),
                ('10:00:03.000', 'host2', 'log', 'WARNING'),
                ('10:00:03.000', 'host1', 'journal', ''),
                ('10:00:04.500', 'host1', 'log', 'INFO'),
            ],
            [
                (
                    each['time'][11:23],
                    each['host'],
                    each['kind'],
                    each['level'],
                )
                for each in found.json
            ],
        )
        self.assertEqual({PLAN}, {each['plan_id'] for each in found.json})
        self.assertEqual(
            {'time', 'host', 'kind', 'level', 'text', 'plan_id', 'file'},
            {name for each in found.json for name in each},
        )

    def test_nova_s_own_lines_are_of_the_plan(self):
        found = self.report(PLAN, self.source)
        self.assertIn("nova's own words", found.out)
        self.assertNotIn('neighbour', found.out)
        self.assertNotIn('rebooted', found.out)

    def test_a_server_with_all_of_its_plans(self):
        later = plan_log.prefix(LATER)
        again = self.file(
            'later', line('11:00:00', f'{later}again', request=ANOTHER)
        )
        found = self.report(SERVER.upper(), self.source, again)
        texts = ' '.join(each['text'] for each in found.json)
        self.assertIn('again', texts)
        self.assertIn("nova's own words", texts)
        # It names the plan alone, not the server.
        self.assertIn('instance-1: trimmed', texts)
        self.assertNotIn('neighbour', texts)
        self.assertEqual(
            {PLAN, LATER}, {each['plan_id'] for each in found.json}
        )

    def test_a_journal_tells_no_secret(self):
        found = self.report(PLAN, self.file('entry.json', ENTRY))
        self.assertIn('destination host2', found.json[0]['text'])
        self.assertNotIn('hunter2', found.out)

    def test_a_stream_of_events_and_a_directory(self):
        (self.top / 'journal').mkdir()
        self.file('journal/entry.json', ENTRY)
        events = self.file(
            'events',
            '{"event": "call", "time": "2026-11-29T10:00:01+00:00", '
            f'"plan_id": "{PLAN}"}}\n'
            '{"event": "progress", "time": "2026-11-29T10:00:02+00:00", '
            f'"plan_id": "{PLAN}"}}\n',
        )
        found = self.report(PLAN, events, str(self.top / 'journal'))
        self.assertEqual(
            ['event', 'journal'], [each['kind'] for each in found.json]
        )

    def test_events_of_nova(self):
        action = {
            'action': 'live-migration',
            'instance_uuid': SERVER,
            'request_id': REQUEST,
            'start_time': '2026-11-29T10:00:00.000000',
            'events': [
                {
                    'event': 'selective_migrate_destination-full',
                    'start_time': '2026-11-29T10:00:05.000000',
                    'result': 'Error',
                    'details': 'host2 is full',
                }
            ],
        }
        found = self.report(PLAN, self.file('events.json', action))
        self.assertEqual(
            ['record', 'record'], [each['kind'] for each in found.json]
        )
        self.assertIn('host2 is full', found.json[1]['text'])

    def test_a_log_that_was_rotated(self):
        packed = self.file('a.log.1.gz', gzip.compress(SOURCE.encode()))
        self.assertEqual(4 - 1, len(self.report(PLAN, packed).json))

    def test_for_people(self):
        found = self.report(PLAN, self.source, arguments=())
        self.assertIn('Selective migration: vda is copied', found.out)
        self.assertNotIn(PLAN, found.out)

    def test_a_zone(self):
        found = command.run(
            *('report', PLAN, '--log-zone', 'Asia/Tokyo', '-f', 'json'),
            *('--from', self.source),
        )
        self.assertEqual('2026-11-29T01:00:00', found.json[0]['time'][:19])

    def test_bad_input(self):
        torn = self.file('torn.json', '{"version": 1')
        timeless = self.file('x.json', {'plan_id': PLAN})
        packed = self.file('x.gz', b'no gzip')
        for arguments, words in (
            (['guest1'], ("'guest1' is neither a plan id", 'UUID')),
            ([PLAN, '--log-zone', 'Mars'], ("'Mars' is no time zone",)),
            ([PLAN, '--from', '/none'], ('cannot read /none', 'No such')),
            ([PLAN, '--from', torn], (torn, 'neither JSON')),
            ([PLAN, '--from', timeless], (timeless, 'no time')),
            ([PLAN, '--from', packed], ('cannot read', packed)),
            ([NEIGHBOUR[:-1] + '0', '--from', self.source], ('nothing of',)),
        ):
            with self.subTest(arguments):
                found = command.run('report', *arguments)
                self.assert_usage_error(found, *words)

    def test_this_host_s_own(self):
        journals = self.top / 'selective-migrate' / 'departures'
        journals.mkdir(parents=True)
        self.file('selective-migrate/departures/x.json', ENTRY)
        found = command.run(
            *('--journal', str(self.top / 'none'), 'report', PLAN),
            *('--state-path', str(self.top), '-f', 'json'),
        )
        self.assertEqual(['journal'], [each['kind'] for each in found.json])
