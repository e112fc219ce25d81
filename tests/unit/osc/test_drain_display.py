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

"""A drain on a terminal, and where there is none."""

import io
import sys
import unittest
from unittest import mock

import ddt

from nova_selective_migrate.drain import nova_port
from nova_selective_migrate.drain import server_moves
from nova_selective_migrate.osc import drain_display
from tests.unit.drain import fake_nova

State = server_moves.MoveState
GIB = fake_nova.GIB


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Gone(io.StringIO):
    def write(self, _):
        raise BrokenPipeError


def move(name, state=State.WAITING, **more):
    destination = None if state is State.WAITING else 'cmp2'
    attempts = 0 if state in (State.WAITING, State.BLOCKED) else 1
    return server_moves.ServerMove(
        fake_nova.server(name),
        4 * GIB,
        **{
            'state': state,
            'destination': destination,
            'attempts': attempts,
            **more,
        },
    )


class KindTest(unittest.TestCase):
    def kind(self, stream, **environment):
        with mock.patch.dict('os.environ', environment, clear=True):
            return type(drain_display.display(stream))

    def test_lines_where_nothing_can_or_may_be_drawn(self):
        for stream, environment in (
            (io.StringIO(), {'TERM': 'xterm'}),
            (Terminal(), {'TERM': 'dumb'}),
            (Terminal(), {'TERM': 'xterm', 'NO_COLOR': '1'}),
        ):
            with self.subTest(environment):
                self.assertIs(
                    drain_display.DrainLines, self.kind(stream, **environment)
                )

    def test_bars_on_a_terminal(self):
        self.assertIs(
            drain_display.DrainBars, self.kind(Terminal(), TERM='xterm')
        )


class TotalTest(unittest.TestCase):
    def test_servers_bytes_and_time(self):
        moves = [move('x', State.MOVED), move('y', State.MIGRATING)]
        half = {'y': nova_port.MovedBytes(4 * GIB, 2 * GIB)}
        self.assertEqual(
            '1 of 2 servers, 6 GiB of at most 8 GiB, 0:00:20 left',
            drain_display.total(moves, half, 60.0),
        )

    def test_no_time_is_left_at_the_end(self):
        self.assertEqual(
            '1 of 1 servers, 4 GiB of at most 4 GiB',
            drain_display.total([move('x', State.MOVED)], {}, 60.0),
        )

    def test_no_time_is_told_before_anything_has_moved(self):
        text = drain_display.total([move('x')], {}, 60.0)
        self.assertEqual('0 of 1 servers, 0 B of at most 4 GiB', text)


class LinesTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.stream = io.StringIO()
        self.display = drain_display.DrainLines(self.stream)

    def lines(self):
        return self.stream.getvalue().splitlines()

    def test_a_line_for_each_change_of_a_server(self):
        for state in (State.WAITING, State.CALLED, State.CALLED, State.MOVED):
            self.display.show([move('x', state)], {}, 1.0)
        self.assertEqual(
            ['x (x): called to cmp2', 'x (x): moved to cmp2'], self.lines()
        )

    def test_what_was_blocked_before_is_told_elsewhere(self):
        self.display.show([move('x', State.BLOCKED)], {}, 1.0)
        self.assertEqual([], self.lines())

    def test_a_total_now_and_then(self):
        for seconds in (1.0, 59.0, 60.0, 119.0, 121.0):
            self.display.show([move('x')], {}, seconds)
        self.assertEqual(2, len(self.lines()))

    def test_a_reader_that_has_gone_ends_no_drain(self):
        display = drain_display.DrainLines(Gone())
        display.show([move('x', State.MOVED)], {}, 61.0)
        display.tell('words')
        display.close()


@ddt.ddt
class BarsTest(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.stream = Terminal()
        size = {'TERM': 'xterm', 'COLUMNS': '80', 'LINES': '10'}
        self.enterContext(mock.patch.dict('os.environ', size, clear=True))
        self.display = drain_display.DrainBars(self.stream)
        self.addCleanup(self.display.close)

    def drawn(self, *moves, progress=None):
        """Draw once more; return what was written for it."""
        before = len(self.stream.getvalue())
        self.display.show(moves, progress or {}, 60.0)
        return self.stream.getvalue()[before:]

    def test_a_line_for_each_on_its_way_and_the_total(self):
        text = self.drawn(
            move('x', State.MIGRATING),
            move('y'),
            progress={'x': nova_port.MovedBytes(4 * GIB, 3 * GIB)},
        )
        (line,) = (each for each in text.splitlines() if 'migrating' in each)
        self.assertIn('cmp2', line)
        self.assertIn('25%', line)
        self.assertNotIn('y', line.replace('\x1b', ''))
        self.assertIn('0 of 2 servers', text)

    @ddt.data('[/x]', '[bold]x', '[red]x[/red]', ':smile:')
    def test_a_name_is_no_markup(self, name):
        text = self.drawn(move(name, State.MIGRATING))
        self.assertIn(name, text)
        self.assertIn(name, self.drawn(move(name, State.MOVED)))
        self.display.tell(name)
        self.assertTrue(self.stream.getvalue().rstrip().endswith(name))

    def test_one_that_has_moved_is_told_once(self):
        self.assertIn(
            'x (x): moved to cmp2',
            self.drawn(move('x', State.MOVED), move('y', State.MIGRATING)),
        )
        self.assertNotIn(
            'x (x)',
            self.drawn(move('x', State.MOVED), move('y', State.MIGRATING)),
        )

    def test_no_more_lines_than_the_terminal_has(self):
        many = [move(f'server{n}', State.MIGRATING) for n in range(40)]
        text = self.drawn(*many)
        self.assertLess(text.count('migrating'), 10)
        self.assertIn('0 of 40 servers', text)

    def test_the_cursor_can_be_seen(self):
        # A killed drain would leave the terminal without one.
        text = self.drawn(move('x', State.MIGRATING))
        self.assertGreater(text.rfind('\x1b[?25h'), text.rfind('\x1b[?25l'))

    def test_nothing_is_held_back_once_it_is_closed(self):
        before = (sys.stdout, sys.stderr)
        self.drawn(move('x', State.MIGRATING))
        self.display.close()
        self.assertEqual(before, (sys.stdout, sys.stderr))
        self.display.close()


if __name__ == '__main__':
    unittest.main()
