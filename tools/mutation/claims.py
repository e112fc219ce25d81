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

"""What is claimed of the mutants: which rules hold, which live harmlessly."""

import collections.abc
import dataclasses
import pathlib

from tools import toml_files
from tools.mutation import record

_FOLDER = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule of doc/source/reference/decisions.rst and what guards it.

    :ivar guards: ``file.py: text``, a part of what a mutant changes
    """

    says: str
    guards: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Harmless:
    """Mutants that no test needs to kill, and why."""

    title: str
    why: str
    mutants: tuple[str, ...]


def rules() -> list[Rule]:
    tree = toml_files.read(_FOLDER / 'rules.toml')
    return [Rule(row['says'], tuple(row['guards'])) for row in tree['rule']]


def harmless() -> list[Harmless]:
    tree = toml_files.read(_FOLDER / 'harmless.toml')
    return [
        Harmless(row['title'], row['why'], tuple(row['mutants']))
        for row in tree['class']
    ]


def on(
    guard: str, fates: collections.abc.Iterable[record.Fate]
) -> list[record.Fate]:
    """Return the mutants of a guard."""
    file, _, text = guard.partition(': ')
    return [
        fate
        for fate in fates
        if pathlib.PurePath(fate.path).name == file and text in fate.before
    ]


def check(
    fates: collections.abc.Collection[record.Fate], *, whole: bool
) -> list[str]:
    """Say which claims do not hold.

    :param whole: whether all mutants were run
    """
    explained = {name for row in harmless() for name in row.mutants}
    alive = {fate.name for fate in fates if fate.survived}
    found = [f'survives: {name}' for name in sorted(alive - explained)]
    if not whole:
        return found
    found += [f'died, or is gone: {n}' for n in sorted(explained - alive)]
    for rule in rules():
        for guard in rule.guards:
            mutants = on(guard, fates)
            if not mutants:
                found.append(f'no mutant: {guard} ({rule.says})')
            found += [
                f'guard not held: {fate.name} ({rule.says})'
                for fate in mutants
                if fate.survived and fate.name not in explained
            ]
    return found
