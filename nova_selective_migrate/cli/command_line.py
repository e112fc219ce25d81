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

"""The commands' parsers, and how one of them is run."""

import argparse
import os
import pathlib
import sys

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import command_table
from nova_selective_migrate.cli import commands

NAME = commands.NAME
_FILE_FORMAT = '[%(asctime)s] %(levelname)-8s %(name)s %(message)s'
_DESCRIPTION = """\
Live-migrate libvirt guests copying exactly their local disks.

Start with a dry run: 'plan DOMAIN DEST_URI' shows for every disk whether it
would be copied (local), kept (shared: both hosts reach it), skipped (empty
or read-only) or refused, with the evidence. 'migrate' makes the same plan
and runs it. If a single disk cannot be decided, nothing is changed.
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


class Version(argparse.Action):
    """Print the version and leave."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(f'{NAME} {_version()}\n')
        parser.exit()


def global_parser() -> argparse.ArgumentParser:
    """Return the parser of the global options.

    They are taken behind the command too. So there is no -c: there it names
    a column.
    """
    parser = argparse.ArgumentParser(
        prog=NAME,
        usage=f'{NAME} [OPTION ...] COMMAND [ARGUMENT ...]',
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_epilog(),
        add_help=False,
    )
    parser.add_argument(
        '-h',
        '--help',
        action='store_true',
        help='print this help, or the help of a command',
    )
    parser.add_argument(
        '--version', action=Version, nargs=0, help='print the version'
    )
    told = parser.add_mutually_exclusive_group()
    told.add_argument(
        '-v',
        '--verbose',
        action='count',
        dest='verbose_level',
        default=0,
        help='print the steps on standard error; given twice, print all log '
        'messages',
    )
    told.add_argument(
        '-q',
        '--quiet',
        action='store_const',
        dest='verbose_level',
        const=0,
        help='print only warnings and errors (default)',
    )
    parser.add_argument(
        '--log-file',
        metavar='FILE',
        help='also write all log messages to FILE',
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='print all log messages, and the traceback of an error',
    )
    parser.add_argument(
        '--connect',
        metavar='URI',
        default=os.environ.get('LIBVIRT_DEFAULT_URI', 'qemu:///system'),
        help='libvirt URI of the host that has the guest now; default: '
        'LIBVIRT_DEFAULT_URI or qemu:///system',
    )
    parser.add_argument(
        '--journal',
        metavar='DIR',
        default=os.environ.get('NOVA_SELECTIVE_MIGRATE_JOURNAL'),
        help='directory of the journal, which lists what a migration has '
        'made at its destination until the migration has ended; default: '
        'NOVA_SELECTIVE_MIGRATE_JOURNAL, or '
        '/var/lib/nova-selective-migrate/journal for root and '
        '~/.local/state/nova-selective-migrate/journal for others',
    )
    commands.one_line_errors(parser)
    return parser


def _epilog() -> str:
    width = max(len(entry.name) for entry in command_table.COMMANDS)
    listed = ''.join(
        f'  {entry.name:<{width}}  {entry.summary}\n'
        for entry in command_table.COMMANDS
    )
    return f'commands:\n{listed}{_EPILOG}'


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command, by its name."""
    parser = global_parser()
    context = commands.CommandContext(
        parser.parse_args([]), sys.stdout, sys.stderr, parser.format_help
    )
    return {
        entry.name: entry.load()(context).parser(f'{NAME} {entry.name}')
        for entry in command_table.COMMANDS
    }


def _log(options: argparse.Namespace) -> None:
    """Set up what is logged, on standard error and into a file.

    Where nothing is asked for, logging itself prints warnings and errors as
    they are, and is not even imported before somebody logs.

    :raises InvalidInput: when the file cannot be written
    """
    level = 2 if options.debug else options.verbose_level
    if not level and not options.log_file:
        return
    import logging

    root = logging.getLogger()
    shown = {0: logging.WARNING, 1: logging.INFO}.get(level, logging.DEBUG)
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(shown)
    console.setFormatter(logging.Formatter('%(message)s'))
    root.setLevel(logging.DEBUG if options.log_file else shown)
    root.addHandler(console)
    if options.log_file:
        try:
            file = logging.FileHandler(options.log_file)
        except OSError as err:
            raise exceptions.InvalidInput(
                f'cannot write {options.log_file}: {commands.one_line(err)}'
            ) from err
        file.setFormatter(logging.Formatter(_FILE_FORMAT))
        root.addHandler(file)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    parser = global_parser()
    options, words = parser.parse_known_args(arguments)
    context = commands.CommandContext(
        options, sys.stdout, sys.stderr, parser.format_help
    )
    if not words:
        # No command: an operator wants the help.
        context.stdout.write(context.help())
        return commands.OK
    try:
        return _run(context, options, words)
    except exceptions.InvalidInput as err:
        context.stderr.write(f'{NAME}: {err}\n')
        return commands.USAGE


def _run(
    context: commands.CommandContext,
    options: argparse.Namespace,
    words: list[str],
) -> int:
    """Run the command that the words begin with.

    :raises InvalidInput: when there is none, or it cannot be run so
    """
    _log(options)
    found = command_table.find(words)
    if found is None:
        raise exceptions.InvalidInput(command_table.unknown(words))
    entry, rest = found
    command = entry.load()(context)
    taken = command.parser(f'{NAME} {entry.name}')
    if options.help:
        context.stdout.write(taken.format_help())
        return commands.OK
    return command.run(taken.parse_args(rest))


def _version() -> str:
    """Return the version of the package that is installed.

    Its folder is named after it, as the specification of installed
    distributions says; what else tells it takes longer than all the rest.
    """
    package = NAME.replace('-', '_')
    for place in sys.path:
        for found in pathlib.Path(place).glob(f'{package}-*.dist-info'):
            return found.name.split('-')[1].removesuffix('.dist')
    import importlib.metadata

    return importlib.metadata.version(NAME)
