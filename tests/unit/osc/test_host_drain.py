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

"""The command: its question, its signals and its exit codes."""

import importlib.util
import io
import json
import os
import pathlib
import signal
import tempfile
import types
import unittest
from unittest import mock

from tests.unit.drain import fake_nova

EXTRA = importlib.util.find_spec('openstackclient') is not None
#: A migration of the fake takes as long, in seconds of its own clock.
LONG = 16


class Terminal(io.StringIO):
    def isatty(self):
        return True


@unittest.skipUnless(EXTRA, 'the extra [openstack] is not installed')
class CommandTestCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)
        self.enterContext(
            mock.patch.dict('os.environ', {'XDG_STATE_HOME': folder})
        )
        (self.folder / 'nova-selective-migrate').mkdir()
        self.nova = fake_nova.FakeNova(
            [fake_nova.server(name) for name in ('x', 'y', 'z')], ('a', 'b')
        )

    def run_command(self, *arguments, stdin=None):
        """Run it; return its exit code, and keep what it has printed."""
        from nova_selective_migrate.osc import host_drain
        from nova_selective_migrate.osc import sdk_nova

        self.out, self.err = io.StringIO(), io.StringIO()
        app = types.SimpleNamespace(
            stdout=self.out,
            client_manager=types.SimpleNamespace(sdk_connection=None),
        )
        command = host_drain.DrainHost(app, None)
        parsed = command.get_parser('drain').parse_args(
            [fake_nova.SOURCE, *arguments]
        )
        with (
            mock.patch.object(sdk_nova, 'SdkNova', return_value=self.nova),
            mock.patch.object(
                host_drain, '_SystemClock', return_value=self.nova
            ),
            mock.patch('sys.stderr', self.err),
            mock.patch('sys.stdout', self.out),
            mock.patch('sys.stdin', stdin or io.StringIO()),
        ):
            return command.run(parsed)

    def moved(self):
        return sum(
            server.host != fake_nova.SOURCE
            for server in self.nova.all.values()
        )


class QuestionTest(CommandTestCase):
    def assert_nothing_done(self):
        self.assertEqual([], self.nova.disabled)
        self.assertEqual([], self.nova.asked)

    def test_only_a_yes_is_a_yes(self):
        for answer in ('', '\n', 'n\n', 'no\n', 'yess\n', 'ny\n'):
            with self.subTest(answer):
                code = self.run_command(stdin=Terminal(answer))
                self.assertEqual(2, code)
                self.assert_nothing_done()
                self.assertIn('error: nothing is done', self.err.getvalue())

    def test_a_yes_begins(self):
        for answer in ('y\n', ' YES \n'):
            with self.subTest(answer):
                self.setUp()
                code = self.run_command('--wait', stdin=Terminal(answer))
                self.assertEqual((0, 3), (code, self.moved()))

    def test_the_question_is_none_of_the_answer(self):
        self.run_command('--wait', '-f', 'json', stdin=Terminal('y\n'))
        self.assertIn('Move 3 servers off source? [y/N] ', self.err.getvalue())
        self.assertEqual(3, len(json.loads(self.out.getvalue())))

    def test_what_cannot_move_is_told_before_it(self):
        self.nova.all['w'] = fake_nova.server('w', status='SHUTOFF')
        self.run_command(stdin=Terminal('n\n'))
        told, asked, _ = self.err.getvalue().partition('Move 3 servers')
        self.assertIn('w (w): [server-not-running]', told)
        self.assertTrue(asked)

    def test_without_a_terminal_nobody_is_asked(self):
        self.assertEqual(2, self.run_command(stdin=io.StringIO('y\n')))
        self.assert_nothing_done()
        self.assertIn('--yes', self.err.getvalue())

    def test_yes_asks_nobody(self):
        self.assertEqual(0, self.run_command('--yes', '--wait'))
        self.assertNotIn('[y/N]', self.err.getvalue())

    def test_with_nothing_to_move_nobody_is_asked(self):
        self.nova.all.clear()
        self.assertEqual(0, self.run_command('--wait'))

    def test_an_interrupt_at_the_question(self):
        stdin = mock.Mock(isatty=lambda: True)
        stdin.readline.side_effect = KeyboardInterrupt
        self.assertEqual(130, self.run_command(stdin=stdin))
        self.assert_nothing_done()


