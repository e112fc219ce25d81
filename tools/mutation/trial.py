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
# It tells best what broke, and most die of it.
_FIRST = 'tests.unit.core.test_scenarios'
# They run every scenario anew, and are about what is named here.
_SLOW = {'test_reasons': '.reasons', 'test_redaction': '.case.'}
_MANY = 'ManyTest'
#: Seconds of a processor for a fork; without a mutant it takes nine.
LIMIT = 15
Result = tuple[mutants.Mutant | None, str | None]


def run(
    made: collections.abc.Iterable[mutants.Mutant | None], jobs: int
) -> collections.abc.Iterator[Result]:
    """Yield each mutant with the test that kills it, in any order.

    The test is '' where none does, and None where time ran out.

    :param made: None stands for core as it is
    """
    for name in _BEFORE:
        importlib.import_module(name)
    assert not any('.core.' in n for n in sys.modules if n.startswith('nova'))
    gc.freeze()
    running: dict[int, tuple[mutants.Mutant | None, int]] = {}
    for mutant in made:
        if len(running) >= jobs:
            yield _ended(running)
        pipe, end = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(pipe)
            _be(mutant, end)
        os.close(end)
        running[pid] = mutant, pipe
    while running:
        yield _ended(running)


def _ended(
    running: dict[int, tuple[mutants.Mutant | None, int]],
) -> Result:
    pid, status = os.wait()
    mutant, pipe = running.pop(pid)
    with open(pipe) as stream:
        said = stream.read()
    return mutant, None if os.WIFSIGNALED(status) else said


def _be(mutant: mutants.Mutant | None, end: int) -> None:
    """Be the fork: run the tests, say the first that fails, and end."""
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    gc.disable()
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        said = _first_failure(mutant)
    except BaseException as err:
        said = f'import: {type(err).__name__}'
    os.write(end, said.encode())
    os._exit(0)


def _first_failure(mutant: mutants.Mutant | None) -> str:
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    for name in (_FIRST, *_others(mutant)):
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
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
