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

Tests run in parallel: end-to-end tests three at a time, each process with
hosts of its own; those that race a guest one at a time. These wait for three
quarters of their time, so that they run beside the tests against nova. Those
run once for each nova that --nova names, by the interpreter of its
environment, and for each of its concurrency backends. What all of them need is
installed while unit tests run.

The daily run leaves out the tests of tests/nightly.txt and those that show
what stock nova does; --all runs them too, --stock those alone.

A worker in which nothing moves is ended, and its test named. Every skip is
listed with its reason, right above the counts.
"""

import argparse
import collections.abc
import concurrent.futures
import contextlib
import dataclasses
import dbm
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import subunit
import testtools

TOP = pathlib.Path(__file__).resolve().parent.parent
STESTR = [sys.executable, '-m', 'stestr']
PARALLEL = 0  # stestr's word for one worker per processor
THREADS_SINCE = 34  # nova-compute's default from there on
# Without KVM a guest that boots keeps one processor busy; others wait for a
# timeout of libvirt's meanwhile.
HOSTS = min(2, os.cpu_count() or 1) + 1
MEASURED = r'^tests\.e2e\.test_(nova_)?(converge|stall)\.'
# A test with nova's services waits for half of its time.
NOVAS = (os.cpu_count() or 1) + 1
BACKEND_TESTS = r'^tests\.nova\.test_(planned|loading.*eventlet)'
# What shows that stock nova does something guards nothing of ours.
STOCK = (
    r'^tests\.(e2e|nova)\.\w+\.'
    r'(StockTest(Case)?\.|\w+\.test_stock(_\w+)?$)'
)
# What no release of nova's changes is asked of the newest alone: our own
# journals and directories, metrics and audits, the wheel, nova's code for LVM.
# The oldest runs on eventlet: the newest need not.
OF_NO_RELEASE = (
    r'^tests\.nova\.test_(incoming_recovery|incoming_volumes|rollback|trust'
    r'|free_space_watchdog|check_destination|logical_volumes'
    r'|metrics|periodic_audit|secrets'
    r'|loading\.\w+\.\w+_wheel)'
)
NIGHTLY = TOP / 'tests' / 'nightly.txt'
INSTALL_NOVA = TOP / 'tools' / 'install_nova.sh'
FETCH_CORPUS = TOP / 'tools' / 'fetch_libvirt_tests.py'
INSTALL_PACKAGES = TOP / 'tools' / 'install_lab_packages.sh'
#: Repository of stestr's for the tests that run beside those against nova; it
#: locks none.
BESIDE = TOP / '.stestr' / 'beside'
# stestr's name of what runs tests; a worker is such a process.
WORKER = 'stestr.subunit_runner'

PASSED = {'success', 'xfail'}
SKIPPED = {'skip'}
LISTED = {'exists'}
BEGUN = 'inprogress'


@dataclasses.dataclass(frozen=True)
class Suite:
    """A folder of tests and how it is run.

    :ivar version: of the nova whose interpreter runs it; '' is our own
    :ivar label: precedes the names of the tests, where a folder runs more
        than once
    :ivar only: expression of the tests that are worth another run
    :ivar without: expression of the tests that are not run
    :ivar nightly: expression of those that the daily run leaves out
    :ivar group: expression of what tests of one process have in common
    :ivar beside: whether it runs at the same time as the tests against nova,
        since it leaves most of the machine idle
    :ivar patience: seconds without a test that begins or ends; the imports
        before the first take minutes on a machine that is busy
    """

    name: str
    concurrency: int = 1
    version: str = ''
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    label: str = ''
    only: str = ''
    without: str = ''
    nightly: str = ''
    group: str = ''
    beside: bool = False
    patience: float = 600

    @property
    def python(self) -> pathlib.Path:
        """The interpreter of the tests."""
        if self.version:
            return TOP / '.nova' / self.version / 'bin' / 'python'
        return pathlib.Path(sys.executable)

    @property
    def stestr(self) -> list[str]:
        """The command, with the folder of its tests."""
        repository = ['--repo-url', os.fspath(BESIDE)] * self.beside
        return [*STESTR, *repository, '--test-path', f'./tests/{self.name}']


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which tests are run.

    :ivar wanted: the user's expression
    :ivar without: expression of what is left out
    :ivar only: expression of what is not left out
    :ivar daily: whether what suites call nightly is left out
    """

    wanted: str = ''
    without: str = ''
    only: str = ''
    daily: bool = False

    def filters(self, suite: Suite) -> list[str]:
        """What stestr is to run of a suite."""
        nightly = suite.nightly if self.daily else ''
        left_out = (self.without, suite.without, nightly)
        without = '|'.join(part for part in left_out if part)
        options = ['--exclude-regex', without] * bool(without)
        both = [p for p in (self.only, suite.only, self.wanted) if p]
        if len(both) < 2:
            return [*options, *both]
        # It takes several expressions as alternatives.
        return [*options, '^' + ''.join(f'(?=.*(?:{p}))' for p in both)]

    def may_be_in(self, suite: Suite) -> bool:
        """Whether it is worth a look: the folder may be named."""
        named = re.match(r'\^?tests\\?\.(\w+)', self.wanted)
        return named is None or named[1] == suite.name


