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

"""Write what completes our command in a shell, with shtab.

Run it after a change of a command's arguments, with shtab installed:

    python tools/render_completion.py

The files are in the package's source, so that a wheel is built without shtab;
tests/unit/test_installed_files.py holds them against the parsers.
"""

import argparse
import sys
import typing

import shtab

from nova_selective_migrate.cli import command_line
from nova_selective_migrate.cli import complete

_FILES = ('FILE', 'PATH')
_FOLDERS = ('DIR',)


def main() -> int:
    """Write all files."""
    parser = _whole_parser()
    for shell, name in complete.FILES.items():
        text = shtab.complete(parser, shell=shell)
        lines = [line.rstrip() for line in text.splitlines()]
        complete.FOLDER.mkdir(exist_ok=True)
        file = complete.FOLDER / name
        file.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    return 0


def _whole_parser() -> argparse.ArgumentParser:
    """Return one parser with a subparser for each command."""
    whole = argparse.ArgumentParser(prog=command_line.NAME)
    _copy(command_line.global_parser(), whole)
    branches = {(): whole.add_subparsers()}
    for name, parser in command_line.command_parsers().items():
        *above, last = name.split()
        if above and tuple(above) not in branches:
            stem = branches[()].add_parser(above[0], help='its disks')
            branches[tuple(above)] = stem.add_subparsers()
        summary = (parser.description or '').splitlines()[0]
        branch = branches[tuple(above)].add_parser(last, help=summary)
        _copy(parser, branch)
    return whole


def _copy(
    source: argparse.ArgumentParser, target: argparse.ArgumentParser
) -> None:
    for action in source._actions:
        if '--help' in action.option_strings:
            continue
        copied: typing.Any = action
        if action.metavar in _FILES:
            copied.complete = shtab.FILE
        elif action.metavar in _FOLDERS:
            copied.complete = shtab.DIRECTORY
        target._add_action(copied)


if __name__ == '__main__':
    sys.exit(main())
