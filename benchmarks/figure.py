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

"""A measured figure and its target."""

import collections.abc
import dataclasses
import json
import pathlib
import statistics
import time
import typing

#: At most so much, from .. to, or only reported.
Target = float | tuple[float, float] | None


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure.

    :ivar name: ``group, case: what``
    :ivar value: the median of the runs
    """

    name: str
    value: float
    unit: str
    target: Target
    runs: int

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met; None where there is none."""
        if self.target is None:
            return None
        if isinstance(self.target, tuple):
            low, high = self.target
            return low <= self.value <= high
        return self.value <= self.target

    @property
    def group(self) -> str:
        """Return what kind of figure it is."""
        return self.name.partition(', ')[0]

    def tree(self) -> dict[str, typing.Any]:
        """Return the figure as JSON's types."""
        return {
            'name': self.name,
            # More digits would be noise that looks like knowledge.
            'value': float(f'{self.value:.4g}'),
            'unit': self.unit,
            'target': self.target,
            'met': self.met,
            'runs': self.runs,
        }

    @classmethod
    def of(cls, tree: dict[str, typing.Any]) -> 'Figure':
        """Take a figure from JSON's types."""
        target = tree['target']
        if isinstance(target, list):
            low, high = target
            target = (low, high)
        return cls(
            tree['name'], tree['value'], tree['unit'], target, tree['runs']
        )


def ratio(
    name: str,
    mine: collections.abc.Sequence[float],
    other: collections.abc.Sequence[float],
    target: Target = None,
) -> Figure:
    """Divide two medians of one run of the benchmarks."""
    value = statistics.median(mine) / statistics.median(other)
    return Figure(name, value, 'ratio', target, len(mine))


def median_seconds(
    work: collections.abc.Callable[[], object], runs: int
) -> float:
    """Run some work a few times and return the median of its seconds."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def write(
    figures: collections.abc.Iterable[Figure], path: pathlib.Path
) -> None:
    """Write the figures as JSON."""
    trees = [figure.tree() for figure in figures]
    path.write_text(json.dumps(trees, indent=1) + '\n')


def read(path: pathlib.Path) -> list[Figure]:
    """Read what `write` wrote."""
    return [Figure.of(tree) for tree in json.loads(path.read_text())]
