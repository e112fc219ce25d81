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

"""The commands: name, class and a line for the help.

A table, so that neither help nor a command imports what another needs.
"""

import collections.abc
import dataclasses
import importlib
import typing

if typing.TYPE_CHECKING:
    from nova_selective_migrate.cli import commands

_PACKAGE = 'nova_selective_migrate.cli'


@dataclasses.dataclass(frozen=True)
class CommandEntry:
    """A command that is not imported yet.

    :ivar place: module of this package and class, as module:Class
    :ivar summary: the first line of the class's docstring, without its dot
    """

    name: str
    place: str
    summary: str

    def load(self) -> 'type[commands.Command]':
        """Import the command."""
        module, _, name = self.place.partition(':')
        found = importlib.import_module(f'{_PACKAGE}.{module}')
        return typing.cast('type[commands.Command]', getattr(found, name))


COMMANDS = (
    CommandEntry(
        'cleanup',
        'cleanup:Cleanup',
        'List, and with --remove delete, what migrations left behind',
    ),
    CommandEntry(
        'complete',
        'complete:Complete',
        'Print a completion script for a shell',
    ),
    CommandEntry(
        'disk list',
        'disk:ListDisk',
        "List a guest's disks and whether they are local or shared",
    ),
    CommandEntry(
        'help',
        'command_help:Help',
        'Print the help of a command, of a reason code, or of all',
    ),
    CommandEntry(
        'host audit',
        'host:AuditHost',
        'Plan the migration of every running guest, and move none',
    ),
    CommandEntry(
        'migrate',
        'migrate:Migrate',
        'Live-migrate a guest, copying exactly its local disks',
    ),
    CommandEntry(
        'plan',
        'plan:Plan',
        'Show what would happen to every disk, and change nothing',
    ),
    CommandEntry(
        'report',
        'report:Report',
        'Show what both hosts have recorded about a migration',
    ),
    CommandEntry(
        'support-bundle',
        'support_bundle:SupportBundle',
        'Pack data for a problem report into one file, without secrets',
    ),
    CommandEntry(
        'watch',
        'watch:Watch',
        'Follow a migration that somebody else has begun',
    ),
)


def find(
    words: collections.abc.Sequence[str],
) -> tuple[CommandEntry, list[str]] | None:
    """Find the command that words begin with; None for no command.

    By its whole name: "m" must not migrate.

    :returns: the command, and the words behind its name
    """
    for entry in COMMANDS:
        name = entry.name.split()
        if list(words[: len(name)]) == name:
            return entry, list(words[len(name) :])
    return None


def unknown(words: collections.abc.Sequence[str]) -> str:
    """Say in one line that there is no such command, and what there is."""
    # Here, since a mistake is rare.
    import difflib

    names = [entry.name for entry in COMMANDS]
    said = ' '.join(words[:2])
    close = difflib.get_close_matches(said, names, 1) or (
        difflib.get_close_matches(words[0], names, 1)
    )
    begins = [name for name in names if name.startswith(words[0])]
    meant = (
        f"; did you mean '{(close or begins)[0]}'?"
        if (close or begins)
        else ';'
    )
    return f'{words[0]!r} is no command{meant} --help lists all'
