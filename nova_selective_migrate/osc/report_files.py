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

"""Where the report of a drain is written: HTML, JSON or a table."""

import json

import prettytable

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import drain_reports
from nova_selective_migrate.osc import drain_page


def write(path: str, report: drain_reports.DrainReport) -> None:
    """Write a report, in the form that the name of the file asks for.

    :raises InvalidInput: when it cannot be written
    """
    try:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(_text(path, report))
    except OSError as err:
        raise exceptions.InvalidInput(f'--report {path}: {err}') from err


def reason_lines(report: drain_reports.DrainReport) -> list[str]:
    """Return a line for each reason for which a server has not moved."""
    return [
        f'{move.server.name} ({move.server.uuid}): [{each.code}] '
        f'{each.message}'
        for move in report.moves
        for each in move.blocked
    ]


def _text(path: str, report: drain_reports.DrainReport) -> str:
    if path.endswith('.html'):
        return drain_page.page(report.tree())
    if path.endswith('.json'):
        return f'{json.dumps(report.tree(), indent=1)}\n'
    table = prettytable.PrettyTable(
        [*drain_reports.COLUMNS, *drain_reports.LONG_COLUMNS]
    )
    table.align = 'l'
    for row in report.rows(long=True):
        table.add_row(['-' if cell is None else cell for cell in row])
    lines = [table.get_string(), *reason_lines(report), *report.notes]
    return '\n'.join(lines) + '\n'
