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

"""A drain that was killed continues, wherever that was."""

import json
import os
import tempfile

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import drain_blockers
from nova_selective_migrate.drain import drain_journal
from nova_selective_migrate.drain import drain_resumption
from nova_selective_migrate.drain import server_moves
from tests.unit.drain import drains
from tests.unit.drain import fake_nova

State = server_moves.MoveState


class Killed(BaseException):
    """The process ends here."""


class JournalTestCase(drains.DrainTestCase):
    def setUp(self):
        super().setUp()
        self.locks = self.enterContext(tempfile.TemporaryDirectory())
        self.path = os.path.join(self.locks, 'journal.jsonl')

    def journal(self, host=fake_nova.SOURCE):
        return drain_journal.DrainJournal(self.path, host, self.locks)

    def latest(self):
        with self.journal() as journal:
            return journal.latest()


class DrainJournalTest(JournalTestCase):
    def record(self, *moves, name='d'):
        return drain_journal.DrainRecord(name, fake_nova.SOURCE, 1.0, moves)

    def move(self, name='x'):
        return server_moves.ServerMove(
            fake_nova.server(name, disk_bytes=None), None
        )

    def test_what_is_written_is_read(self):
        move = self.move().to(
            State.CALLED,
            attempts=2,
            avoided=('a',),
            volumes=frozenset({('v', '/dev/vdb'), ('w', '')}),
            blocked=(drain_blockers.Blocked('code', 'message'),),
            before=7,
            called=12.5,
            ended_attempts=(
                server_moves.EndedAttempt(
                    1,
                    6,
                    'a',
                    State.NOT_MOVED,
                    2.0,
                    5.0,
                    (drain_blockers.Blocked('copy-failed', 'message'),),
                    'why',
                ),
            ),
        )
        with self.journal() as journal:
            self.assertIsNone(journal.latest())
            journal.begin(self.record(self.move(), self.move('y')))
            journal.note(move)
        found = self.latest()
        self.assertEqual((move, self.move('y')), found.moves)
        self.assertIsNone(found.ended)

    def test_a_journal_without_ended_attempts_is_read(self):
        with self.journal() as journal:
            journal.begin(self.record(self.move()))
        with open(self.path) as file:
            header, line = file
        tree = json.loads(line)
        del tree['move']['ended_attempts']
        with open(self.path, 'w') as file:
            file.write(f'{header}{json.dumps(tree)}\n')
        self.assertEqual((self.move(),), self.latest().moves)

    def test_the_latest_drain_counts(self):
        with self.journal() as journal:
            journal.begin(self.record(self.move()))
            journal.end(2.0)
            self.assertEqual(2.0, journal.latest().ended)
            journal.begin(self.record(name='e'))
        found = self.latest()
        self.assertEqual(('e', (), None), (found.id, found.moves, found.ended))

    def test_a_line_that_was_cut_off_is_none(self):
        with self.journal() as journal:
            journal.begin(self.record(self.move()))
        with open(self.path, 'a') as file:
            file.write('{"move": {"serv')
        self.assertEqual((self.move(),), self.latest().moves)
        with self.journal() as journal:
            journal.note(self.move('y'))
        self.assertEqual(2, len(self.latest().moves))

    def test_what_is_no_journal_is_said(self):
        for text in ('[]', '{}', '{"move": {}}', 'x', '{"drain": "d"}'):
            with open(self.path, 'w') as file:
                file.write(f'{text}\n')
            with (
                self.subTest(text),
                self.assertRaisesRegex(exceptions.JournalFailed, 'line 1'),
            ):
                self.latest()

    def test_that_of_another_host_is_not_taken(self):
        with self.journal() as journal:
            journal.begin(self.record())
        with (
            self.journal('other') as journal,
            self.assertRaisesRegex(exceptions.JournalFailed, 'of source, not'),
        ):
            journal.latest()

    def test_one_drain_of_a_host_at_a_time(self):
        other = drain_journal.DrainJournal(
            f'{self.path}2', fake_nova.SOURCE, self.locks
        )
        with (
            self.journal(),
            self.assertRaisesRegex(exceptions.InvalidInput, str(os.getpid())),
            other,
        ):
            pass

    def test_a_file_that_cannot_be_opened(self):
        os.mkdir(self.path)
        with (
            self.assertRaisesRegex(exceptions.InvalidInput, 'journal'),
            self.journal(),
        ):
            pass
        with open(os.path.join(self.locks, 'x'), 'w') as file:
            json.dump({}, file)


class ContinuedTest(JournalTestCase):
    """Killed before and after each line, it ends as if it had not been."""

    def killed_at(self, number, *, before):
        os.path.exists(self.path) and os.unlink(self.path)
        nova = fake_nova.FakeNova(
            [fake_nova.server(n) for n in 'wxyz'], ('a', 'b')
        )
        nova.fails['x'] = ['failed']
        seen = []
        with self.journal() as journal:

            def note(move):
                seen.append(move)
                if before and len(seen) == number:
                    raise Killed
                journal.note(move)
                if len(seen) == number:
                    raise Killed

            self.notes = fake_nova.Notes(note)
            plan = self.plan(nova)
            journal.begin(
                drain_journal.DrainRecord(
                    'd', fake_nova.SOURCE, nova.now(), plan.moves
                )
            )
            try:
                self.drain(nova, self.options(concurrent=2), moves=plan.moves)
            except Killed:
                pass
            else:
                return False
        self.continued(nova)
        return True

    def continued(self, nova):
        nova.wait(3)
        with self.journal() as journal:
            former = journal.latest()
            self.notes = fake_nova.Notes(journal.note)
            moves = drain_resumption.moves(self.plan(nova), former)
            ended = self.drain(nova, moves=moves)
        self.assertEqual({*'wxyz'}, {*ended})
        self.assertEqual({State.MOVED}, {m.state for m in ended.values()})
        # Killed between journal and call, it has an attempt without migration.
        attempts = ended['x'].attempts
        self.assertGreater(attempts, 1)
        self.assertEqual(
            [(n, State.NOT_MOVED) for n in range(1, attempts)]
            + [(attempts, State.MOVED)],
            [(each.number, each.state) for each in ended['x'].ended_attempts],
        )
        names = sorted(name for name, _ in nova.asked)
        self.assertEqual(['w', 'x', 'x', 'y', 'z'], names)

    def test_wherever_that_is(self):
        for before in (True, False):
            number = 1
            while self.killed_at(number, before=before):
                number += 1
            self.assertGreater(number, 12)
