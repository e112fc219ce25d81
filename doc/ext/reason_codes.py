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

"""Explain each reason code, from the code, its explanation and an example.

``.. reason-codes::`` has a section for each: what it means, why it is so, what
to do, a message. Before them stands a list of all, with their meanings. The
anchor of a section is ``reason-CODE``, which the role ``ref`` takes too.
"""

import collections.abc
import json
import pathlib
import typing

from docutils import nodes
from sphinx import application
from sphinx.util import docutils

from nova_selective_migrate.cli import reason_explanations
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals

_EXAMPLES = (
    pathlib.Path(__file__).parents[1] / 'source/reference/reason-examples.json'
)
_FOUND = 'What is found of a disk: it is copied, kept or skipped'
_UNKNOWN = 'What is found of a disk: it is refused'
_DISK = 'What stands against the copy or the keeping of a disk'
_PLAN = 'What stands against the whole plan'


class ReasonCodes(docutils.SphinxDirective):
    """A list of all codes, and a section for each group and code."""

    def run(self) -> list[nodes.Node]:
        labels = self.env.domains.standard_domain
        for reason in refusals.ALL_REASONS:
            name = anchor(reason)
            where = (self.env.docname, name)
            labels.anonlabels[name] = where
            labels.labels[name] = (*where, reason.value)
        examples = json.loads(_EXAMPLES.read_text(encoding='utf-8'))
        groups = {
            _FOUND: [each for each in reasons.Reason if not each.remedy],
            _UNKNOWN: [each for each in reasons.Reason if each.remedy],
            _DISK: list(disk_refusals.DiskRefusal),
            _PLAN: list(plan_refusals.PlanRefusal),
        }
        return [
            _section(
                f'reasons-{number}',
                nodes.Text(title),
                _links(group),
                *(_explained(each, examples[each.value]) for each in group),
            )
            for number, (title, group) in enumerate(groups.items(), 1)
        ]


def _links(
    group: collections.abc.Iterable[refusals.AnyReason],
) -> nodes.Node:
    """List the codes of a group, each a link to its section."""
    found = nodes.bullet_list()
    for reason in group:
        link = nodes.reference('', '', internal=True)
        link['refid'] = anchor(reason)
        link += nodes.literal(text=reason.value)
        text = nodes.paragraph('', '', link, nodes.Text(f': {reason.meaning}'))
        found += nodes.list_item('', text)
    return found


def _explained(reason: refusals.AnyReason, example: str) -> nodes.Node:
    remedy = reason_explanations.remedy(reason)
    return _section(
        anchor(reason),
        nodes.literal(text=reason.value),
        _field('Means', reason.meaning),
        _field('Why', reason_explanations.whys()[reason.value]),
        _field('What to do', remedy or 'Nothing.'),
        nodes.literal_block(
            example, example, language='text', classes=['wrapped']
        ),
    )


def anchor(reason: refusals.AnyReason) -> str:
    """Return what the address of a code's section ends with."""
    return f'reason-{reason.value}'


def _section(name: str, title: nodes.Node, *parts: nodes.Node) -> nodes.Node:
    section = nodes.section(ids=[name])
    section['names'] = [name]
    section += nodes.title('', '', title)
    section += parts
    return section


def _field(head: str, text: str) -> nodes.Node:
    return nodes.paragraph(
        '', '', nodes.strong(text=f'{head}.'), nodes.Text(f' {text}')
    )


def setup(app: application.Sphinx) -> dict[str, typing.Any]:
    app.add_directive('reason-codes', ReasonCodes)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
