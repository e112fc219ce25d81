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
    if 'outcome' in tree:
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
