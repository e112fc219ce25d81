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

"""The outcome as lines for people."""

import collections.abc
import shlex

from nova_selective_migrate.cli import lines_formatter
from nova_selective_migrate.cli import size

_BYTES = ('mirrored_bytes', 'memory_bytes')


class OutcomeTable(lines_formatter.LinesFormatter):
    """Print an outcome for a person; the plan has been printed before."""

    def lines(
        self, tree: lines_formatter.Tree
    ) -> collections.abc.Iterator[str]:
        """Write an outcome, or the parts of it that are there."""
        return _lines(tree)


def _lines(tree: lines_formatter.Tree) -> collections.abc.Iterator[str]:
    # A refused plan has been printed before, and says so itself.
    told = tree.get('outcome') == 'refused' and 'plan' in tree
    if 'outcome' in tree and not told:
        word = tree['outcome'].replace('-', ' ').upper()
        yield f'{word}: {tree.get("explanation", "")}.'
    for name, value in tree.items():
        if value in (None, [], ()) or name in (
            'outcome',
            'explanation',
            'plan',
        ):
            continue
        if name in _BYTES:
            value = size.human(value)
        if name == 'left':
            value = [
                f'{item["path"]} on the {item["host"]} ({item["why"]})'
                for item in value
            ]
        if isinstance(value, list):
            value = ', '.join(value)
        yield f'  {name.replace("_", " ")}: {value}'
    yield from _removals(tree)


def _removals(tree: lines_formatter.Tree) -> collections.abc.Iterator[str]:
    """Say how to remove what a guest that has moved has left behind."""
    if tree.get('outcome') != 'moved':
        return
    paths = [
        item['path']
        for item in tree.get('left') or ()
        if item['host'] == 'source' and _is_file(item['path'])
    ]
    if paths:
        yield (
            'When the guest is well at the destination and no other guest of '
            'the source uses them, remove there what it has left behind:'
        )
    for path in paths:
        yield f'  rm -- {shlex.quote(path)}'


def _is_file(path: str) -> bool:
    return path.startswith('/') and not path.startswith('/dev/')
