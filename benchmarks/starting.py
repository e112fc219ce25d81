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

"""What starting the command costs, beside an empty Python."""

import collections.abc
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

from benchmarks import figure
from benchmarks import planning
from nova_selective_migrate.core.case import migration_case

_RUNS = 21
_MOST_SECONDS = 0.15
_PROGRAM = pathlib.Path(sys.executable).with_name('nova-selective-migrate')
_EMPTY = [sys.executable, '-c', 'pass']

Words = list[str]


def figures(_runs: int) -> collections.abc.Iterator[figure.Figure]:
    """Start each in turns, often enough for runs of its own.

    Processor time, user and system: what else the machine does counts least
    there.
    """
    with tempfile.TemporaryDirectory() as folder:
        case = pathlib.Path(folder) / 'case.json'
        case.write_text(migration_case.dumps(planning.case(4)))
        asked = {
            '--version': ['--version'],
            '--help': ['--help'],
            'plan --help': ['plan', '--help'],
            'plan --replay': ['plan', '-f', 'json', '--replay', str(case)],
        }
        commands: dict[str, Words] = {'an empty Python': _EMPTY}
        for name, words in asked.items():
            commands[name] = [str(_PROGRAM), *words]
        seconds = _in_turns(commands)
    empty = statistics.median(seconds['an empty Python'])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        target = None if name == 'an empty Python' else _MOST_SECONDS
        yield figure.Figure(
            f'start, processor time: {name}', median, 's', target, _RUNS
        )
        if target is not None:
            yield figure.Figure(
                f'start, ratio: {name} / an empty Python',
                median / empty,
                'ratio',
                None,
                _RUNS,
            )


def _in_turns(
    commands: collections.abc.Mapping[str, Words],
) -> dict[str, list[float]]:
    """Return the processor seconds of each run of each."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for words in commands.values():
        _processor_seconds(words)  # what is compiled, and read from disks
    for _ in range(_RUNS):
        for name, words in commands.items():
            found[name].append(_processor_seconds(words))
    return found


def _processor_seconds(words: Words) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (
        after.ru_stime - before.ru_stime
    )
