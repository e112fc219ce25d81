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

"""``complete``: what lets a shell complete commands and options."""

import argparse
import pathlib

from nova_selective_migrate.cli import commands

#: Files by shell, written by tools/render_completion.py. The package installs
#: them where the shells look, too.
FILES = {
    'bash': 'nova-selective-migrate',
    'fish': 'nova-selective-migrate.fish',
    'zsh': '_nova-selective-migrate',
}
FOLDER = pathlib.Path(__file__).with_name('completion')


class Complete(commands.Command):
    """Print a completion script for a shell.

    A Debian package installs the script where the shells look for it.
    Otherwise:
    source <(nova-selective-migrate complete)
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--shell',
            choices=(*FILES, 'none'),
            default='bash',
            help='the shell; none prints only the list of words; default: '
            '%(default)s',
        )
        parser.add_argument(
            '--name',
            metavar='NAME',
            default=commands.NAME,
            help='name of the command to complete, for example of a link to '
            'this command',
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print it."""
        if parsed_args.shell == 'none':
            from nova_selective_migrate.cli import command_line

            for name, parser in command_line.command_parsers().items():
                words = ' '.join(parser._option_string_actions)
                self.app.stdout.write(f'{name}: {words}\n')
            return commands.OK
        text = (FOLDER / FILES[parsed_args.shell]).read_text(encoding='utf-8')
        self.app.stdout.write(text.replace(commands.NAME, parsed_args.name))
        return commands.OK
