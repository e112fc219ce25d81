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

Unit tests run in parallel. Functional and end-to-end tests share machinery,
hosts and a clock, so they run one at a time. Every skip is listed with its
reason, right above the counts.
"""

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
SUITES = {'unit': PARALLEL, 'functional': 1, 'e2e': 1}

PASSED = {'success', 'xfail'}
SKIPPED = {'skip'}
LISTED = {'exists'}


@dataclasses.dataclass
class Tally:
    """What became of the tests."""

    passed: int = 0
    failed: int = 0
    skips: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def take(self, test: dict[str, Any]) -> None:
        """Count and print one finished test, as testtools describes it."""
        name, status = test['id'], test['status']
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


def run_suite(suite: str, concurrency: int, regex: str, tally: Tally) -> None:
    """Run the tests of one folder that match the expression."""
    where = ['--test-path', f'./tests/{suite}']
    filters = [regex] if regex else []
    # Asked first, because `run --subunit` is silent about broken imports.
    listed = subprocess.run(
        [*STESTR, *where, 'list', *filters],
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        print(listed.stdout + listed.stderr)
        tally.complain(f'tests/{suite} cannot be loaded')
        return
    if not listed.stdout.strip():
        return

    print(f'\n{suite} tests', flush=True)
    with subprocess.Popen(
        [*STESTR, *where, 'run', '--subunit']
        + ['--concurrency', str(concurrency), *filters],
        stdout=subprocess.PIPE,
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


def main(arguments: list[str]) -> int:
    os.chdir(TOP)
    # stestr would run the tests with the interpreter that PYTHON names, and
    # hands it to a shell: the way from here has no space of the checkout's.
    os.environ['PYTHON'] = os.path.relpath(sys.executable, TOP)
    if not (TOP / '.stestr' / 'format').exists():
        # `list` asks for it, and only `run` makes it.
        subprocess.run([*STESTR, 'init'], check=True)
    tally = Tally()
    regex = ' '.join(arguments).strip()
    for suite, concurrency in SUITES.items():
        run_suite(suite, concurrency, regex, tally)
    return tally.close()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
