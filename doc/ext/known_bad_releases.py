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

"""A Sphinx directive that writes the table of bad releases from the rules.

Use ``.. known-bad-releases::``: one row for each rule, with an anchor
``known-bad-ID`` to link to.
"""

import typing

from docutils import nodes
from docutils.parsers import rst
from sphinx import application

from nova_selective_migrate.core.plan import known_bad_releases
from nova_selective_migrate.core.plan import known_bad_rules

_COLUMNS = (('Rule', 22), ('Releases', 20), ('Where', 30), ('What', 28))


class KnownBadReleases(rst.Directive):
    """A table of rule and effect, releases, condition and harm."""

    def run(self) -> list[nodes.Node]:
        group = nodes.tgroup(cols=len(_COLUMNS))
        group += [nodes.colspec(colwidth=width) for _, width in _COLUMNS]
        group += nodes.thead(
            '', _row(*([nodes.Text(title)] for title, _ in _COLUMNS))
        )
        group += nodes.tbody('', *map(_rule, known_bad_releases.TABLE))
        return [nodes.table('', group, classes=['colwidths-given'])]


def _rule(rule: known_bad_rules.KnownBad) -> nodes.row:
    program = 'QEMU' if rule.program == 'qemu' else rule.program
    ranges = ', '.join(map(str, rule.ranges))
    if rule.together_with_qemu:
        ranges += f', with QEMU {rule.together_with_qemu}'
    row = _row(
        [
            nodes.literal(text=rule.id),
            nodes.Text(f' ({rule.effect.value})'),
        ],
        [nodes.Text(f'{program} {ranges}, {rule.side.words}')],
        [nodes.Text(rule.feature.value)],
        [nodes.Text(f'{rule.breaks or rule.reason.meaning} [{rule.origin}]')],
    )
    row['ids'] = [f'known-bad-{rule.id}']
    return row


def _row(*cells: list[nodes.Node]) -> nodes.row:
    return nodes.row(
        '', *(nodes.entry('', nodes.paragraph('', '', *c)) for c in cells)
    )


def setup(app: application.Sphinx) -> dict[str, typing.Any]:
    app.add_directive('known-bad-releases', KnownBadReleases)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
