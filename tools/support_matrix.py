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

"""Write the table of doc/source/reference/support-matrix.rst from its data.

``make support-matrix`` runs it, after a run has been noted in the data file.
"""

import pathlib
from typing import Any

from tools import toml_files

TOP = pathlib.Path(__file__).resolve().parent.parent
ROWS = TOP / 'doc' / 'source' / 'reference' / 'support-matrix.toml'
TABLE = ROWS.with_name('support-matrix-table.inc')
HEAD = """.. Written by make support-matrix from support-matrix.toml.

.. list-table::
   :header-rows: 1
   :widths: 22 18 8 24 16 12

   * - Tests
     - nova
     - Python
     - Where
     - Passed / failed / skipped
     - Run
"""


def rows() -> list[dict[str, Any]]:
    """Read the rows."""
    return list(toml_files.read(ROWS)['row'])


def table() -> str:
    """Return the table in reStructuredText."""
    text = HEAD
    for row in rows():
        counts = ' / '.join(str(count) for count in row.get('counts', ()))
        cells = [row[name] for name in ('tests', 'nova', 'python', 'where')]
        cells += [counts, row['date']]
        for number, cell in enumerate(cells):
            mark = '     - ' if number else '   * - '
            text += f'{mark}{cell}'.rstrip() + '\n'
    return text


if __name__ == '__main__':
    TABLE.write_text(table())
