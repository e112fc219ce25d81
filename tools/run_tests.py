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

"""Run the test suites with stestr and close with one plain line of counts.

Unit tests run in parallel. So do end-to-end tests, two at a time, each
process with hosts of its own; but those that measure, or race a guest, want
the machine for themselves, as do functional tests. The tests against nova
run once for each nova that --nova names, by the interpreter of its
environment, and for each of its concurrency backends. Every skip is listed
with its reason, right above the counts.
"""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import sys
from typing import Any

import subunit
import testtools

TOP = pathlib.Path(__file__).resolve().parent.parent
STESTR = [sys.executable, '-m', 'stestr']
PARALLEL = 0  # stestr's word for one worker per processor
THREADS_SINCE = 34  # nova-compute's default from there on
# Without KVM a guest that boots keeps one processor busy.
HOSTS = min(2, os.cpu_count() or 1)
MEASURED = (
    r'^tests\.e2e\.test_(nova_)?'
    r'(bandwidth|converge|faults|sigterm|stall)\.'
)
BACKEND_TESTS = r'^tests\.nova\.test_(planned|loading.*eventlet)'


PASSED = {'success', 'xfail'}
SKIPPED = {'skip'}
LISTED = {'exists'}


@dataclasses.dataclass(frozen=True)
class Suite:
    """A folder of tests and how it is run.

    :ivar label: precedes the names of the tests, where a folder runs more
        than once
    :ivar only: expression of the tests that are worth another run
    :ivar without: expression of the tests that are not run
    :ivar group: expression of what tests of one process have in common
    """

    name: str
    concurrency: int = 1
    python: pathlib.Path = pathlib.Path(sys.executable)
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    label: str = ''
    only: str = ''
    without: str = ''
    group: str = ''

    def filters(self, regex: str) -> list[str]:
        """What stestr is to run, where the user wants what matches."""
        without = ['--exclude-regex', self.without] * bool(self.without)
        both = [part for part in (self.only, regex) if part]
        if len(both) < 2:
            return [*without, *both]
        # It takes several expressions as alternatives.
        return [*without, '^' + ''.join(f'(?=.*(?:{part}))' for part in both)]


SUITES = (
    Suite('unit', PARALLEL),
    Suite('functional'),
    # Tests of one class often take the nova-computes that run already.
    Suite('e2e', HOSTS, without=MEASURED, group=r'.*\.'),
    Suite('e2e', only=MEASURED),
)


def nova_suites(version: str) -> list[Suite]:
    """The tests against one nova, once for each of its backends."""

    def suite(label: str, threads: bool, only: str = '') -> Suite:
        return Suite(
            'nova',
            PARALLEL,
            TOP / '.nova' / version / 'bin' / 'python',
            {
                'OS_NOVA_DISABLE_EVENTLET_PATCHING': str(threads).lower(),
                'OS_STDERR_CAPTURE': '1',
                'OS_STDOUT_CAPTURE': '1',
                'OS_TEST_TIMEOUT': '120',
                # nova's tests set filters of their own once they run.
                'PYTHONWARNINGS': 'ignore',
            },
            f'{label} ',
            only,
        )

    if int(version.partition('.')[0]) < THREADS_SINCE:
        return [suite(f'nova-{version}', False)]
    return [
        suite(f'nova-{version}', True),
        suite(f'nova-{version}-eventlet', False, BACKEND_TESTS),
    ]


@dataclasses.dataclass
class Tally:
    """What became of the tests."""

    label: str = ''
    passed: int = 0
    failed: int = 0
    skips: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def take(self, test: dict[str, Any]) -> None:
        """Count and print one finished test, as testtools describes it."""
        name, status = self.label + test['id'], test['status']
        if status in LISTED:
            return
        if status in PASSED:
            self.passed += 1
            print(f'ok      {name}{_duration(test)}', flush=True)
        elif status in SKIPPED:
            reason = _text(test, 'reason').strip() or 'no reason given'
            self.skips.append((name, reason))
            print(f'skipped {name}: {reason}', flush=True)
        else:
            self.failed += 1
            print(f'FAILED  {name}{_duration(test)} ({status})')
            for detail in test['details']:
                print(f'-- {detail}\n{_text(test, detail).rstrip()}')
            print(flush=True)

    def complain(self, message: str) -> None:
        self.failed += 1
        print(f'FAILED  {message}', flush=True)

    def close(self) -> int:
        """Print the summary and return the exit code."""
        print()
        for name, reason in self.skips:
            print(f'skipped: {name}: {reason}')
        print(
            f'{self.passed} passed, {self.failed} failed, '
            f'{len(self.skips)} skipped',
            flush=True,
        )
        return 1 if self.failed or not self.passed else 0


def _duration(test: dict[str, Any]) -> str:
    start, end = test['timestamps']
    if start is None or end is None:
        return ''
    return f' [{(end - start).total_seconds():.3f}s]'


def _text(test: dict[str, Any], detail: str) -> str:
    content = test['details'].get(detail)
    if content is None or content.content_type.type != 'text':
        return ''
    return str(content.as_text())


def run_suite(suite: Suite, regex: str, tally: Tally) -> None:
    """Run the tests of one folder that match the expression."""
    tally.label = suite.label
    # stestr runs the tests with the interpreter that PYTHON names, and hands
    # it to a shell: the way from here has no space of the checkout's.
    environment = {
        **os.environ,
        **suite.environment,
        'PYTHON': os.path.relpath(suite.python, TOP),
    }
    where = ['--test-path', f'./tests/{suite.name}']
    filters = suite.filters(regex)
    # Asked first, because `run --subunit` is silent about broken imports.
    listed = subprocess.run(
        [*STESTR, *where, 'list', *filters],
        capture_output=True,
        text=True,
        env=environment,
    )
    if listed.returncode:
        print(listed.stdout + listed.stderr)
        tally.complain(f'{suite.label}tests/{suite.name} cannot be loaded')
        return
    if not listed.stdout.strip():
        return

    print(f'\n{suite.label}{suite.name} tests', flush=True)
    with subprocess.Popen(
        [*STESTR, *where, 'run', '--subunit']
        + ['--concurrency', str(suite.concurrency)]
        + ['--group-regex', suite.group] * bool(suite.group)
        + filters,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        result = testtools.StreamToDict(tally.take)
        stream = subunit.ByteStreamToStreamResult(
            process.stdout, non_subunit_name='output'
        )
        result.startTestRun()
        stream.run(result)
        result.stopTestRun()
    if process.returncode:
        tally.complain(f'stestr ended with exit code {process.returncode}')


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--nova',
        type=str.split,
        default=[],
        metavar='VERSIONS',
        help='novas of .nova to run the tests of tests/nova with',
    )
    parser.add_argument(
        '--only-nova', action='store_true', help='run no other tests'
    )
    parser.add_argument('regex', nargs='*', help='of the names of tests')
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    os.chdir(TOP)
    parsed = parse(arguments)
    if not (TOP / '.stestr' / 'format').exists():
        # `list` asks for it, and only `run` makes it.
        subprocess.run([*STESTR, 'init'], check=True)
    tally = Tally()
    regex = ' '.join(parsed.regex).strip()
    novas = [s for version in parsed.nova for s in nova_suites(version)]
    for suite in novas if parsed.only_nova else (*SUITES, *novas):
        run_suite(suite, regex, tally)
    return tally.close()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
