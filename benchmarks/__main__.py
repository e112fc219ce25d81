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

"""Measure everything: ``python -m benchmarks [FILE]``."""

import sys

from benchmarks import figure
from benchmarks import migrating
from benchmarks import planning


def main() -> int:
    """Print each figure and write all of them as JSON."""
    path = sys.argv[1] if len(sys.argv) > 1 else 'benchmarks/results.json'
    found = []
    for measured in (planning, migrating):
        for one in measured.figures():
            found.append(one)
            met = 'met' if one.met else 'MISSED'
            print(
                f'{one.name}: {one.value:.3f} {one.unit} (target '
                f'{one.target:g}, {one.runs} runs): {met}',
                flush=True,
            )
    figure.write(found, path)
    return 0 if all(one.met for one in found) else 1


if __name__ == '__main__':
    sys.exit(main())
