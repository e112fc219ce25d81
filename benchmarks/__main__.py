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

"""Measure everything, or write it down: ``python -m benchmarks --help``."""

import argparse
import compileall
import importlib
import pathlib
import sys
import time

from benchmarks import figure
from lab import lab_homes

_PACKAGE = lab_homes.REPOSITORY / 'nova_selective_migrate'
#: Modules with `figures(runs)`, in the order of the page.
AREAS = (
    'copying',
    'thinness',
    'trimming',
    'writing',
    'bandwidth',
    'planning',
    'auditing',
    'starting',
    'nova_overhead',
    'phases',
)


def main() -> int:
    """Carry it out; 0 where every target is met."""
    arguments = _parser().parse_args()
    if arguments.render:
        # matplotlib is needed for nothing else.
        from benchmarks import page

        page.write(figure.read(arguments.results), arguments.page)
        return 0
    # As pip does when it installs: this is no figure of the compiler's.
    compileall.compile_dir(_PACKAGE, quiet=1)
    old = []
    if arguments.only and arguments.results.exists():
        # What is not measured stays as it is.
        old = figure.read(arguments.results)
    found: list[figure.Figure] = []
    for area in arguments.only or AREAS:
        found += _measure(area, arguments.runs)
        fresh = {one.name for one in found}
        kept = [one for one in old if one.name not in fresh]
        # After each, since all of them take their time.
        figure.write([*kept, *found], arguments.results)
    return 1 if any(one.met is False for one in found) else 0


def _measure(area: str, runs: int) -> list[figure.Figure]:
    """Print each figure of an area as soon as it is known."""
    found = []
    began = time.monotonic()
    for one in importlib.import_module(f'benchmarks.{area}').figures(runs):
        found.append(one)
        verdict = {True: 'met', False: 'MISSED', None: 'reported'}[one.met]
        print(
            f'{one.name}: {one.value:.3f} {one.unit} (target '
            f'{one.target}, {one.runs} runs): {verdict}',
            flush=True,
        )
    print(f'-- {area}: {time.monotonic() - began:.0f} s', flush=True)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m benchmarks')
    parser.add_argument(
        '--only', choices=AREAS, action='append', help='repeatable'
    )
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument(
        '--results',
        type=pathlib.Path,
        default=pathlib.Path('benchmarks/results.json'),
    )
    parser.add_argument(
        '--render',
        action='store_true',
        help='measure nothing: write page and pictures of the results',
    )
    parser.add_argument(
        '--page',
        type=pathlib.Path,
        default=pathlib.Path('doc/source/reference/performance.rst'),
    )
    return parser


if __name__ == '__main__':
    sys.exit(main())
