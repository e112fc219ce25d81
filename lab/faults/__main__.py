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

"""Run the campaign: python -m lab.faults [--short]."""

import argparse
from collections.abc import Iterator
import itertools
import json
from pathlib import Path
import sys
import time

from lab.errors import LabError
from lab.faults import campaign
from lab.faults.fault import Fault
from lab.faults.phase import Phase
from lab.faults.row import Row
from lab.faults.row import totals
from lab.faults.trial import Trial
from lab.faults.world import World
from lab.lab import Lab

#: Then the hosts are brought up anew: their logs are read from the start.
_BATCH = 12


def main() -> int:
    """Run it; 0 where nothing was seen that must not be."""
    arguments = _parser().parse_args()
    rows: list[Row] = []
    try:
        trials = _trials(arguments)
        while batch := list(itertools.islice(trials, _BATCH)):
            with Lab.open() as lab:
                world = World(lab)
                for trial in batch:
                    row = trial.run(world)
                    rows.append(row)
                    _print(row)
                    arguments.output.write_text(
                        json.dumps(totals(rows), indent=1) + '\n'
                    )
    except LabError as err:
        print(f'faults: {err}', file=sys.stderr)
        return 2
    summary = totals(rows)
    del summary['rows']
    print(', '.join(f'{value} {name}' for name, value in summary.items()))
    return int(not all(row.clean for row in rows))


def _trials(arguments: argparse.Namespace) -> Iterator[Trial]:
    if arguments.fault:
        only = Trial(
            Fault[arguments.fault],
            Phase[arguments.phase] if arguments.phase else None,
            arguments.seed,
            arguments.direct,
        )
        return iter([only])
    if arguments.short:
        return campaign.short(arguments.seed, arguments.runs)
    return itertools.islice(campaign.long(arguments.seed), arguments.runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m lab.faults')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--runs', type=int, default=10)
    parser.add_argument(
        '--short', action='store_true', help='quick faults, each once'
    )
    parser.add_argument('--output', type=Path, default=Path('faults.json'))
    parser.add_argument('--fault', choices=Fault.__members__)
    parser.add_argument('--phase', choices=Phase.__members__)
    parser.add_argument('--direct', action='store_true')
    return parser


def _print(row: Row) -> None:
    mark = 'ok ' if row.clean else 'BAD'
    print(
        f'{time.strftime("%H:%M:%S")} {mark} {row.driver}, {row.fault}'
        f'{", " + row.phase if row.phase else ""}, seed {row.seed}: '
        f'{row.outcome}, guest on {row.truth}'
        f'{"" if row.inflicted else ", NOT INFLICTED"}, {row.seconds} s',
        flush=True,
    )
    if not row.clean or row.outcome in ('unknown', 'failed'):
        print(
            f'    lost {row.lost_records} shared {row.shared_written} double '
            f'{row.double_run} untrue {row.untrue} unlisted {row.unlisted}\n'
            f'    {row.said}\n    {row.found}',
            flush=True,
        )


if __name__ == '__main__':
    sys.exit(main())
