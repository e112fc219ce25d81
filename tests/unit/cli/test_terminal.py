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

import io
import unittest

import ddt

from nova_selective_migrate.cli import terminal
from nova_selective_migrate.core.job import migration_progress
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


class PrinterTest(unittest.TestCase):
    def test_bars_on_a_terminal_and_lines_elsewhere(self):
        bars, lines = Terminal(), io.StringIO()
        for stream in (bars, lines):
            terminal.printer(stream)(at(0))
        self.assertIn('[', bars.getvalue())
        self.assertNotIn('[', lines.getvalue())
        self.assertNotIn('\x1b', lines.getvalue())


class BarsTest(unittest.TestCase):
    def setUp(self):
        self.stream = Terminal()
        self.bars = terminal.Bars(self.stream)
        self.show = self.bars.show

    def drawn(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def test_one_bar_for_each_disk_and_one_for_memory(self):
        self.show(at(0))
        disk, memory = self.drawn().splitlines()
        self.assertTrue(disk.startswith('     vda ['))
        self.assertIn(f'[{"#" * 15}{"." * 15}] 5 MiB of 10 MiB (50%)', disk)
        self.assertTrue(memory.startswith('  memory ['))
        self.assertIn(f'[{"." * 30}]', memory)

    def test_they_are_drawn_over_each_other(self):
        self.show(at(0))
        self.assertNotIn('A', self.drawn().split('vda')[0])
        self.show(at(1))
        again = self.drawn()
        self.assertTrue(again.startswith('\x1b[2A'))
        # Each line is cleared to its end: it may be shorter than before.
        self.assertEqual(2, again.count('\x1b[K\n'))

    def test_news_are_not_drawn_over(self):
        self.show(at(0))
        self.drawn()
        self.bars.tell('news')
        self.show(at(1))
        text = self.drawn()
        self.assertTrue(text.startswith('news\n'))
        self.assertNotIn('\x1b[2A', text)

    def test_full_is_full_and_never_more(self):
        self.show(at(0, done=10))
        self.assertIn(f'[{"#" * 30}]', self.drawn())
        self.show(at(1, done=12))
        self.assertIn(f'[{"#" * 30}]', self.drawn())

    def test_rate_and_eta_where_they_are_known(self):
        self.show(at(0))
        self.assertNotIn('/s', self.drawn())
        self.show(at(1, rate=2.0 * MIB, eta_seconds=2.5))
        self.assertIn('(50%), 2 MiB/s, 2 s', self.drawn())


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
