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

"""Write the manual pages and what completes our command in a shell.

Run it after a change of a command's arguments, as ``make installed-files``
does with sphinx and shtab. What it writes is in the repository, so that a
wheel is built without either; tests/unit/test_installed_files.py holds it
against the parsers.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import typing

import shtab

from nova_selective_migrate.cli import command_line
from nova_selective_migrate.cli import complete

_TOP = pathlib.Path(__file__).resolve().parents[1]
_MANUALS = _TOP / 'share' / 'man' / 'man1'
# Sphinx notes the day and the version, which change without the page.
_HEAD = re.compile(r'^(\.TH "[^"]*" "1") .*$', re.MULTILINE)
_FILES = ('FILE', 'PATH')
_FOLDERS = ('DIR',)


def main() -> int:
    """Write all files."""
    parser = _whole_parser()
    complete.FOLDER.mkdir(exist_ok=True)
    for shell, name in complete.FILES.items():
        _write(complete.FOLDER / name, shtab.complete(parser, shell=shell))
    for name, text in _manuals().items():
        _write(_MANUALS / name, text)
    return 0


def _manuals() -> dict[str, str]:
    """Return the manual pages by file name, as sphinx makes them.

    doc/source/conf.py lists them.
    """
    with tempfile.TemporaryDirectory() as folder:
        built = pathlib.Path(folder)
        subprocess.run(
            [sys.executable, '-m', 'sphinx', '-q', '-b', 'man']
            + ['-d', str(built / 'doctrees'), 'doc/source', str(built)],
            cwd=_TOP,
            check=True,
        )
        return {
            path.name: _HEAD.sub(
                rf'\1 "" "" "{command_line.NAME}"',
                path.read_text(encoding='utf-8'),
            )
            for path in sorted(built.glob('*.1'))
        }


def _write(path: pathlib.Path, text: str) -> None:
    """Write a file, without spaces at the ends of its lines."""
    lines = [line.rstrip() for line in text.splitlines()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')


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
