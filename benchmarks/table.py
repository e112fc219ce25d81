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

"""Figures as tables of reStructuredText."""

import collections.abc

from benchmarks import figure

_VERDICT = {True: 'yes', False: '**no**', None: ''}
_COLUMNS = ('What', 'Measured', 'Target', 'Met', 'Runs')


def text(
    figures: collections.abc.Iterable[figure.Figure],
    *,
    whole_names: bool = False,
) -> str:
    """Return a table with a row for each figure.

    :param whole_names: with the group, where they are of several
    """
    lines = [
        '.. list-table::',
        '   :header-rows: 1',
        '   :widths: 60 14 12 7 7',
        '',
        *_row(_COLUMNS),
    ]
    for one in figures:
        what = one.name
        if not whole_names:
            _, _, what = what.partition(', ')
        lines += _row(
            (
                what,
                number(one.value, one.unit),
                _target(one.target, one.unit),
                _VERDICT[one.met],
                str(one.runs),
            )
        )
    return '\n'.join(lines) + '\n'


def _row(cells: collections.abc.Sequence[str]) -> list[str]:
    first, *others = (f' {cell}'.rstrip() for cell in cells)
    return [f'   * -{first}', *(f'     -{cell}' for cell in others)]


def number(value: float, unit: str) -> str:
    """Write a figure with its unit."""
    if unit == 'ratio':
        return f'{value:.2f}'
    return f'{value:.3g} {unit}'


def _target(target: figure.Target, unit: str) -> str:
    if target is None:
        return ''
    if isinstance(target, tuple):
        low, high = target
        return f'{low:g} to {high:g}'
    words = f'at most {target:g}'
    return words if unit == 'ratio' else f'{words} {unit}'
