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

"""A figure: whether its target is met, and its way into a file and back."""

import json
import pathlib
import tempfile
import unittest

import ddt

from benchmarks import figure


@ddt.ddt
class FigureTest(unittest.TestCase):
    @ddt.data(
        (1.0, 1.0, True),
        (1.1, 1.0, False),
        (9.0, None, None),
        (0.85, (0.85, 1.05), True),
        (0.84, (0.85, 1.05), False),
        (1.06, (0.85, 1.05), False),
    )
    @ddt.unpack
    def test_met(self, value, target, met):
        one = figure.Figure('time, a: b', value, 'ratio', target, 3)
        self.assertIs(met, one.met)

    def test_there_and_back(self):
        figures = [
            figure.Figure('bytes, dense disk: ours', 1.03, 'ratio', 1.1, 3),
            figure.Figure('bandwidth, 8: ours', 2.0, 'ratio', (0.85, 1.05), 1),
            figure.Figure('time, dense disk: ours', 3.5, 's', None, 3),
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'results.json'
            figure.write(figures, path)
            self.assertEqual(figures, figure.read(path))
            trees = json.loads(path.read_text())
        self.assertEqual(
            [
                {
                    'name': 'bytes, dense disk: ours',
                    'value': 1.03,
                    'unit': 'ratio',
                    'target': 1.1,
                    'met': True,
                    'runs': 3,
                },
                [0.85, 1.05],
                None,
            ],
            [trees[0], trees[1]['target'], trees[2]['met']],
        )

    def test_a_ratio_is_one_of_medians(self):
        one = figure.ratio('time, a: b', [1.0, 3.0, 50.0], [2.0, 2.0, 9.0])
        self.assertEqual((1.5, 3), (one.value, one.runs))
