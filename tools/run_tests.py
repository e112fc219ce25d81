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
hosts of its own; those that race a guest, or limit its bandwidth, one at a
time. These wait for most of their time, so that they run beside the tests
against nova. Those run once for each nova that --nova names, by the
interpreter of its environment, and for each of its concurrency backends. What
all of them need is installed while unit tests run.

The daily run leaves out the tests of tests/nightly.txt and those that show
what stock nova does; --all runs them too, --stock those alone.

A worker in which nothing moves is ended, and its test named. Every skip is
listed with its reason, right above the counts.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys

from tools.test_run import background_installation
from tools.test_run import chosen_tests
from tools.test_run import suite_run
from tools.test_run import test_suites
from tools.test_run import test_tally


def run_lanes(
    lanes: list[list[test_suites.Suite]],
    installation: background_installation.Installation,
    choice: chosen_tests.Choice,
    tally: test_tally.Tally,
) -> None:
    """Run suites one after another, and lists of such at the same time."""

    def run(lane: list[test_suites.Suite]) -> None:
        for suite in lane:
            installation.wait_for(suite)
            suite_run.run_suite(suite, choice, tally)

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
        '--fleet',
        type=str.split,
        default=[],
        metavar='VERSIONS',
        help='novas that end-to-end tests of mixed fleets need besides',
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


def chosen(parsed: argparse.Namespace) -> chosen_tests.Choice:
    """Return which tests the options are for."""
    wanted = ' '.join(parsed.regex).strip()
    if parsed.stock:
        return chosen_tests.Choice(wanted, only=chosen_tests.STOCK)
    if parsed.all:
        return chosen_tests.Choice(wanted)
    return chosen_tests.Choice(
        wanted, f'{chosen_tests.STOCK}|{chosen_tests.nightly()}', daily=True
    )


def versions(wanted: list[str]) -> list[str]:
    """Return the novas that are meant: 34.0 is 34.0.0."""
    known = [
        line
        for line in (test_suites.TOP / 'tools' / 'nova_versions.txt')
        .read_text()
        .split()
        if line[0].isdigit()
    ]
    return [k for w in wanted for k in known if f'{k}.'.startswith(f'{w}.')]


def main(arguments: list[str]) -> int:
    os.chdir(test_suites.TOP)
    parsed = parse(arguments)
    tally = test_tally.Tally()
    choice = chosen(parsed)
    novas = [
        s for v in versions(parsed.nova) for s in test_suites.nova_suites(v)
    ]
    folders = (
        ['e2e', 'nova']
        if parsed.stock
        else ['unit', 'functional', 'e2e', 'storage', 'nova']
    )
    suites = [
        suite
        for suite in (*test_suites.SUITES, *novas)
        if suite.name in (parsed.only or folders) and choice.may_be_in(suite)
    ]
    needed = any(s.name not in ('unit', 'functional') for s in suites)
    installation = background_installation.Installation(
        any(suite.name != 'unit' for suite in suites),
        [*parsed.nova, *parsed.fleet] if needed else [],
        parsed.releases if needed else [],
    )
    suite_run.initialize()
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
