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

"""What the destination raises names the plan, also where nova cuts it."""

import types
import unittest

import ddt
import fixtures
from nova import exception
from oslo_messaging._drivers import common

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.core.model import plan_ids
from tests.nova import ours

INSTANCE = types.SimpleNamespace(uuid='8c0d9f5e-6e43-4a3f-9b3a-0d3f3ad5b6c1')
MARK = plan_ids.mark(plan_ids.of_request('req-1', INSTANCE.uuid))
#: Of an event's details (nova.db.main.models).
LONGEST = 255


def raised(error, request='req-1'):
    context = types.SimpleNamespace(request_id=request)
    try:
        with fault_reports.naming_plan(context, INSTANCE):
            raise error
    except Exception as err:
        return err


@ddt.ddt
class NamedErrorTest(unittest.TestCase):
    def test_it_stands_first_and_once(self):
        error = exception.MigrationError(reason='a disk ' * 100)
        found = raised(raised(error))
        self.assertIs(error, found)
        self.assertTrue(str(found).startswith(MARK))
        self.assertEqual(1, str(found).count(MARK))
        self.assertIn(MARK, found.format_message()[:LONGEST])
        self.assertIn('Migration error: a disk', str(found))

    def test_the_source_gets_the_same(self):
        found = raised(exception.MigrationError(reason='why'))
        sent = common.serialize_remote_exception(
            (type(found), found, found.__traceback__)
        )
        got = common.deserialize_remote_exception(sent, ['nova.exception'])
        self.assertIsInstance(got, exception.MigrationError)
        self.assertIn(f'{MARK} Migration error: why', str(got))

    @ddt.data(None, '')
    def test_without_a_request_it_is_as_it_was(self, request):
        found = raised(exception.MigrationError(reason='why'), request)
        self.assertEqual('Migration error: why', str(found))

    def test_an_error_of_another_kind_is_as_it_was(self):
        self.assertEqual('x', str(raised(ValueError('x'))))
        found = raised(exception.DestinationDiskExists(path='/there'))
        self.assertIn('/there', str(found))
        self.assertIn(MARK, str(found))


class EventTest(ours.OursTest):
    def test_an_event_of_the_server_has_it(self):
        server = self.make_server()
        self.useFixture(
            fixtures.MockPatchObject(
                incoming_journal.IncomingJournal,
                'begin',
                side_effect=exceptions.JournalFailed('no room'),
            )
        )
        self.live_migrate(server)
        told = [
            str(event['details'])
            for event in self.events(server)
            if 'no room' in str(event['details'])
        ]
        self.assertTrue(told)
        for details in told:
            self.assertIn(plan_ids.MARK_BEGIN, details)


if __name__ == '__main__':
    unittest.main()
