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

"""What every command has: exit codes, one-line errors, named files."""

import abc
import argparse
import collections.abc
import dataclasses
import inspect
import os
import pathlib
import sys
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import output_formats
from nova_selective_migrate.cli import signals

NAME = 'nova-selective-migrate'

OK = 0
USAGE = 2
REFUSED = 3
NOT_MOVED = 4
UNKNOWN = 5
#: By the values of guest_location.Ending.
OF_ENDING = {'moved': OK, 'not-moved': NOT_MOVED, 'unknown': UNKNOWN}
# As a shell reports the signals, where there was nothing to abort yet.
INTERRUPTED = 130
TERMINATED = 143


def read_text(path: str) -> str:
    """Read a text file.

    :raises InvalidInput: when it cannot be read
    """
    try:
        return pathlib.Path(path).read_text(encoding='utf-8')
    except (OSError, ValueError) as err:
        raise exceptions.InvalidInput(
            f'cannot read {path}: {one_line(err)}'
        ) from err


def write_text(path: str, text: str) -> None:
    """Write a text file.

    :raises InvalidInput: when it cannot be written
    """
    try:
        pathlib.Path(path).write_text(text, encoding='utf-8')
    except (OSError, ValueError) as err:
        raise exceptions.InvalidInput(
            f'cannot write {path}: {one_line(err)}'
        ) from err


def one_line(err: Exception) -> str:
    """Return an error of a file in one line, without the file's name."""
    reason = err.strerror if isinstance(err, OSError) else str(err)
    return ' '.join((reason or str(err)).split())


Shown = tuple[collections.abc.Sequence[str], typing.Any]


@dataclasses.dataclass(frozen=True)
class CommandContext:
    """What the application hands to a command.

    :ivar options: the global options
    :ivar help: returns the help of the application
    """

    options: argparse.Namespace
    stdout: typing.TextIO
    stderr: typing.TextIO
    help: collections.abc.Callable[[], str]
    NAME: str = NAME


class Command(abc.ABC):
    """A command; its docstring is its description.

    :ivar app: what the application hands over
    """

    def __init__(self, app: CommandContext) -> None:
        self.app = app

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return a parser; subclasses add their arguments to it."""
        parser = argparse.ArgumentParser(
            prog=prog_name,
            description=inspect.cleandoc(self.__doc__ or ''),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one_line_errors(parser)
        return parser

    def parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the whole parser."""
        parser = self.get_parser(prog_name)
        parser.usage = _usage(parser)
        return parser

    @abc.abstractmethod
    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command and return its exit code."""


class _Guarded(Command):
    """Subclasses set ``status`` to their exit code."""

    status = OK
    formats: collections.abc.Sequence[str] = output_formats.NAMES
    several = False

    def parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the whole parser; how to print stands last."""
        parser = super().parser(prog_name)
        output_formats.add_output(parser, self.formats, several=self.several)
        return parser

    @abc.abstractmethod
    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> Shown:
        """Do the work, in a thread that a signal may leave behind."""

    @abc.abstractmethod
    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: typing.Any,
    ) -> None:
        """Print what the work has returned."""

    def interruption(
        self, parsed_args: argparse.Namespace
    ) -> signals.SignalHandling:
        """Return how the command handles signals."""
        return signals.SignalHandling()

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command and return its exit code."""
        return guarded(self, self._attend, parsed_args) or self.status

    def _attend(self, parsed_args: argparse.Namespace) -> int:
        """Act, handle signals meanwhile, and print."""
        interruption = self.interruption(parsed_args)
        columns, data = signals.attend(
            lambda: self.act(parsed_args, interruption), interruption
        )
        self.produce_output(parsed_args, columns, data)
        return OK


class GuardedShowOne(_Guarded):
    """Show one object."""

    @abc.abstractmethod
    def lines(
        self, tree: collections.abc.Mapping[str, typing.Any]
    ) -> collections.abc.Iterator[str]:
        """Write the chosen parts of the object for people."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: collections.abc.Sequence[typing.Any],
    ) -> None:
        """Print one object."""
        stream = self.app.stdout
        if parsed_args.formatter != 'table':
            output_formats.print_one(parsed_args, column_names, data, stream)
            return
        names, places = output_formats.chosen(parsed_args, column_names)
        values = [data[place] for place in places]
        for line in self.lines(dict(zip(names, values, strict=True))):
            stream.write(f'{line}\n')

    @staticmethod
    def dict2columns(tree: collections.abc.Mapping[str, typing.Any]) -> Shown:
        """Return an object as its names and values."""
        return tuple(tree), tuple(tree.values())


class GuardedLister(_Guarded):
    """List objects."""

    several = True

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: collections.abc.Sequence[str],
        data: output_formats.Rows,
    ) -> None:
        """Print a list."""
        output_formats.print_list(
            parsed_args, column_names, data, self.app.stdout
        )


def _usage(parser: argparse.ArgumentParser) -> str:
    """Return a usage of one line; each option has one of its own below."""
    words = [
        f'[{name}]' if action.nargs in ('?', '*') else name
        for action in parser._get_positional_actions()
        if (name := str(action.metavar or action.dest))
    ]
    return ' '.join(('%(prog)s [OPTION ...]', *words))


def one_line_errors(parser: argparse.ArgumentParser) -> None:
    """Have a parser print errors without its long usage."""

    def error(message: str) -> typing.NoReturn:
        parser.exit(
            USAGE,
            f'{parser.prog}: {message}; --help lists all\n',
        )

    parser.error = error  # type: ignore[method-assign]


def discard_output() -> None:
    """Discard further output, as its reader has closed the pipe.

    Without this Python prints an error when it ends.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def guarded(
    asked: Command,
    run: typing.Callable[[argparse.Namespace], int],
    parsed_args: argparse.Namespace,
) -> int:
    """Run a command; print our errors as one line on stderr.

    :param asked: the command, for its app
    :returns: the exit code
    """
    try:
        return run(parsed_args)
    except exceptions.GuestBusy as err:
        status, message = REFUSED, str(err)
    except exceptions.PreparationFailed as err:
        status, message = NOT_MOVED, str(err)
    except (exceptions.SelectiveMigrateError, ValueError) as err:
        # A ValueError: -c names no column.
        status, message = USAGE, str(err)
    except BrokenPipeError:
        # The work is done, whether or not anybody reads of it.
        discard_output()
        return OK
    asked.app.stderr.write(f'{asked.app.NAME}: {message}\n')
    return status
