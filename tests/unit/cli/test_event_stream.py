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

"""Events: one JSON object a line, the outcome last, whoever reads."""

import io
import json
import unittest

from nova_selective_migrate.cli import event_stream
from nova_selective_migrate.core.job import migration_progress
from tests.unit.cli import cases
from tests.unit.cli import command

Phase = migration_progress.Phase


def look(seconds, phase=Phase.DISKS, done=0):
    return migration_progress.MigrationProgress(
        seconds,
        phase,
        (migration_progress.Amount('vda', 100, done),),
        migration_progress.Amount('memory', 0, 0),
    )


class StreamTest(unittest.TestCase):
    def setUp(self):
        self.out = io.StringIO()
        self.events = event_stream.EventStream(self.out)

    def told(self):
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def names(self):
        return [event['event'] for event in self.told()]

    def test_progress_once_a_second_and_each_phase_once(self):
        for tenth in range(30):
            self.events.show(look(tenth / 10))
        self.events.show(look(3.0, Phase.MEMORY))
        self.assertEqual(
            ['phase', *('progress',) * 3, 'phase', 'progress'], self.names()
        )

    def test_a_share_never_goes_back(self):
        for second, done in enumerate((80, 60, 90)):
            self.events.show(look(second, done=done))
        shares = [
            event['disks'][0]['share']
            for event in self.told()
            if event['event'] == 'progress'
        ]
        self.assertEqual([0.8, 0.8, 0.9], shares)

    def test_nothing_follows_the_outcome(self):
        self.events.outcome({'outcome': 'unknown', 'explanation': 'left'})
        self.events.show(look(1))
        self.assertEqual(['outcome'], self.names())

    def test_a_reader_that_has_gone_does_no_harm(self):
        self.out.close()
        self.events.show(look(1))
        self.events.outcome({'outcome': 'moved', 'explanation': 'there'})

    def test_each_says_when(self):
        self.events.limit('disks and memory now share 5 MiB/s')
        [event] = self.told()
        self.assertRegex(event['time'], r'^\d{4}-.*T.*\.\d{3}\+00:00$')


class CommandTest(command.CommandCase):
    def test_no_other_format_goes_with_events(self):
        for more in (('-f', 'yaml'), ('-f', 'value'), ('-c', 'outcome')):
            with self.subTest(more):
                found = command.run(
                    *('migrate', 'guest', 'qemu+tls://b/system', '--events'),
                    *more,
                )
                self.assert_usage_error(found, '--events')

    def test_a_plan_has_no_events(self):
        path = self.file('case.json', cases.ready())
        found = command.run('plan', '--replay', path, '--events')
        self.assert_usage_error(found, '--events')
