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

"""Figures as bars, in SVG."""

import collections.abc
import pathlib

import matplotlib

matplotlib.use('svg')
from matplotlib import pyplot

_STYLE = {
    # Text stays text, and the same figures make the same file.
    'svg.fonttype': 'none',
    'svg.hashsalt': 'benchmarks',
    'font.size': 9,
}
_COLOURS = {
    'ours': '#1b6ca8',
    'virsh with the list': '#c0c7cd',
    'plain copy': '#e3a857',
}

#: Case -> who -> value.
Bars = collections.abc.Mapping[str, collections.abc.Mapping[str, float]]


def write(bars: Bars, axis: str, path: pathlib.Path) -> None:
    """Draw a group of bars for each case."""
    names = list(
        dict.fromkeys(name for case in bars.values() for name in case)
    )
    height = 0.8 / len(names)
    with pyplot.rc_context(_STYLE):
        drawing, axes = pyplot.subplots(
            figsize=(7, 0.9 + 0.22 * len(bars) * len(names))
        )
        for number, name in enumerate(names):
            spots = [
                place + (number - (len(names) - 1) / 2) * height
                for place in range(len(bars))
            ]
            values = [case.get(name, 0.0) for case in bars.values()]
            drawn = axes.barh(
                spots, values, height, label=name, color=_COLOURS.get(name)
            )
            axes.bar_label(drawn, fmt='%.2f', padding=2)
        axes.set_yticks(range(len(bars)), list(bars))
        axes.invert_yaxis()
        axes.set_xlabel(axis)
        axes.margins(x=0.12)
        axes.spines[['top', 'right']].set_visible(False)
        axes.legend(
            frameon=False,
            loc='lower left',
            bbox_to_anchor=(0, 1),
            ncols=len(names),
        )
        drawing.tight_layout()
        drawing.savefig(path, metadata={'Date': None})
        pyplot.close(drawing)
