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

"""The page of the documentation that figures become."""

import unittest

from benchmarks import figure
from benchmarks import page
from benchmarks import table


def _figure(name, value=1.0, target=None, unit='ratio'):
    return figure.Figure(name, value, unit, target, 3)


class PageTest(unittest.TestCase):
    def test_groups_have_a_section_each_in_the_order_of_the_page(self):
        text = page.text(
            [
                _figure('phase, 256 MiB: start', unit='s'),
                _figure('bytes, dense disk: ours / plain copy'),
                _figure('nova 34.0.0, 8 disks: ours - stock', unit='ms'),
            ]
        )
        spots = [
            text.index(f'\n{t}\n===') for t in ('Bytes', 'nova', 'Profile')
        ]
        self.assertEqual(sorted(spots), spots)
        self.assertIn('.. image:: performance-bytes.svg', text)
        self.assertNotIn('\nBandwidth\n', text)

    def test_the_summary_counts_targets_and_names_those_missed(self):
        text = page.text(
            [
                _figure('bytes, dense disk: ours / plain copy', 1.0, 1.1),
                _figure('bytes, zeroes: ours / plain copy', 5.4, 1.1),
                _figure('bytes, zeroes: virsh / plain copy', 9),
            ]
        )
        head, _, rest = text.partition('What is compared')
        self.assertIn('     - 1.00 to 5.40\n     - 1 of 2\n', head)
        self.assertIn('bytes, zeroes: ours / plain copy', head)
        self.assertNotIn('bytes, dense disk', head)
        self.assertIn('dense disk: ours / plain copy', rest)

    def test_every_area_of_the_command_has_a_section(self):
        # A group that no section takes would be left out without a word.
        for group in page._PICTURES:
            self.assertIn(group, page._GROUPS)

    def test_bars_are_what_compares_with_the_floor(self):
        figures = [
            _figure('bytes, dense disk: ours / plain copy', 1.1),
            _figure('bytes, dense disk: virsh with the list / plain copy', 2),
            _figure('bytes, dense disk: virsh without a list / ours', 9),
            _figure('time, dense disk: ours', 3),
        ]
        self.assertEqual(
            {'dense disk': {'ours': 1.1, 'virsh with the list': 2}},
            page.bars(figures, 'bytes', ' / plain copy'),
        )

    def test_bars_of_seconds_are_no_ratios(self):
        figures = [
            _figure('time, written zeroes, 8:1: ours / virsh', 0.4),
            _figure('time, written zeroes, 8:1: ours', 3, unit='s'),
        ]
        self.assertEqual(
            {'written zeroes, 8:1': {'ours': 3}},
            page.bars(figures, 'time', ''),
        )


class TableTest(unittest.TestCase):
    def test_rows(self):
        text = table.text(
            [
                _figure('time, dense: ours / virsh', 1.234, 1.0),
                _figure('bandwidth, 8: ours / asked', 0.9, (0.85, 1.05)),
                _figure('time, dense: ours', 2.5, None, 's'),
                _figure('nova, 8: until the call', 31.67, 50.0, 'ms'),
            ]
        )
        rows = [
            [cell.strip(' *-') for cell in row.split('\n')[:5]]
            for row in text.split('\n   * ')[2:]
        ]
        self.assertEqual(
            [
                ['dense: ours / virsh', '1.23', 'at most 1', 'no', '3'],
                ['8: ours / asked', '0.90', '0.85 to 1.05', 'yes', '3'],
                ['dense: ours', '2.5 s', '', '', '3'],
                ['8: until the call', '31.7 ms', 'at most 50 ms', 'yes', '3'],
            ],
            rows,
        )
