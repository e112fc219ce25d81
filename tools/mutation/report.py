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

"""Write doc/source/contributor/mutants.rst."""

import collections
import collections.abc
import datetime
import pathlib

from tools.mutation import claims
from tools.mutation import record

FILE = pathlib.Path('doc/source/contributor/mutants.rst')
_CORE = 'nova_selective_migrate/core/'
_HEAD = """\
=======
Mutants
=======

.. Written by `tox -e mutation -- --write`: change tools/mutation instead.

A *mutant* is a copy of ``core`` with one small change that breaks it on
purpose. The unit tests have to notice each mutant: a test fails, and the
mutant is *killed*. A mutant that no test notices *survives*. It shows a rule
that somebody could remove later without a failing test.

"""
_HOW = """\
How it is run
=============

.. code-block:: console

   $ tox -e mutation
   $ tox -e mutation -- nova_selective_migrate/core/evidence/volume_matching.py
   $ tox -e mutation -- --again --write

The first command runs all mutants. That takes some hours on one processor;
``--jobs 2`` uses two. The second command runs the mutants of one file. The
third runs only the mutants that survived last time or were not run, and writes
the figures of this page.

A run fails in two cases. Either a mutant survives that
``tools/mutation/harmless.toml`` does not explain. Or no test notices a change
of a *guard*, a line of ``core`` that implements a rule.
``tools/mutation/rules.toml`` lists every rule of how disks are decided, with
its guards. ``make check`` fails if one of these lines is not in ``core`` any
more.

The changes are those of `mutmut <https://mutmut.readthedocs.io/>`__, and
seven of our own:

- a condition of ``if`` is forced to true,
- it is forced to false,
- ``and`` and ``or`` keep one operand alone,
- a table loses one element,
- a list of words loses one word,
- a statement is left out,
- a number is one less.

mutmut's own runner does not change tables, properties and the conditions of
``if``, which contain half of the guards; ours does. Our runner does not make
these changes:

- texts for people: literals that contain a blank, messages of ``raise``, and
  ``__str__``,
- annotations, decorators and imports,
- leaving out an argument; it is replaced by None instead.

A test that does not run a function cannot notice a change of it. So a mutant
of a function is run against the tests that run that function. A mutant of
anything else, such as a table, is run against all tests.

Only the tests of ``tests/unit/core`` count. Property tests and fuzzing do not,
since they find a broken rule only by chance.
"""


def write(fates: collections.abc.Collection[record.Fate]) -> None:
    FILE.write_text(page(_figures(fates), _harmless(fates)))


def page(figures: str, harmless: str) -> str:
    """Put the page together: figures first, the long table last."""
    return '\n'.join((_HEAD + figures, _HOW, harmless))


def _figures(fates: collections.abc.Collection[record.Fate]) -> str:
    rows: list[tuple[str, ...]] = [
        ('Package', 'Modules', 'Mutants', 'Killed', 'Timed out', 'Survived')
    ]
    modules = collections.defaultdict(list)
    for path in sorted(pathlib.Path(_CORE).rglob('*.py')):
        if path.name != '__init__.py':
            modules[str(path.parent)].append(str(path))
    run = {fate.path for fate in fates}
    for folder, paths in modules.items():
        name = f'``core/{folder.removeprefix(_CORE)}``'
        of_it = [fate for fate in fates if fate.path in paths]
        rows.append((name, _share(run, paths), *_counts(of_it)))
    every = [path for paths in modules.values() for path in paths]
    rows.append(('All', _share(run, every), *_counts(fates)))
    today = f'{datetime.date.today():%d %B %Y}'.lstrip('0')
    return (
        _section('Figures')
        + f'Written on {today}. "Modules" says how many of them were run.\n\n'
        + _table('30 14 14 14 14 14', rows)
    )


def _share(run: set[str], paths: list[str]) -> str:
    return f'{len(run.intersection(paths))} of {len(paths)}'


def _counts(
    fates: collections.abc.Collection[record.Fate],
) -> tuple[str, ...]:
    survived = sum(fate.survived for fate in fates)
    late = sum(fate.seconds_over for fate in fates)
    killed = len(fates) - survived - late
    return str(len(fates)), str(killed), str(late), str(survived)


def _harmless(fates: collections.abc.Collection[record.Fate]) -> str:
    alive = collections.Counter(f.name for f in fates if f.survived)
    rows = [('Harmless because', 'Survived')]
    for row in claims.harmless():
        count = sum(alive[name] for name in row.mutants)
        why = ' '.join(row.why.split())
        rows.append((f'{row.title}: {why}', str(count)))
    explained = {name for row in claims.harmless() for name in row.mutants}
    others = sum(n for name, n in alive.items() if name not in explained)
    rows.append(('Not judged yet: A test may be missing.', str(others)))
    guards = sum(len(rule.guards) for rule in claims.rules())
    return (
        _section('What survives')
        + (
            f'``tools/mutation/rules.toml`` has {len(claims.rules())} rules, '
            f'implemented by {guards} guards.\n\n'
        )
        + _table('85 15', [row for row in rows if row[1] != '0'])
    )


def _section(title: str) -> str:
    return f'{title}\n{"=" * len(title)}\n\n'


def _table(widths: str, rows: list[tuple[str, ...]]) -> str:
    text = f'.. list-table::\n   :header-rows: 1\n   :widths: {widths}\n\n'
    for row in rows:
        for number, cell in enumerate(row):
            text += f'   {"-" if number else "* -"} {cell}'.rstrip() + '\n'
    return text.replace('   - ', '     - ')