SUITES = (
    Suite('unit', PARALLEL),
    Suite('functional', PARALLEL),
    # Tests of one class often take the nova-computes that run already.
    Suite('e2e', HOSTS, without=MEASURED, group=r'.*\.', patience=900),
    Suite('e2e', only=MEASURED, beside=True, patience=900),
    # Three kernels of their own are enough for any machine.
    Suite('storage', beside=True, patience=900),
)


def nova_suites(version: str) -> list[Suite]:
    """The tests against one nova, once for each of its backends."""

    def suite(
        label: str, threads: bool, only: str = '', nightly: str = ''
    ) -> Suite:
        return Suite(
            'nova',
            NOVAS,
            version,
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
            nightly=nightly,
        )

    if int(version.partition('.')[0]) < THREADS_SINCE:
        return [suite(f'nova-{version}', False, nightly=OF_NO_RELEASE)]
    return [
        suite(f'nova-{version}', True),
        suite(f'nova-{version}-eventlet', False, BACKEND_TESTS, nightly='.'),
    ]


@dataclasses.dataclass
class Tally:
    """What became of the tests; suites that run at once share it."""

    passed: int = 0
    failed: int = 0
    skips: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    outcomes: dict[str, bool] = dataclasses.field(default_factory=dict)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def take(self, label: str, test: dict[str, Any]) -> None:
        """Count and print one finished test, as testtools describes it.

        :param label: of its suite
        """
        with self.lock:
            self._take(label + test['id'], test)

    def _take(self, name: str, test: dict[str, Any]) -> None:
        status = test['status']
        if status in LISTED:
            return
        if status not in SKIPPED:
            self.outcomes[test['id']] = status in PASSED
        if status in PASSED:
            self.passed += 1
            print(f'ok      {name}{_duration(test)}', flush=True)
        elif status in SKIPPED:
            reason = _text(test, 'reason').strip() or 'no reason given'
            self.skips.append((name, reason))
            print(f'skipped {name}: {reason}', flush=True)
        else:
            self.failed += 1
            ended = 'did not end' if status == BEGUN else status
            print(f'FAILED  {name}{_duration(test)} ({ended})')
            for detail in test['details']:
                print(f'-- {detail}\n{_text(test, detail).rstrip()}')
            print(flush=True)

    def complain(self, message: str) -> None:
        with self.lock:
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


class Watch(testtools.StreamResult):  # type: ignore[misc]
    """Ends the workers of a run in which nothing moves any more.

    :ivar seen: the tests that began or ended
    :ivar hung: what to say of the workers that were ended
    """

    def __init__(self, patience: float, stestr: int) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.hung = ''
        self._patience = patience
        self._stestr = stestr
        self._moved = time.monotonic()
        self._newest: dict[str, str] = {}
        self._over = threading.Event()

    def status(
        self,
        test_id: str | None = None,
        test_status: str | None = None,
        test_tags: collections.abc.Collection[str] | None = None,
        **more: Any,
    ) -> None:
        """Note that something moved, and of which worker."""
        self._moved = time.monotonic()
        if test_id and test_status:
            self.seen.add(test_id)
            self._newest[' '.join(test_tags or ())] = test_id

    @contextlib.contextmanager
    def watching(self) -> collections.abc.Iterator[None]:
        """Look for as long as the body runs."""
        looking = threading.Thread(target=self._look, daemon=True)
        looking.start()
        try:
            yield
        finally:
            self._over.set()
            looking.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            if time.monotonic() - self._moved > self._patience:
                newest = ', '.join(sorted(self._newest.values())) or 'none'
                self.hung = (
                    f'nothing moved for {self._patience:g} s; the last tests '
                    f'to begin or end: {newest}'
                )
                # Python's fault handler says what each thread was at.
                self._end(signal.SIGABRT)
                self._over.wait(10)
                self._end(signal.SIGKILL)
                return

    def _end(self, number: signal.Signals) -> None:
        for worker in workers(self._stestr):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)


