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

import argparse
import collections.abc
import typing

from cliff.formatters import base

from nova_selective_migrate.cli import size

_BYTES = ('mirrored_bytes', 'memory_bytes')


class OutcomeTable(base.SingleFormatter):
    """Print an outcome for a person; the plan has been printed before."""

    def add_argument_group(self, parser: argparse.ArgumentParser) -> None:
        """Add no option: there is one way to print an outcome."""

    def emit_one(
        self,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Iterable[typing.Any],
        stdout: typing.TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print the chosen parts of the outcome."""
        tree = dict(zip(column_names, data, strict=True))
        for line in _lines(tree):
            stdout.write(f'{line}\n')


def _lines(tree: dict[str, typing.Any]) -> collections.abc.Iterator[str]:
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
            value = [f'{item["path"]} on the {item["host"]}' for item in value]
        if isinstance(value, list):
            value = ', '.join(value)
        yield f'  {name.replace("_", " ")}: {value}'
