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

"""Which files tell of migrations: those that are named, or this host's."""

import argparse
import collections.abc
import os
import re
import socket
import typing

if typing.TYPE_CHECKING:
    from nova_selective_migrate.host.journal import chronicle_files

_HOST = re.compile(r'([A-Za-z0-9._-]+)=(.+)', re.S)
_LOG = '/var/log/nova/nova-compute.log'


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which files to read."""
    parser.add_argument(
        '--from',
        action='append',
        default=[],
        dest='places',
        metavar='[HOST=]FILE',
        help='a file to read, and the host that it is from (default: this '
        'host): a log, a journal entry, a directory of these, the output of '
        '--events, or a list of records in JSON; plain or .gz. Repeatable; '
        f"default: {_LOG}, the driver's journals and the command line's, if "
        'they exist',
    )
    parser.add_argument(
        '--state-path',
        metavar='DIR',
        default='/var/lib/nova',
        help="nova's state_path, in which the driver of this host writes; "
        'default: %(default)s',
    )


def journals(parsed_args: argparse.Namespace) -> str:
    """Return the directory in which the driver writes."""
    return os.path.join(parsed_args.state_path, 'selective-migrate')


def places(
    parsed_args: argparse.Namespace, journal: str | None
) -> 'collections.abc.Sequence[chronicle_files.ChroniclePlace]':
    """Return the files to read.

    :param journal: of the command line; None for this user's
    """
    # Here, so that --help and completion are quick.
    from nova_selective_migrate.host.journal import chronicle_files
    from nova_selective_migrate.host.journal import migration_journal

    here = socket.gethostname()
    if parsed_args.places:
        return [
            chronicle_files.ChroniclePlace(found[1], found[2])
            if (found := _HOST.fullmatch(text))
            else chronicle_files.ChroniclePlace(here, text)
            for text in parsed_args.places
        ]
    return [
        chronicle_files.ChroniclePlace(here, path, optional=True)
        for path in (
            _LOG,
            os.path.join(journals(parsed_args), 'departures'),
            os.path.join(journals(parsed_args), 'arrivals'),
            journal or migration_journal.default_directory(),
        )
    ]
