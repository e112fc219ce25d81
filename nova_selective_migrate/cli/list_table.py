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

"""A list as a table for people."""

import collections.abc
import shutil
import sys
import typing

import prettytable


def width(asked: int, fit: bool) -> int | None:
    """Return the columns that a table has; None for as many as it takes.

    :param asked: 0 where nobody has asked
    :param fit: whether to fit into the terminal though there is none
    """
    if asked > 0:
        return asked
    if fit or sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return None


def written(
    names: collections.abc.Sequence[str],
    rows: collections.abc.Iterable[collections.abc.Sequence[typing.Any]],
    columns: int | None = None,
) -> str:
    """Write rows below their names; numbers stand to the right."""
    table = prettytable.PrettyTable(list(names))
    table.align = 'l'
    if columns is not None:
        table.max_table_width = columns
    for row in rows:
        for name, value in zip(names, row, strict=True):
            if isinstance(value, (int, float)):
                table.align[name] = 'r'
        table.add_row(list(row))
    return str(table.get_string())
