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

"""Run the tests of core against a mutant, in a process of its own.

The parent imports all but core, so that a fork has only core and its tests
to import. The properties and the fuzzing are left out: what chance finds
does not hold a rule, and they take twenty times as long as the others; so are
those with thousands of disks, which hold that planning ends.
"""

import collections.abc
import gc
import importlib
import importlib.machinery
import importlib.util
import os
import pathlib
import signal
import sys
import types
import unittest

from tools.mutation import callers
from tools.mutation import mutants

# Imported before the forks, so that they need not: none imports core.
_BEFORE = (
    'ddt',
    'hypothesis',
    'lxml.etree',
    'tests.unit.core.invariants',
    'tests.unit.core.scenarios',
    'xml.etree.ElementTree',
)
_TESTS = pathlib.Path('tests/unit/core')
# It tells best what broke.
_FIRST = 'tests.unit.core.test_scenarios'
# They run every scenario anew, and are about what is named here.
_SLOW = {'test_reasons': '.reasons', 'test_redaction': '.case.'}
_MANY = 'ManyTest'
# So many tests that have killed mutants of the same file are tried first.
_TRIED_FIRST = 12
# Of a processor: such a test waits for its turn.
_MANY_SECONDS = 0.1
#: Seconds of a processor for a fork; without a mutant it takes nine.
LIMIT = 15
Result = tuple[mutants.Mutant | None, str | None]


def who_calls() -> callers.Callers:
    """Run all tests, to know which run which function of core."""
    _import_early()
    return callers.record(
        (_FIRST, *_others(None)),
        lambda name: _without_chance(
            unittest.defaultTestLoader.loadTestsFromName(name)
        ),
    )


def run(
    made: collections.abc.Iterable[mutants.Mutant | None],
    jobs: int,
    known: callers.Callers | None = None,
) -> collections.abc.Iterator[Result]:
    """Yield each mutant with the test that kills it, in any order.

    The test is '' where none does, and None where time ran out.

    :param made: None stands for core as it is
    :param known: which tests a mutant needs; without it, all
    """
    _import_early()
    running: dict[int, tuple[mutants.Mutant | None, int]] = {}
    killers: dict[str, None] = {}
    for mutant in made:
        if len(running) >= jobs:
            yield _noted(_ended(running), killers)
        names = _names(mutant, killers, known)
        pipe, end = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(pipe)
            _be(mutant, names, end)
        os.close(end)
        running[pid] = mutant, pipe
    while running:
        yield _noted(_ended(running), killers)


def _import_early() -> None:
    for name in _BEFORE:
        importlib.import_module(name)
    assert not any('.core.' in n for n in sys.modules if n.startswith('nova'))
    gc.freeze()


def _names(
    mutant: mutants.Mutant | None,
    killers: dict[str, None],
    known: callers.Callers | None,
) -> list[str]:
    """List what is run for a mutant: what is most likely to fail is first."""
    modules = [_FIRST, *_others(mutant)]
    if mutant is None or known is None:
        return modules
    first = [
        test
        for test in reversed(killers)
        if known.seconds.get(test, 0) < _MANY_SECONDS
    ][:_TRIED_FIRST]
    tests = known.of(mutant.path, mutant.line)
    if tests is None:
        return first + sorted(modules, key=lambda m: known.seconds.get(m, 0))
    wanted = [
        test
        for test in tests
        if _module(test) in modules
        and (test == _module(test) or _module(test) not in tests)
    ]
    wanted.sort(key=lambda test: (known.seconds.get(test, 0), test))
    return [t for t in first if t in tests] + wanted


def _module(test: str) -> str:
    """Return the module of a test's id."""
    return '.'.join(test.split('.')[: len(_TESTS.parts) + 1])


def _noted(result: Result, killers: dict[str, None]) -> Result:
    """Put a test that kills last among the killers.

    What is no test, as an import that fails, is not kept.
    """
    killer = (result[1] or '').partition(' ')[0]
    if killer.startswith('.'.join(_TESTS.parts)):
        killers.pop(killer, None)
        killers[killer] = None
    return result


def _ended(
    running: dict[int, tuple[mutants.Mutant | None, int]],
) -> Result:
    pid, status = os.wait()
    mutant, pipe = running.pop(pid)
    with open(pipe) as stream:
        said = stream.read()
    return mutant, None if os.WIFSIGNALED(status) else said


def _be(mutant: mutants.Mutant | None, names: list[str], end: int) -> None:
    """Be the fork: run the tests, say the first that fails, and end."""
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    gc.disable()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        said = _first_failure(mutant, names)
    except BaseException as err:
        said = f'import: {type(err).__name__}'
    os.write(end, said.encode())
    os._exit(0)


def _first_failure(mutant: mutants.Mutant | None, names: list[str]) -> str:
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    for name in names:
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromName(name)
        if loader.errors and name != _module(name):
            # Some tests are named by what a mutant may change.
            continue
        result = unittest.TestResult()
        result.failfast = True
        _without_chance(suite).run(result)
        for test, _ in (*result.errors, *result.failures):
            return test.id()
    return ''


def _others(mutant: mutants.Mutant | None) -> list[str]:
    names = sorted(path.stem for path in _TESTS.glob('test_*.py'))
    for name, room in _SLOW.items():
        if mutant is not None and room not in mutant.module:
            names.remove(name)
    names.remove(_FIRST.rpartition('.')[2])
    return ['.'.join((*_TESTS.parts, name)) for name in names]


def _without_chance(suite: unittest.TestSuite) -> unittest.TestSuite:
    kept = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.addTest(_without_chance(test))
        elif not _by_chance(test) and type(test).__name__ != _MANY:
            kept.addTest(test)
    return kept


def _by_chance(test: unittest.TestCase) -> bool:
    method = getattr(test, test.id().rpartition('.')[2], None)
    return getattr(method, 'is_hypothesis_test', False)


class _Finder(importlib.machinery.SourceFileLoader):
    """Finds and loads one module as its mutant."""

    def __init__(self, mutant: mutants.Mutant) -> None:
        super().__init__(mutant.module, str(mutant.path))
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(
            name, self._mutant.path, loader=self
        )

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(
            self._mutant.code,
            str(self._mutant.path),
            'exec',
            dont_inherit=True,
        )
