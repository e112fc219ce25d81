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

"""One migration told from what both hosts have written of it."""

import argparse
import datetime
import re
import zoneinfo

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import commands
from nova_selective_migrate.cli import report_places
from nova_selective_migrate.cli import signals

_UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', re.I)
_COLUMNS = ('time', 'host', 'kind', 'level', 'text')
_BESIDE = ('plan_id', 'file')


def _subject(text: str) -> str:
    if not _UUID.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a plan id nor a server's UUID: take it "
            'from a line of a log, an event of the server or "openstack '
            'server show"'
        )
    return text.lower()


def _zone(text: str) -> datetime.tzinfo:
    try:
        return zoneinfo.ZoneInfo(text)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as err:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no time zone; UTC and Europe/Berlin are'
        ) from err


class Report(commands.GuardedLister):
    """Show what both hosts have recorded about a migration.

    Lists log lines, journal entries, events and records of a plan, or of all
    plans of a server, in order of time, with the host of each. Without --from
    it reads the files of this host. To include the other host, copy its log
    and journals here and name them: --from host2=nova-compute.log

    Times are in UTC. If the clocks of the hosts differ, lines of different
    hosts can be in the wrong order.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'subject',
            metavar='PLAN_ID|SERVER',
            type=_subject,
            help='the plan id of a migration, or the UUID of a server',
        )
        report_places.add_places(parser)
        parser.add_argument(
            '--log-zone',
            metavar='ZONE',
            type=_zone,
            help='time zone of log times that have no zone; default: this '
            "machine's",
        )
        return parser

    def act(
        self,
        parsed_args: argparse.Namespace,
        interruption: signals.SignalHandling,
    ) -> commands.Shown:
        """Read all files, and sort what is found.

        :raises InvalidInput: when a file cannot be read, or nothing is found
        """
        # Here, so that --help and completion are quick.
        from nova_selective_migrate.host.journal import chronicle_files
        from nova_selective_migrate.host.journal import migration_chronicle

        places = report_places.places(parsed_args, self.app.options.journal)
        found = chronicle_files.read(
            migration_chronicle.Subject(parsed_args.subject),
            places,
            parsed_args.log_zone,
        )
        if not found:
            read = ', '.join(place.path for place in places)
            raise exceptions.InvalidInput(
                f'nothing of {parsed_args.subject} is in {read}; name other '
                'files with --from'
            )
        # A person has asked for the plan, and is not told it in each row.
        people = parsed_args.formatter == 'table' and not parsed_args.columns
        names = _COLUMNS if people else (*_COLUMNS, *_BESIDE)
        return names, [
            tuple(tree[name] for name in names)
            for tree in (one.tree() for one in found)
        ]
