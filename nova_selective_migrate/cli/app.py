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

"""The application nova-selective-migrate: global options, exit codes."""

import argparse
import contextlib
import gc
import importlib.metadata
import io
import logging
import os
import pathlib
import signal
import sys
import typing

from cliff import app
from cliff import command
from cliff import commandmanager

from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import signals

NAME = 'nova-selective-migrate'
_DESCRIPTION = """
Live-migrate libvirt guests copying exactly their local disks.

Start with a dry run: 'plan DOMAIN DEST_URI' shows for every disk whether it
would be copied (local), kept (shared: both hosts reach it), skipped (empty
or read-only) or refused, with the evidence. 'migrate' makes the same plan
and runs it. Nothing is changed unless every disk is clear.
"""
_EPILOG = """
exit codes:
  0 done: the plan is ready, the guest has moved
  2 bad input: one line says what and why
  3 refused: the plan names every bad disk and the remedy
  4 not moved: the guest is where it was
  5 unknown: the output says what to look at

examples:
  nova-selective-migrate disk list guest1
  nova-selective-migrate plan guest1 qemu+tls://host2/system
  nova-selective-migrate plan --replay case.json -f json
  nova-selective-migrate migrate guest1 qemu+tls://host2/system
  nova-selective-migrate migrate --resume-report guest1
  nova-selective-migrate cleanup
"""

#: Objects that Python makes before it looks for reference cycles.
_ALLOCATIONS = 1_000_000


class ExactCommands(commandmanager.CommandManager):
    """The commands, by their whole names: "m" must not migrate."""

    def find_command(
        self, argv: list[str]
    ) -> tuple[type[command.Command], str, list[str]]:
        """Find a command; return it with its name and the other arguments.

        :raises ValueError: when there is none of that name
        """
        for end in range(self._get_last_possible_command_index(argv), 0, -1):
            name = ' '.join(argv[:end])
            if name in self.commands:
                return self.commands[name].load(), name, argv[end:]
        raise ValueError(f'Unknown command {argv!r}')


class SelectiveMigrateApp(app.App):
    """The command line application."""

    NAME = NAME
    DEFAULT_VERBOSE_LEVEL = 0

    def __init__(self) -> None:
        super().__init__(
            description=_DESCRIPTION,
            version=importlib.metadata.version(NAME),
            command_manager=ExactCommands('nova_selective_migrate.cli'),
            deferred_help=True,
        )

    def build_option_parser(
        self,
        description: str | None,
        version: str | None,
        argparse_kwargs: dict[str, typing.Any] | None = None,
    ) -> argparse.ArgumentParser:
        """Add our own global options to cliff's."""
        parser = super().build_option_parser(
            description,
            version,
            {
                'formatter_class': argparse.RawDescriptionHelpFormatter,
                'epilog': _EPILOG,
                **(argparse_kwargs or {}),
            },
        )
        # No -c: cliff reads global options behind the command too, where
        # -c names a column.
        parser.add_argument(
            '--connect',
            metavar='URI',
            default=os.environ.get('LIBVIRT_DEFAULT_URI', 'qemu:///system'),
            help='libvirt URI of the host that has the guest now; '
            'LIBVIRT_DEFAULT_URI or qemu:///system without it',
        )
        parser.add_argument(
            '--journal',
            metavar='DIR',
            default=os.environ.get('NOVA_SELECTIVE_MIGRATE_JOURNAL'),
            help='directory that remembers what migrations have made at '
            'their destinations until they have ended well; '
            'NOVA_SELECTIVE_MIGRATE_JOURNAL without it, or '
            '/var/lib/nova-selective-migrate/journal for root and '
            '~/.local/state/nova-selective-migrate/journal for others',
        )
        commands.one_line_errors(parser)
        return parser

    def configure_logging(self) -> None:
        """Log as cliff does, without the messages of its plugin loader.

        -v tells the steps, -vv and --debug all that is logged.
        """
        if self.options.debug:
            self.options.verbose_level = 2
        super().configure_logging()
        # Plugins that failed to load do not concern an operator.
        logging.getLogger('stevedore').setLevel(logging.ERROR)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Plans and cases have no reference cycles: looking for them took a quarter
    # of the time of a thousand plans.
    gc.set_threshold(_ALLOCATIONS)
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments:
        # cliff would start a shell of its own; an operator wants the help.
        arguments = ['--help']
    # The caller has closed it: output is lost, the command still runs.
    nowhere = pathlib.Path(os.devnull)
    sys.stdout = sys.stdout or nowhere.open('w')
    sys.stderr = sys.stderr or nowhere.open('w')
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path that the locale cannot encode is shown with escapes.
            stream.reconfigure(errors='backslashreplace')
    # Unwind as after Ctrl-C, so that no marker or pool is left behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(commands.TERMINATED))
    try:
        status = SelectiveMigrateApp().run(arguments)
    except SystemExit as ended:
        if signals.at_work():
            _end(int(ended.code or 0))
        raise
    except KeyboardInterrupt:
        return commands.INTERRUPTED
    except BrokenPipeError:
        status = commands.USAGE
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        commands.discard_output()
    if signals.at_work():
        _end(status)
    # The process ends: without this Python looks for reference cycles.
    gc.freeze()
    return status


def _end(status: int) -> typing.NoReturn:
    """End at once: a thread of ours may wait for libvirt for ever."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == '__main__':
    sys.exit(main())
