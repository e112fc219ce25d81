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

"""A run of one suite by stestr."""

import dbm
import functools
import os
import subprocess
import time

import subunit
import testtools

from tools import processor_time
from tools.test_run import chosen_tests
from tools.test_run import hang_watch
from tools.test_run import test_suites
from tools.test_run import test_tally


def run_suite(
    suite: test_suites.Suite,
    choice: chosen_tests.Choice,
    tally: test_tally.Tally,
) -> None:
    """Run the tests of one folder that are chosen."""
    # stestr runs the tests with the interpreter that PYTHON names, and hands
    # it to a shell: the way from here has no space of the checkout's.
    environment = {
        **os.environ,
        **suite.environment,
        'PYTHON': os.path.relpath(suite.python, test_suites.TOP),
        'PYTHONFAULTHANDLER': '1',
    }
    filters = choice.filters(suite)
    # Asked first, because `run --subunit` is silent about broken imports.
    listed = subprocess.run(
        [*suite.stestr, 'list', *filters],
        capture_output=True,
        text=True,
        env=environment,
    )
    if listed.returncode:
        print(listed.stdout + listed.stderr)
        tally.complain(f'{suite.label}tests/{suite.name} cannot be loaded')
        return
    names = listed.stdout.split()
    if not names:
        return
    seed(suite, names)

    print(f'\n{suite.label}{suite.name} tests', flush=True)
    began = time.monotonic()
    before = processor_time.ProcessorTime.now()
    with subprocess.Popen(
        [*suite.stestr, 'run', '--subunit']
        + ['--concurrency', str(suite.concurrency)]
        + ['--group-regex', suite.group] * bool(suite.group)
        + filters,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        watch = hang_watch.Watch(suite.patience, process.pid)
        result = testtools.CopyStreamResult(
            [
                testtools.StreamToDict(
                    functools.partial(tally.take, suite.label)
                ),
                watch,
            ]
        )
        stream = subunit.ByteStreamToStreamResult(
            process.stdout, non_subunit_name='output'
        )
        with watch.watching():
            result.startTestRun()
            stream.run(result)
            result.stopTestRun()
    seconds = time.monotonic() - began
    idle = before.idle_percent(processor_time.ProcessorTime.now())
    print(
        f'{suite.label}{suite.name} tests took {seconds:.0f} s, '
        f'processors idle {idle:.0f} %',
        flush=True,
    )
    if watch.hung:
        tally.complain(f'{suite.label}tests/{suite.name}: {watch.hung}')
    if process.returncode:
        tally.complain(f'stestr ended with exit code {process.returncode}')
        for name in sorted(set(names) - watch.seen):
            tally.complain(f'{suite.label}{name} (did not begin)')


def initialize() -> None:
    """Make stestr's repositories, where they are missing.

    Before any suite runs: suites that run at once share them, and one is
    within the other. stestr makes none in a directory that exists.
    """
    for suite in (
        test_suites.Suite('unit'),
        test_suites.Suite('unit', beside=True),
    ):
        top = test_suites.BESIDE if suite.beside else test_suites.TOP
        if not (top / '.stestr' / 'format').exists():
            top.mkdir(parents=True, exist_ok=True)
            # `list` asks for it, and only `run` makes it.
            subprocess.run([*suite.stestr, 'init'], check=True)


def seed(suite: test_suites.Suite, names: list[str]) -> None:
    """Tell stestr how long tests take that it has never seen run.

    It shares them out among its workers by that. The folder's seconds.txt
    has the seconds of a class's tests, and ``*`` for those of all others.
    """
    table = test_suites.TOP / 'tests' / suite.name / 'seconds.txt'
    if not table.exists():
        return
    of_class = {}
    for line in table.read_text().splitlines():
        if line and not line.startswith('#'):
            seconds, name = line.split()
            of_class[name] = seconds
    top = test_suites.BESIDE if suite.beside else test_suites.TOP
    with dbm.open(os.fspath(top / '.stestr' / 'times.dbm'), 'c') as times:
        for name in names:
            if name not in times:
                its = name.rpartition('.')[0]
                times[name] = of_class.get(its, of_class['*'])
