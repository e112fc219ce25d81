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

"""Render the reason codes as a table, from the enumerations.

Use ``.. reason-codes::``: one row for each member, with an anchor
``reason-CODE`` to link to.
"""

import typing

from docutils import nodes
from docutils.parsers import rst
from sphinx import application

from nova_selective_migrate.core.model import refusals

_COLUMNS = (('Code', 24), ('Meaning', 38), ('Remedy', 38))


class ReasonCodes(rst.Directive):
    """A table of code, meaning and remedy."""

    def run(self) -> list[nodes.Node]:
        group = nodes.tgroup(cols=len(_COLUMNS))
        group += [nodes.colspec(colwidth=width) for _, width in _COLUMNS]
        group += nodes.thead(
            '', _row(*(nodes.Text(title) for title, _ in _COLUMNS))
        )
        group += nodes.tbody('', *map(_reason, refusals.ALL_REASONS))
        return [nodes.table('', group, classes=['colwidths-given'])]


def _reason(reason: refusals.AnyReason) -> nodes.row:
    row = _row(
        nodes.literal(text=reason.value),
        nodes.Text(reason.meaning),
        nodes.Text(_sentence(reason.remedy)),
    )
    row['ids'] = [f'reason-{reason.value}']
    return row


def _row(*cells: nodes.Node) -> nodes.row:
    return nodes.row(
        '', *(nodes.entry('', nodes.paragraph('', '', c)) for c in cells)
    )


def _sentence(remedy: str) -> str:
    return f'{remedy[0].upper()}{remedy[1:]}.' if remedy else ''


def setup(app: application.Sphinx) -> dict[str, typing.Any]:
    app.add_directive('reason-codes', ReasonCodes)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
