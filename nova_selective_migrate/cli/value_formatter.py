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

"""Print values for a shell: strings as they are, others as JSON."""

import argparse
import collections.abc
import json
import typing

from cliff.formatters import base


class ValueFormatter(base.ListFormatter, base.SingleFormatter):
    """One value a line, or one row of a list with spaces between.

    The output is to be read, never sourced: values are not quoted.
    """

    def add_argument_group(self, parser: argparse.ArgumentParser) -> None:
        """Add no option."""

    def emit_list(
        self,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Iterable[typing.Any],
        stdout: typing.TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print a line for each row."""
        for row in data:
            stdout.write(f'{" ".join(map(_text, row))}\n')

    def emit_one(
        self,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Iterable[typing.Any],
        stdout: typing.TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print a line for each value."""
        for value in data:
            stdout.write(f'{_text(value)}\n')


def _text(value: typing.Any) -> str:
    if value is None:
        return ''
    if isinstance(value, str):
        return ' '.join(value.splitlines())
    return json.dumps(value, ensure_ascii=False)
