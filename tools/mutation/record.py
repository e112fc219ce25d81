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

"""What became of each mutant, kept from run to run."""

import collections.abc
import dataclasses
import json
import pathlib

from tools.mutation import mutants

FILE = pathlib.Path('.mutants.json')
Key = tuple[str, int, str, str]


@dataclasses.dataclass(frozen=True)
class Fate:
    """A mutant with the test that killed it, or why it lives."""

    path: str
    line: int
    before: str
    after: str
    killer: str
    seconds_over: bool = False

    @property
    def name(self) -> str:
        """Name it by what it does, since line numbers move."""
        file = pathlib.PurePath(self.path).name
        return f'{file}: {self.before} => {self.after or "nothing"}'

    @property
    def survived(self) -> bool:
        return not self.killer and not self.seconds_over


def of(mutant: mutants.Mutant, killer: str | None) -> Fate:
    """Note a fate; a killer of None is the clock."""
    return Fate(*key(mutant), killer or '', killer is None)


def key(mutant: mutants.Mutant) -> Key:
    return str(mutant.path), mutant.line, mutant.before, mutant.after


def load() -> dict[Key, Fate]:
    """Read the last run; nothing where there was none."""
    if not FILE.exists():
        return {}
    fates = [Fate(*row) for row in json.loads(FILE.read_text())]
    return {(f.path, f.line, f.before, f.after): f for f in fates}


def save(fates: collections.abc.Iterable[Fate]) -> None:
    rows = sorted(dataclasses.astuple(fate) for fate in fates)
    FILE.write_text(json.dumps(rows, indent=0) + '\n')
