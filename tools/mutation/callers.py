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


"""Which tests run which functions of core.

A test that does not run a function cannot notice a change of it. So a mutant
of a function needs the tests that run it, and no others.
"""

import ast
import collections
import collections.abc
import dataclasses
import functools
import importlib
import json
import os
import pathlib
import sys
import time
import types
import unittest

_CORE = pathlib.Path('nova_selective_migrate/core').resolve()
#: Stands for no test, but for the import of core.
_IMPORT = ''


@dataclasses.dataclass(frozen=True)
class Callers:
    """The tests that run each function.

    :ivar tests: by file and first line of a code object: ids of tests, and
        names of modules of tests, whose classes run it before their tests
    :ivar seconds: of a processor for each test and each module of tests
    """

    tests: dict[tuple[str, int], frozenset[str]]
    seconds: dict[str, float]

    def of(self, path: pathlib.Path, line: int) -> frozenset[str] | None:
        """Return the tests that run the function of a line.

        :returns: None where all have to be run: the line is of no function,
            or its function also runs on import or keeps its result
        """
        function = _function_of(path, line)
        if function is None or 'cache' in _decorators(function):
            return None
        found = frozenset().union(
            *(
                self.tests.get((str(path.resolve()), number), ())
                for number in range(_start(function), _end(function) + 1)
            )
        )
        return None if _IMPORT in found else found


def record(
    names: collections.abc.Iterable[str],
    load: collections.abc.Callable[[str], unittest.TestSuite],
) -> Callers:
    """Run modules of tests in a fork, and note what they run.

    :param load: loads the tests of a module
    """
    pipe, end = os.pipe()
    if not os.fork():
        os.close(pipe)
        noted = _Noted()
        sys.setprofile(noted.call)
        _import_core()
        for name in names:
            noted.begin(name)
            load(name).run(noted)
        sys.setprofile(None)
        with open(end, 'w') as stream:
            rows = [[*k, *v] for k, v in noted.tests.items()]
            json.dump([rows, noted.seconds], stream)
        os._exit(0)
    os.close(end)
    with open(pipe) as stream:
        rows, seconds = json.load(stream)
    os.wait()
    tests = {(row[0], row[1]): frozenset(row[2:]) for row in rows}
    return Callers(tests, seconds)


def _import_core() -> None:
    for path in sorted(_CORE.rglob('*.py')):
        parts = path.relative_to(_CORE.parent.parent).with_suffix('').parts
        importlib.import_module('.'.join(parts))


class _Noted(unittest.TestResult):
    """Knows which test runs."""

    def __init__(self) -> None:
        super().__init__()
        self.tests = collections.defaultdict(set)
        self.seconds = collections.Counter()
        self._module = self._test = _IMPORT
        self._since = 0.0

    def begin(self, module: str) -> None:
        self._module = self._test = module

    def startTest(self, test: unittest.TestCase) -> None:
        self._test = test.id()
        self._since = time.process_time()

    def stopTest(self, test: unittest.TestCase) -> None:
        passed = time.process_time() - self._since
        self.seconds[self._test] += passed
        self.seconds[self._module] += passed
        self._test = self._module

    def call(
        self, frame: types.FrameType, event: str, argument: object
    ) -> None:
        code = frame.f_code
        if event == 'call' and code.co_filename.startswith(str(_CORE)):
            key = code.co_filename, code.co_firstlineno
            self.tests[key].add(self._test)


def _function_of(path: pathlib.Path, line: int) -> ast.FunctionDef | None:
    """Return the outermost function or method of a line of its body."""
    inside = [*_tree(path).body]
    for node in inside:
        if isinstance(node, ast.ClassDef):
            inside.extend(node.body)
        elif isinstance(node, ast.FunctionDef) and node.body[
            0
        ].lineno <= line <= _end(node):
            return node
    return None


@functools.cache
def _tree(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text())


def _decorators(function: ast.FunctionDef) -> str:
    return ' '.join(ast.unparse(each) for each in function.decorator_list)


def _start(function: ast.FunctionDef) -> int:
    """Return the first line, as a code object has it: of a decorator."""
    lines = [each.lineno for each in function.decorator_list]
    return min((function.lineno, *lines))


def _end(function: ast.FunctionDef) -> int:
    return function.end_lineno or function.lineno
