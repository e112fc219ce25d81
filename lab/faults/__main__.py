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

"""Run the campaign: python -m lab.faults; see --help."""

import argparse
import json
from pathlib import Path
import signal
import sys
import time

from lab.errors import LabError
from lab.faults import campaign
from lab.faults import reliability_page
from lab.faults.fault_kinds import Fault
from lab.faults.migration_phases import Phase
from lab.faults.trial_results import totals
from lab.faults.trial_results import TrialResult


def main() -> int:
    """Run it; 0 where nothing was seen that must not be."""
    arguments = _parser().parse_args()
    if arguments.render:
        trees = [json.loads(path.read_text()) for path in arguments.render]
        arguments.table.write_text(reliability_page.text(trees))
        return 0
    # So that the hosts are taken down then as well.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(2))
    rows: list[TrialResult] = []
    try:
        for row in campaign.run(
            campaign.Wanted(
                seed=arguments.seed,
                runs=arguments.runs,
                short=arguments.short,
                interpreter=arguments.nova,
                fault=arguments.fault and Fault[arguments.fault],
                phase=arguments.phase and Phase[arguments.phase],
                mapped=arguments.mapped,
                media=arguments.media,
            )
        ):
            rows.append(row)
            print(time.strftime('%H:%M:%S'), row.words, flush=True)
            text = json.dumps(totals(rows), indent=1)
            arguments.output.write_text(f'{text}\n')
    except LabError as err:
        print(f'faults: {err}', file=sys.stderr)
        return 2
    summary = totals(rows)
    del summary['rows']
    print(', '.join(f'{value} {name}' for name, value in summary.items()))
    return int(not all(row.clean for row in rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m lab.faults')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--runs', type=int, default=10)
    parser.add_argument(
        '--short', action='store_true', help='quick faults, each once'
    )
    parser.add_argument(
        '--nova',
        type=Path,
        metavar='PYTHON',
        help='migrate by nova, of the environment with this interpreter',
    )
    parser.add_argument(
        '--mapped',
        action='store_true',
        help='have the command line copy to another path at the destination',
    )
    parser.add_argument(
        '--media',
        action='store_true',
        help='have the command line bring a medium over',
    )
    parser.add_argument('--fault', choices=Fault.__members__)
    parser.add_argument('--phase', choices=Phase.__members__)
    parser.add_argument('--output', type=Path, default=Path('faults.json'))
    parser.add_argument(
        '--render',
        type=Path,
        nargs='+',
        metavar='JSON',
        help='run nothing: write the table of these campaigns',
    )
    parser.add_argument(
        '--table',
        type=Path,
        default=Path('doc/source/reference/reliability.rst'),
    )
    return parser


if __name__ == '__main__':
    sys.exit(main())
