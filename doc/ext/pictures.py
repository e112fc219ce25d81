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

"""A Sphinx directive that draws a picture from its text, by graphviz.

``.. picture:: WHAT IT SHOWS`` has a graph in dot's language as its content.
Where ``dot`` is not installed the page has that text: nobody is without it,
and the build goes on. ``reason:CODE`` as the address of a node leads to the
section of a reason code; a word that is no code fails the build.
"""

import re
import shutil
import typing

from docutils import nodes
from docutils.parsers import rst
from sphinx import application
from sphinx.ext import graphviz

from nova_selective_migrate.core.model import refusals

_REASON = re.compile(r'URL="reason:([a-z-]+)"')
_CODES = {reason.value for reason in refusals.ALL_REASONS}


class Picture(rst.Directive):
    """A graph, with a sentence for those who do not see it."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        text = '\n'.join(self.content)
        unknown = set(_REASON.findall(text)) - _CODES
        if unknown:
            raise self.error(f'no reason codes: {", ".join(sorted(unknown))}')
        if shutil.which('dot') is None:
            return [
                nodes.paragraph(text=f'{self.arguments[0]}, as text:'),
                nodes.literal_block(text, text, language='text'),
            ]
        picture = graphviz.graphviz()
        picture['code'] = _REASON.sub(
            r'URL="../reference/reason-codes.html#reason-\1", target="_top"',
            text,
        )
        picture['options'] = {}
        picture['alt'] = self.arguments[0]
        # A wide one scrolls by itself on a narrow screen.
        picture['classes'] = ['wide-picture']
        return [picture]


def setup(app: application.Sphinx) -> dict[str, typing.Any]:
    app.add_directive('picture', Picture)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