class SignalTest(CommandTestCase):
    def drain(self, *signals, options=(), concurrent='1'):
        """Drain; each signal comes after so many seconds."""
        for seconds, number in signals:
            self.nova.after(seconds, lambda n=number: os.kill(os.getpid(), n))
        return self.run_command(
            '--yes', '--wait', '--max-concurrent', concurrent, *options
        )

    def test_the_first_lets_what_runs_end_and_begins_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.setUp()
                code = self.drain((2, number))
                self.assertEqual(128 + number, code)
                self.assertEqual(1, len(self.nova.asked))
                self.assertEqual(1, self.moved())
                self.assertEqual(
                    1,
                    self.err.getvalue().count(
                        'stopping: no other server is begun, what is on its '
                        'way goes on to its end (1); once more leaves that '
                        'to nova'
                    ),
                )
                self.assertIn(
                    '2 servers still to move or on the way: run the same '
                    'command to continue',
                    self.err.getvalue(),
                )

    def test_the_second_leaves_what_runs_to_nova(self):
        code = self.drain((2, signal.SIGINT), (6, signal.SIGTERM))
        self.assertEqual(130, code)
        self.assertEqual((0, 1), (self.moved(), len(self.nova.running)))
        self.assertIn('3 servers still to move', self.err.getvalue())

    def test_what_is_drawn_is_closed_however_it_ends(self):
        from nova_selective_migrate.osc import drain_display

        for signals in ((), [(2, signal.SIGINT), (6, signal.SIGINT)]):
            with (
                self.subTest(signals),
                mock.patch.object(drain_display, 'display') as display,
            ):
                self.setUp()
                self.drain(*signals)
                display.return_value.close.assert_called_once_with()

    def test_the_same_command_goes_on(self):
        self.drain((2, signal.SIGINT), (6, signal.SIGINT))
        self.nova.wait(LONG)
        self.assertEqual(0, self.drain())
        self.assertEqual(3, self.moved())
        self.assertEqual({'x', 'y', 'z'}, {s for s, _ in self.nova.asked})
        self.assertEqual(3, len(self.nova.asked))
        self.assertIn('is continued', self.err.getvalue())

    def test_an_abort_where_it_is_wanted(self):
        code = self.drain((2, signal.SIGINT), options=['--abort'])
        self.assertEqual(1, len(self.nova.aborted))
        self.assertEqual((130, 0), (code, self.moved()))
        self.assertIn('what is on its way is aborted (1)', self.err.getvalue())

    def test_none_is_left_when_the_last_one_was_on_its_way(self):
        self.assertEqual(0, self.drain((2, signal.SIGINT), concurrent='3'))
        self.assertEqual(3, self.moved())

    def test_unknown_is_worse_than_interrupted(self):
        self.nova.fails['x'] = ['lost']
        code = self.drain((70, signal.SIGINT))
        self.assertEqual(5, code)

    def test_the_handlers_are_those_from_before(self):
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = [*map(signal.getsignal, kinds)]
        self.drain((2, signal.SIGINT))
        self.assertEqual(before, [*map(signal.getsignal, kinds)])


class ExitCodeTest(CommandTestCase):
    def test_an_interrupt_while_it_looks(self):
        with mock.patch.object(
            self.nova, 'services', side_effect=KeyboardInterrupt
        ):
            self.assertEqual(130, self.run_command('--yes'))

    def test_what_has_not_moved(self):
        self.nova.fails['x'] = ['failed'] * 9
        self.assertEqual(4, self.run_command('--yes', '--wait'))

    def test_what_is_blocked(self):
        self.nova.all['w'] = fake_nova.server('w', status='SHUTOFF')
        for options in (['--dry-run'], ['--yes', '--wait']):
            with self.subTest(options):
                self.assertEqual(3, self.run_command(*options))

    def test_a_dry_run_changes_nothing(self):
        self.assertEqual(0, self.run_command('--dry-run'))
        self.assertEqual(([], []), (self.nova.disabled, self.nova.asked))
        self.assertFalse([*self.folder.rglob('*.jsonl')])

    def test_a_journal_that_cannot_be_written(self):
        write = os.write

        def full(descriptor, data):
            if word in data:
                raise OSError(28, 'No space left on device')
            return write(descriptor, data)

        for word, code in ((b'"drain"', 2), (b'"state": "called"', 5)):
            with (
                self.subTest(word),
                mock.patch('os.write', side_effect=full),
            ):
                self.setUp()
                self.assertEqual(code, self.run_command('--yes', '--wait'))
                self.assertIn('No space left', self.err.getvalue())
                self.assertEqual([], self.nova.asked)

    def test_a_report_is_there_before_anything_moves(self):
        seen = []
        report = self.folder / 'report.json'
        ask = self.nova.live_migrate
        with mock.patch.object(
            self.nova,
            'live_migrate',
            side_effect=lambda *a: seen.append(report.exists()) or ask(*a),
        ):
            self.run_command('--yes', '--wait', '--report', str(report))
        self.assertEqual([True] * 3, seen)
        ended = json.loads(report.read_text())
        self.assertEqual({'moved': 3}, ended['totals']['states'])


if __name__ == '__main__':
    unittest.main()
