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

"""``help``: of one command, of all, or of a reason code."""

import argparse

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import command_table
from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import reason_explanations


class Help(commands.Command):
    """Print the help of a command, of a reason code, or of all."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'command',
            metavar='COMMAND',
            nargs='*',
            help='a command, such as: disk list; or reason codes, such as: '
            'lun-disk',
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Print it."""
        if not parsed_args.command:
            self.app.stdout.write(self.app.help())
            return commands.OK
        if reasons := reason_explanations.reasons_of(parsed_args.command):
            texts = map(reason_explanations.text, reasons)
            self.app.stdout.write('\n'.join(texts))
            return commands.OK
        found = command_table.find(parsed_args.command)
        if found is None:
            raise exceptions.InvalidInput(
                command_table.unknown(parsed_args.command)
            )
        entry, _ = found
        parser = entry.load()(self.app).parser(f'{self.app.NAME} {entry.name}')
        self.app.stdout.write(parser.format_help())
        return commands.OK
