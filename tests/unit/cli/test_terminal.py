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

"""Progress on a terminal and elsewhere; sizes for people."""

import dataclasses
import io
import unittest
from unittest import mock

import ddt
import rich.console

from nova_selective_migrate.cli import progress_bars
from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.core.job import shown_progress
from nova_selective_migrate.core.job.migration_progress import Phase

MIB = 1 << 20


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at(seconds: float, done: int = 5, phase: Phase = Phase.DISKS, **rate):
    return migration_progress.MigrationProgress(
        seconds,
        phase,
        (migration_progress.Amount('vda', 10 * MIB, done * MIB, **rate),),
        migration_progress.Amount('memory', 0, 0),
    )


class DisplayTest(unittest.TestCase):
    def shown(self, stream: io.StringIO, **environment: str) -> str:
        with mock.patch.dict('os.environ', environment, clear=True):
            display = terminal.display(stream)
            display.show(at(0))
            display.close()
        return stream.getvalue()

    def test_bars_on_a_terminal_and_lines_elsewhere(self):
        self.assertIn('\x1b', self.shown(Terminal(), TERM='xterm'))
        self.assertEqual(
            '0.0 s copying disks: vda 5 MiB of 10 MiB (50%)\n',
            self.shown(io.StringIO(), TERM='xterm'),
        )

    def test_lines_on_a_terminal_that_wants_or_can_no_more(self):
        for environment in ({'TERM': 'dumb'}, {'NO_COLOR': '1'}):
            with self.subTest(environment):
                text = self.shown(Terminal(), **environment)
                self.assertNotIn('\x1b', text)


def drawn(*progress, width=80, height=24) -> list[str]:
    """Draw what is shown after these looks; return the lines."""
    shown = None
    for one in progress:
        shown = shown_progress.follow(shown, one)
    stream = io.StringIO()
    console = rich.console.Console(file=stream, width=width, height=height)
    console.print(progress_bars.drawn(shown, width, height))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


@ddt.ddt
class BarsTest(unittest.TestCase):
    def disks(self, count, done=()):
        amounts = [
            migration_progress.Amount(
                f'vd{n}', 10 * MIB, (10 if n in done else 5) * MIB
            )
            for n in range(count)
        ]
        memory = migration_progress.Amount('memory', 0, 0)
        return migration_progress.MigrationProgress(
            0, Phase.DISKS, tuple(amounts), memory
        )

    def test_one_bar_for_each_disk_and_one_for_memory(self):
        head, disk, memory = drawn(at(62.0))
        self.assertEqual('copying disks, 1:02', head)
        self.assertRegex(disk, r'^   vda .* 50% +5 MiB left$')
        self.assertRegex(memory, r'^memory .* 0%$')

    def test_rate_and_time_where_they_are_known(self):
        _, disk, _ = drawn(at(0, done=2), at(1, done=4))
        self.assertRegex(disk, r' 40% 0:03 +6 MiB left +2 MiB/s$')

    @ddt.data((20, 1), (40, 2), (80, 30), (120, 30))
    @ddt.unpack
    def test_no_line_is_longer_than_the_terminal_is_wide(self, width, count):
        for line in drawn(self.disks(count), width=width):
            self.assertLessEqual(len(line), width)

    def test_what_has_no_room_is_counted(self):
        found = drawn(self.disks(30, done=(0, 1)), height=10)
        self.assertLess(len(found), 10)
        self.assertEqual('and 25 more disks, 2 complete', found[-1])
        self.assertNotIn('vd0 ', ''.join(found))
        self.assertIn('memory', found[-2])

    def test_a_bar_never_goes_back(self):
        _, disk, _ = drawn(at(0, done=8), at(1, done=6))
        self.assertIn(' 80% ', disk)
        self.assertIn('4 MiB left', disk)

    def test_news_stand_above_the_bars(self):
        stream = Terminal()
        with mock.patch.dict('os.environ', {'TERM': 'xterm'}, clear=True):
            bars = progress_bars.ProgressBars(stream)
            bars.show(at(0))
            bars.tell('news [bold]of[/bold] /a/long/path' + 'x' * 80)
            bars.close()
        text = stream.getvalue()
        self.assertIn('news [bold]of[/bold] /a/long/path' + 'x' * 80, text)
        self.assertLess(text.index('news'), text.rindex('vda'))

    def test_a_second_copy_begins_anew_and_says_so(self):
        stream = Terminal()
        again = dataclasses.replace(at(0, done=1), copy=2)
        with mock.patch.dict('os.environ', {'TERM': 'xterm'}, clear=True):
            bars = progress_bars.ProgressBars(stream)
            bars.show(at(9, done=8))
            bars.show(again)
            bars.close()
        first, _, second = stream.getvalue().partition('begins again')
        self.assertIn('80%', first)
        self.assertIn('10%', second)

    def test_the_cursor_is_there_if_the_program_is_killed(self):
        stream = Terminal()
        with mock.patch.dict('os.environ', {'TERM': 'xterm'}, clear=True):
            progress_bars.ProgressBars(stream).show(at(0))
        text = stream.getvalue()
        self.assertGreater(text.rindex('\x1b[?25h'), text.rindex('\x1b[?25l'))


class LinesTest(unittest.TestCase):
    def lines(
        self, *shown_: migration_progress.MigrationProgress
    ) -> list[str]:
        stream = io.StringIO()
        lines = terminal.Lines(stream)
        for one in shown_:
            lines.show(one)
        return stream.getvalue().splitlines()

    def test_news_are_a_line_whoever_reads(self):
        stream = io.StringIO()
        lines = terminal.Lines(stream)
        lines.tell('news')
        self.assertEqual('news\n', stream.getvalue())
        stream.close()
        lines.tell('more')

    def test_a_line_says_when_what_and_how_much(self):
        self.assertEqual(
            ['1.5 s copying disks: vda 5 MiB of 10 MiB (50%)'],
            self.lines(at(1.5)),
        )

    def test_the_first_is_shown_at_once_and_then_one_every_five_seconds(self):
        found = self.lines(*(at(n / 2) for n in range(25)))
        self.assertEqual(
            ['0.0 s', '5.0 s', '10.0 s'],
            [line.partition(' copying')[0] for line in found],
        )

    def test_a_change_of_phase_is_shown_at_once(self):
        found = self.lines(
            at(0, phase=Phase.PREPARING),
            at(0.2),
            at(0.4, phase=Phase.MEMORY),
            at(0.6, phase=Phase.MEMORY),
        )
        self.assertEqual(
            ['0.0 s preparing', '0.2 s copying disks', '0.4 s copying memory'],
            [line.partition(':')[0] for line in found],
        )

    def test_what_has_not_begun_is_left_out(self):
        found = migration_progress.measure(
            migration_progress.Sample(0, {}, {}), ['vda']
        )
        self.assertEqual(['0.0 s preparing'], self.lines(found))


@ddt.ddt
class SizeTest(unittest.TestCase):
    @ddt.data(
        (0, '0 B'),
        (1, '1 B'),
        (1023, '1023 B'),
        (1024, '1 KiB'),
        (1536, '1.5 KiB'),
        (MIB, '1 MiB'),
        (20 << 30, '20 GiB'),
        (5 << 40, '5 TiB'),
        (0.4, '0 B'),
    )
    @ddt.unpack
    def test_human(self, count, want):
        self.assertEqual(want, terminal.human_size(count))

    @ddt.data(MIB - 1, (1 << 30) - 1, 10 << 40)
    def test_no_size_is_written_with_an_exponent(self, count):
        self.assertNotIn('e', terminal.human_size(count))
