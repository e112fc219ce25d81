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

"""Run the mutants of core and hold what survives against harmless.toml.

``python -m tools.mutation`` takes all of core, some hours of a processor;
with files, those. ``--again`` takes only what survived last
time: more tests kill no fewer. ``--write`` writes
doc/source/contributor/mutants.rst.
"""

import argparse
import pathlib
import sys

from tools.mutation import claims
from tools.mutation import mutants
from tools.mutation import record
from tools.mutation import report
from tools.mutation import trial

_CORE = pathlib.Path('nova_selective_migrate/core')


def main() -> int:
    given = _arguments()
    paths = given.files or sorted(_CORE.rglob('*.py'))
    if _fails_without_mutant():
        return 1
    known = record.load()
    called = trial.who_calls()
    # A run that is stopped keeps what the last one said of the rest.
    fates = {k: f for k, f in known.items() if pathlib.Path(f.path).exists()}
    for path in paths:
        made = mutants.of(path)
        kept = [
            known[record.key(m)]
            for m in made
            if given.again and _died(known.get(record.key(m)))
        ]
        done = {(f.path, f.line, f.before, f.after): f for f in kept}
        rest = [m for m in made if record.key(m) not in done]
        for mutant, killer in trial.run(rest, given.jobs, called):
            done[record.key(mutant)] = record.of(mutant, killer)
        fates = {k: f for k, f in fates.items() if f.path != str(path)}
        fates.update(done)
        record.save(fates.values())
        alive = sum(fate.survived for fate in done.values())
        _say(f'{path}: {len(done)} mutants, {alive} alive')
    ours = [f for f in fates.values() if pathlib.Path(f.path) in paths]
    found = claims.check(ours, whole=not given.files)
    for problem in found:
        _say(problem)
    if given.write:
        report.write(list(fates.values()))
    return bool(found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m tools.mutation')
    parser.add_argument('files', nargs='*', type=pathlib.Path)
    parser.add_argument('--jobs', type=int, default=1)
    parser.add_argument('--again', action='store_true')
    parser.add_argument('--write', action='store_true')
    return parser.parse_args()


def _fails_without_mutant() -> bool:
    failed = [killer for _, killer in trial.run([None], 1) if killer != '']
    for test in failed:
        _say(f'without any mutant {test} fails')
    return bool(failed)


def _died(fate: record.Fate | None) -> bool:
    return fate is not None and not fate.survived


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
