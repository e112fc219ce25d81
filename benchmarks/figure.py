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


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure; it is met when the value is at most the target.

    :ivar value: the median of the runs
    """

    name: str
    value: float
    unit: str
    target: float
    runs: int

    @property
    def met(self) -> bool:
        """Tell whether the target is met."""
        return self.value <= self.target

    def tree(self) -> dict[str, typing.Any]:
        """Return the figure as JSON's types."""
        return {**dataclasses.asdict(self), 'met': self.met}


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


def write(figures: collections.abc.Iterable[Figure], path: str) -> None:
    """Write the figures as JSON."""
    trees = [figure.tree() for figure in figures]
    pathlib.Path(path).write_text(json.dumps(trees, indent=1) + '\n')
