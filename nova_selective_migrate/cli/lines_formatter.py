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

"""Print an object as the lines that a person reads."""

import abc
import argparse
import collections.abc
import typing

from cliff.formatters import base

Tree = collections.abc.Mapping[str, typing.Any]


class LinesFormatter(base.SingleFormatter):
    """A cliff formatter that writes lines; subclasses say which."""

    def add_argument_group(self, parser: argparse.ArgumentParser) -> None:
        """Add no option: there is one way to print for a person."""

    @abc.abstractmethod
    def lines(self, tree: Tree) -> collections.abc.Iterator[str]:
        """Write the chosen parts of the object, a line each."""

    def emit_one(
        self,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Iterable[typing.Any],
        stdout: typing.TextIO,
        parsed_args: argparse.Namespace,
    ) -> None:
        """Print the chosen parts of the object."""
        for line in self.lines(dict(zip(column_names, data, strict=True))):
            stdout.write(f'{line}\n')
