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

"""A destination that becomes full has the source abort."""

import json
import threading
import types
from unittest import mock

import ddt
from nova import exception

from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.destination import free_space_watchdog
from nova_selective_migrate.core.job import watchdog_limits
from nova_selective_migrate.host.facts import local_storage
from tests.nova import destinations

MIB = 2**20
PATIENCE = 10
DISK_INFO = json.dumps(
    [{'path': '/there/disk', 'disk_size': 8 * MIB}, {'path': '/x/gone'}]
)


@ddt.ddt
class FreeSpaceWatchdogTest(destinations.DestinationTest):
    def setUp(self):
        super().setUp()
        self.home.mkdir()
        (self.home / 'disk').touch()
        self.free = 100 * MIB
        self.context.elevated = lambda: self.context
        # nova fills the module when a service starts.
        self.enterContext(
            mock.patch.object(free_space_watchdog, 'CONF')
        ).host = 'here'
        objects = self.enterContext(
            mock.patch.object(free_space_watchdog, 'objects')
        )
        self.row = types.SimpleNamespace(
            id=7,
            status='running',
            source_compute='source',
            dest_compute='here',
        )
        rows = objects.MigrationList.get_in_progress_by_instance
        rows.return_value = self.rows = [self.row]
        self.find = objects.Migration.get_by_id
        self.find.side_effect = lambda _, number: {7: self.row}[number]
        self.rooms = free_space_watchdog.IncomingSpaceWatchdog(
            self.driver, 64 * MIB
        )
        rpcapi = self.driver.virtapi._compute.compute_rpcapi
        self.ask = rpcapi.live_migration_abort
        self.asked = threading.Semaphore(0)
        self.ask.side_effect = lambda *_: self.asked.release()
        self.looked = threading.Semaphore(0)
        self.record = self.enterContext(
            mock.patch.object(fault_reports, 'record_event')
        )
        self.enterContext(
            mock.patch.object(
                local_storage, 'free_bytes', side_effect=self.look
            )
        )
        for owner, name in (
            (free_space_watchdog, '_ASK_AGAIN_SECONDS'),
            (watchdog_limits, '_LONGEST_SECONDS'),
            (watchdog_limits, '_SHORTEST_SECONDS'),
        ):
            self.enterContext(mock.patch.object(owner, name, 0.001))
        self.addCleanup(self.join)
        self.addCleanup(self.rooms.end, self.instance)

    def join(self):
        for thread in threading.enumerate():
            if thread.name == 'selective-migrate-room':
                thread.join(PATIENCE)
                self.assertFalse(thread.is_alive())

    def look(self, directory):
        self.assertEqual(str(self.home), directory)
        self.looked.release()
        if self.free is None:
            raise FileNotFoundError(directory)
        return self.free

    def begin(self, disk_info=DISK_INFO):
        self.rooms.begin(
            self.context,
            self.instance,
            str(self.home),
            disk_info,
        )

    def pass_by(self, semaphore, times=1):
        for _ in range(times):
            self.assertTrue(semaphore.acquire(timeout=PATIENCE))

    def test_while_there_is_room_nobody_is_asked(self):
        self.begin()
        self.pass_by(self.looked, 5)
        self.ask.assert_not_called()

    def test_the_source_is_asked_to_abort(self):
        self.begin()
        self.free = 63 * MIB
        self.pass_by(self.asked)
        self.find.assert_called_with(self.context, 7)
        self.ask.assert_called_with(self.context, self.instance, 7)

    def test_a_migration_that_does_not_run_yet_is_waited_for(self):
        self.row.status = 'preparing'
        self.begin()
        self.free = MIB
        self.pass_by(self.looked, 5)
        self.ask.assert_not_called()
        self.record.assert_not_called()
        self.row.status = 'running'
        self.pass_by(self.asked)
        self.ask.assert_called_with(self.context, self.instance, 7)

    @ddt.data('completed', 'failed', 'error', 'cancelled')
    def test_one_that_is_over_is_not_watched_any_more(self, status):
        """Nor does another one of the server's suffer for it."""
        with mock.patch.object(free_space_watchdog.LOG, 'warning') as warning:
            self.begin()
            self.row.status = status
            self.rows.append(
                types.SimpleNamespace(**{**vars(self.row), 'id': 8})
            )
            self.free = MIB
            self.join()
        warning.assert_not_called()
        self.record.assert_not_called()
        self.ask.assert_not_called()
        self.assertEqual({}, self.rooms._ends)

    def test_it_is_seen_to_be_over_while_there_is_room(self):
        self.enterContext(
            mock.patch.object(free_space_watchdog, '_RECORD_SECONDS', 0)
        )
        self.begin()
        self.row.status = 'error'
        self.join()

    def test_one_whose_server_is_deleted_is_over(self):
        gone = exception.MigrationNotFound(migration_id=7)
        self.find.side_effect = gone
        self.begin()
        self.free = MIB
        self.join()
        self.ask.assert_not_called()

    def test_it_is_the_newest_that_comes_here(self):
        other = {**vars(self.row), 'status': 'running'}
        for changed in (
            {'id': 5},
            {'id': 8, 'dest_compute': 'third'},
            {'id': 9, 'source_compute': 'third'},
        ):
            self.rows.append(types.SimpleNamespace(**{**other, **changed}))
        self.begin()
        self.free = MIB
        self.pass_by(self.asked)
        self.ask.assert_called_with(self.context, self.instance, 7)

    def test_what_is_not_known_to_come_is_not_watched(self):
        self.rows.clear()
        with mock.patch.object(free_space_watchdog.LOG, 'warning') as warning:
            self.begin()
        warning.assert_called_once()
        self.join()

    def test_the_cause_is_there_before_the_abort(self):
        """The source reads it."""
        seen = []
        self.ask.side_effect = lambda *_: (
            seen.append(self.record.call_count),
            self.asked.release(),
        )
        self.begin()
        self.free = MIB
        self.pass_by(self.asked)
        self.assertEqual(1, seen[0])

    def test_an_empty_disk_that_fills_is_watched(self):
        self.begin('[{"path": "/there/disk", "disk_size": 0}]')
        self.free = MIB
        self.pass_by(self.asked)

    def test_one_that_goes_on_is_asked_again_and_told_once(self):
        self.begin()
        self.free = MIB
        self.pass_by(self.asked, 3)
        self.record.assert_called_once()
        name, message = self.record.call_args.args[2:]
        self.assertIn('destination-full', name)
        for word in (str(MIB), str(self.home), 'free_space_reserve'):
            self.assertIn(word, message)

    def test_not_every_second(self):
        self.enterContext(
            mock.patch.object(free_space_watchdog, '_ASK_AGAIN_SECONDS', 99)
        )
        self.begin()
        self.free = MIB
        self.pass_by(self.asked)
        self.assertFalse(self.asked.acquire(timeout=0.05))

    def test_an_answer_that_fails_is_no_end(self):
        answers = iter((ValueError('no bus'), None))

        def ask(*_):
            answer = next(answers, None)
            if answer:
                raise answer
            self.asked.release()

        self.ask.side_effect = ask
        self.begin()
        self.free = MIB
        self.pass_by(self.asked)

    def test_nobody_looks_when_it_has_ended(self):
        self.begin()
        # The first look is not the thread's.
        self.pass_by(self.looked, 2)
        self.rooms.end(self.instance)
        self.join()
        self.ask.assert_not_called()

    def test_what_was_taken_back_is_not_watched(self):
        self.begin()
        self.free = None
        self.join()

    def test_nothing_to_watch(self):
        for told in (None, '[]', '[{"path": "/x/gone", "disk_size": 1}]'):
            self.begin(told)
        self.rooms = free_space_watchdog.IncomingSpaceWatchdog(self.driver, 0)
        self.begin()
        names = [thread.name for thread in threading.enumerate()]
        self.assertNotIn('selective-migrate-room', names)

    def test_what_is_not_understood_does_no_harm(self):
        with mock.patch.object(free_space_watchdog.LOG, 'warning') as warning:
            self.begin('{')
        warning.assert_called_once()

    def test_a_small_file_system_is_no_reason(self):
        self.free = 10 * MIB
        self.begin()
        self.free = 2 * MIB
        self.pass_by(self.looked, 5)
        self.ask.assert_not_called()


class HandedOverTest(destinations.DestinationTest):
    """The watch lasts as long as the copy."""

    def test_it_begins_when_all_is_prepared(self):
        self.prepare(disk_info='[]')
        self.rooms.begin.assert_called_once_with(
            self.context, self.instance, str(self.home), '[]'
        )

    def test_not_where_nothing_is_made(self):
        self.data.is_shared_instance_path = True
        self.prepare(lambda: None)
        self.rooms.begin.assert_not_called()

    def test_it_ends_when_the_guest_has_come(self):
        self.arrivals.finish(self.instance)
        self.rooms.end.assert_called_once_with(self.instance)
