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
import os
import pathlib
import sys
import typing

from cliff import command
from cliff import lister
from cliff import show

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import signals

OK = 0
USAGE = 2
REFUSED = 3
NOT_MOVED = 4
UNKNOWN = 5
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


Shown = tuple[
    collections.abc.Sequence[str], collections.abc.Iterable[typing.Any]
]


class _Guarded(command.Command):
    """Subclasses set ``status`` to their exit code."""

    status = OK

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return a parser whose errors are one line."""
        parser = super().get_parser(prog_name)
        one_line_errors(parser)
        return parser

    @abc.abstractmethod
    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> Shown:
        """Do the work, in a thread that a signal may leave behind."""

    def interruption(
        self, parsed_args: argparse.Namespace
    ) -> signals.SignalHandling:
        """Return how the command handles signals."""
        return signals.SignalHandling()

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Act, and handle signals meanwhile."""
        interruption = self.interruption(parsed_args)
        return signals.attend(
            lambda: self.act(parsed_args, interruption), interruption
        )

    def get_epilog(self) -> str:
        """Return no hooks; cliff searches all distributions for them."""
        return ''

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command and return its exit code."""
        return guarded(self, super().run, parsed_args) or self.status


class GuardedShowOne(_Guarded, show.ShowOne):
    """Show one object."""


class GuardedLister(_Guarded, lister.Lister):
    """List objects."""

    @property
    def formatter_namespace(self) -> str:
        """Return the formats, which are entry points of cliff and ours."""
        return 'nova_selective_migrate.formatter.list'


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
    asked: typing.Any,
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
        # A ValueError is cliff's: -c names no column.
        status, message = USAGE, str(err)
    except BrokenPipeError:
        # The work is done, whether or not anybody reads of it.
        discard_output()
        return OK
    asked.app.stderr.write(f'{asked.app.NAME}: {message}\n')
    return status