def workers(stestr: int) -> list[int]:
    """Find the processes that run tests, below that of stestr."""
    found = []
    below = [stestr]
    while below:
        pid = below.pop()
        with contextlib.suppress(OSError):
            proc = pathlib.Path('/proc', str(pid))
            if WORKER in (proc / 'cmdline').read_text():
                found.append(pid)
            for children in proc.glob('task/*/children'):
                below += map(int, children.read_text().split())
    # A shell that waits for its command names it too.
    return found


def run_suite(suite: Suite, choice: Choice, tally: Tally) -> None:
    """Run the tests of one folder that are chosen."""
    # stestr runs the tests with the interpreter that PYTHON names, and hands
    # it to a shell: the way from here has no space of the checkout's.
    environment = {
        **os.environ,
        **suite.environment,
        'PYTHON': os.path.relpath(suite.python, TOP),
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
    with subprocess.Popen(
        [*suite.stestr, 'run', '--subunit']
        + ['--concurrency', str(suite.concurrency)]
        + ['--group-regex', suite.group] * bool(suite.group)
        + filters,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        watch = Watch(suite.patience, process.pid)
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
    print(f'{suite.label}{suite.name} tests took {seconds:.0f} s', flush=True)
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
    for suite in (Suite('unit'), Suite('unit', beside=True)):
        top = BESIDE if suite.beside else TOP
        if not (top / '.stestr' / 'format').exists():
            top.mkdir(parents=True, exist_ok=True)
            # `list` asks for it, and only `run` makes it.
            subprocess.run([*suite.stestr, 'init'], check=True)


def seed(suite: Suite, names: list[str]) -> None:
    """Tell stestr how long tests take that it has never seen run.

    It shares them out among its workers by that. The folder's seconds.txt
    has the seconds of a class's tests, and ``*`` for those of all others.
    """
    table = TOP / 'tests' / suite.name / 'seconds.txt'
    if not table.exists():
        return
    of_class = {}
    for line in table.read_text().splitlines():
        if line and not line.startswith('#'):
            seconds, name = line.split()
            of_class[name] = seconds
    top = BESIDE if suite.beside else TOP
    with dbm.open(os.fspath(top / '.stestr' / 'times.dbm'), 'c') as times:
        for name in names:
            if name not in times:
                its = name.rpartition('.')[0]
                times[name] = of_class.get(its, of_class['*'])


class Installation:
    """What tests need besides our own environment, made in the background.

    :param packages: whether the laboratory's packages are wanted, and
        libvirt's own tests; what needs those is skipped without them
    :param novas: releases of nova that get an environment
    :param releases: of Debian, for hosts, once the packages are there; what
        cannot be had is skipped by those who need it
    """

    def __init__(
        self, packages: bool, novas: list[str], releases: list[str]
    ) -> None:
        self._packages = subprocess.Popen(
            [INSTALL_PACKAGES] if packages else ['true']
        )
        self._corpus = subprocess.Popen(
            [sys.executable, FETCH_CORPUS] if packages else ['true']
        )
        self._novas = subprocess.Popen([INSTALL_NOVA, *novas])
        self._releases = threading.Thread(
            target=self._prepare, args=(releases,), daemon=True
        )
        self._releases.start()

    def _prepare(self, releases: list[str]) -> None:
        if self._packages.wait():
            return
        for release in releases:
            subprocess.run(
                [sys.executable, '-m', 'lab', 'prepare', '--release', release],
                check=False,
            )

    def wait_for(self, suite: Suite) -> None:
        """Wait for what a suite needs; exit where that cannot be had."""
        if suite.name == 'unit':
            return
        if suite.name != 'nova':
            self._corpus.wait()
            self._need(self._packages)
        if suite.name in ('e2e', 'nova', 'storage'):
            self._need(self._novas)
        if suite.name in ('e2e', 'storage'):
            self._releases.join()

    def wait(self) -> None:
        """Wait until all is there; exit where that cannot be had."""
        self._need(self._packages)
        self._need(self._novas)
        self._releases.join()

    @staticmethod
    def _need(process: subprocess.Popen[bytes]) -> None:
        if process.wait():
            sys.exit(process.returncode)


def run_lanes(
    lanes: list[list[Suite]],
    installation: Installation,
    choice: Choice,
    tally: Tally,
) -> None:
    """Run suites one after another, and lists of such at the same time."""

    def run(lane: list[Suite]) -> None:
        for suite in lane:
            installation.wait_for(suite)
            run_suite(suite, choice, tally)

    with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
        # Asked for its results, it raises what a lane has raised.
        list(pool.map(run, lanes))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--nova',
        type=str.split,
        default=[],
        metavar='VERSIONS',
        help='novas to run the tests of tests/nova with',
    )
    parser.add_argument(
        '--releases',
        type=str.split,
        default=[],
        metavar='NAMES',
        help='Debian releases to prepare for hosts meanwhile',
    )
    parser.add_argument(
        '--only',
        action='append',
        default=[],
        metavar='FOLDER',
        help='run tests of this folder of tests/ alone; may be repeated',
    )
    parser.add_argument('--all', action='store_true', help='leave nothing out')
    parser.add_argument(
        '--stock',
        action='store_true',
        help='run what shows what stock nova does, and nothing else',
    )
    parser.add_argument(
        '--outcomes',
        type=pathlib.Path,
        metavar='FILE',
        help='write there which tests passed, as JSON',
    )
    parser.add_argument('regex', nargs='*', help='of the names of tests')
    return parser.parse_args(arguments)


def chosen(parsed: argparse.Namespace) -> Choice:
    """Return which tests the options are for."""
    wanted = ' '.join(parsed.regex).strip()
    if parsed.stock:
        return Choice(wanted, only=STOCK)
    if parsed.all:
        return Choice(wanted)
    return Choice(wanted, f'{STOCK}|{nightly()}', daily=True)


def nightly() -> str:
    """Return an expression of the tests that the daily run leaves out."""
    lines = NIGHTLY.read_text().splitlines()
    return '|'.join(li for li in lines if li and not li.startswith('#'))


def versions(wanted: list[str]) -> list[str]:
    """Return the novas that are meant: 34.0 is 34.0.0."""
    known = [
        line
        for line in (TOP / 'tools' / 'nova_versions.txt').read_text().split()
        if line[0].isdigit()
    ]
    return [k for w in wanted for k in known if f'{k}.'.startswith(f'{w}.')]


def main(arguments: list[str]) -> int:
    os.chdir(TOP)
    parsed = parse(arguments)
    tally = Tally()
    choice = chosen(parsed)
    novas = [s for v in versions(parsed.nova) for s in nova_suites(v)]
    folders = (
        ['e2e', 'nova']
        if parsed.stock
        else ['unit', 'functional', 'e2e', 'storage', 'nova']
    )
    suites = [
        suite
        for suite in (*SUITES, *novas)
        if suite.name in (parsed.only or folders) and choice.may_be_in(suite)
    ]
    needed = any(s.name not in ('unit', 'functional') for s in suites)
    installation = Installation(
        any(suite.name != 'unit' for suite in suites),
        parsed.nova if needed else [],
        parsed.releases if needed else [],
    )
    initialize()
    # End-to-end tests last: Debian's releases take the longest to prepare.
    for lanes in (
        [[s for s in suites if s.name in ('unit', 'functional')]],
        [
            [s for s in suites if s.beside],
            [s for s in suites if s.name == 'nova'],
        ],
        [[s for s in suites if s.name == 'e2e' and not s.beside]],
    ):
        run_lanes(lanes, installation, choice, tally)
    installation.wait()
    if parsed.outcomes:
        parsed.outcomes.write_text(json.dumps(tally.outcomes, indent=1))
    return tally.close()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
