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

"""Write the table of doc/source/reference/stock.rst from tests.

``make stock-report`` gives the files that tools/run_tests.py has written, one
for each nova. A row has a nova if all of its tests passed with that.
"""

import json
import pathlib
import re
import sys
from typing import Any

from tools import toml_files

TOP = pathlib.Path(__file__).resolve().parent.parent
ROWS = TOP / 'doc' / 'source' / 'reference' / 'stock.toml'
TABLE = TOP / 'doc' / 'source' / 'reference' / 'stock-table.inc'
HEAD = """.. Written by make stock-report from stock.toml.

.. list-table::
   :header-rows: 1
   :widths: 20 35 35 10

   * - What
     - Stock nova
     - This driver
     - Seen with
"""

# By nova: the name of a test, and whether it passed.
Seen = dict[str, dict[str, bool]]


def rows() -> list[dict[str, Any]]:
    """Read the rows."""
    return list(toml_files.read(ROWS)['row'])


def tests_of(row: dict[str, Any], names: list[str]) -> list[str]:
    """Choose the tests that show a row."""
    return [
        name
        for name in names
        if any(re.search(part, name) for part in row['tests'])
    ]


def shown_with(row: dict[str, Any], seen: Seen) -> list[str]:
    """Return the novas that do what a row says."""
    found = []
    for nova, passed in seen.items():
        tests = tests_of(row, list(passed))
        if tests and all(passed[name] for name in tests):
            found.append(nova)
    return found


def table(seen: Seen) -> str:
    """Return the table in reStructuredText."""
    text = HEAD
    for row in rows():
        cells = [row['what'], row['nova'], row['driver']]
        cells.append(', '.join(shown_with(row, seen)))
        for number, cell in enumerate(cells):
            mark = '   * - ' if number == 0 else '     - '
            lines = cell.strip().splitlines() or ['']
            text += (mark + f'\n{" " * 7}'.join(lines)).rstrip() + '\n'
    return text


def main(files: list[str]) -> int:
    """Write it; 1 if a test has shown something else."""
    seen = {
        pathlib.Path(file).stem: json.loads(pathlib.Path(file).read_text())
        for file in files
    }
    TABLE.write_text(table(seen))
    return int(not all(all(passed.values()) for passed in seen.values()))


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
