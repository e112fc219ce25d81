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

"""The options of our commands, as their parsers have them.

``.. command-options::`` writes the global options and a section for each
command, for the page of a browser and for that of man(1).
"""

import argparse
import collections.abc
import re

from docutils import nodes
from docutils import statemachine
from docutils.parsers import rst
from sphinx.util import nodes as sphinx_nodes

from nova_selective_migrate.cli import command_line

Lines = collections.abc.Iterator[str]
# What argparse lists by itself, and says nothing about.
_UNTOLD = ('--help',)
_MARKS = re.compile(r'([\\*`|]|_(?=\W|$))')

# What docutils would make a link of.
_ADDRESS = re.compile(r'\b((?:tcp|https?|unix|file)://?)')


class CommandOptions(rst.Directive):
    """Write all options of all commands."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        parent = nodes.section()
        parent.document = self.state.document
        text = statemachine.StringList(list(page()), source='parsers')
        sphinx_nodes.nested_parse_with_titles(self.state, text, parent)
        return parent.children


def page() -> Lines:
    """Write the sections as reStructuredText."""
    yield from _section('Global options', command_line.NAME)
    yield 'They may stand behind the command too.'
    yield ''
    yield from _groups(command_line.global_parser())
    for name, parser in command_line.command_parsers().items():
        yield from _section(name, parser.prog)
        yield '::'
        yield ''
        yield f'    {parser.format_usage().removeprefix("usage: ").strip()}'
        yield ''
        yield from _escaped(parser.description or '').splitlines()
        yield ''
        yield from _groups(parser)


def _section(title: str, program: str) -> Lines:
    yield title
    yield '-' * len(title)
    yield ''
    yield f'.. program:: {program}'
    yield ''


def _groups(parser: argparse.ArgumentParser) -> Lines:
    for group in parser._action_groups:
        actions = [
            action
            for action in group._group_actions
            if not set(_UNTOLD) & set(action.option_strings)
        ]
        if actions and group.title not in ('options', 'positional arguments'):
            yield f'*{_escaped(group.title or "")}*'
            yield ''
        for action in actions:
            yield from _action(parser, action)


def _action(parser: argparse.ArgumentParser, action: argparse.Action) -> Lines:
    formatter = parser._get_formatter()
    if action.option_strings:
        value = ''
        if action.nargs != 0:
            default = formatter._get_default_metavar_for_optional(action)
            value = f' {formatter._format_args(action, default)}'
        names = ', '.join(f'{name}{value}' for name in action.option_strings)
    else:
        names = str(action.metavar or action.dest)
    yield f'.. option:: {names}'
    yield ''
    help_ = formatter._expand_help(action) if action.help else ''
    yield f'   {_escaped(help_)}'
    yield ''


def _escaped(text: str) -> str:
    return _ADDRESS.sub(r'\\\1', _MARKS.sub(r'\\\1', text))


def setup(app: object) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive('command-options', CommandOptions)
    return {'parallel_read_safe': True}
