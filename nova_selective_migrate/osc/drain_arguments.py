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

"""The arguments of a drain, and the options that they mean."""

import argparse
import os
import urllib.parse

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import audit_findings
from nova_selective_migrate.drain import drain_options
from nova_selective_migrate.drain import flight_budgets

_CONCURRENT = 2
_ATTEMPTS = 3


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a parser."""
    parser.add_argument(
        'host',
        metavar='<host>',
        help='Compute host to empty, as "openstack compute service list" '
        'names it',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='Show what would be done, and change nothing',
    )
    parser.add_argument(
        '--yes',
        action='store_true',
        help='Do not ask before the service is disabled and servers move',
    )
    _add_servers(parser)
    _add_pace(parser)
    parser.add_argument(
        '--wait',
        action='store_true',
        help='Wait until the last migration has ended and is verified '
        '(default: until the last migration has started; run the same '
        'command again to verify)',
    )
    parser.add_argument(
        '--abort',
        action='store_true',
        help='On Ctrl-C abort the running migrations (default: they '
        'continue; in both cases no further migration starts)',
    )
    parser.add_argument(
        '--audit',
        metavar='<file>',
        help='JSON file of "nova-selective-migrate host audit -f json" or of '
        'the driver. Servers that the audit refuses are not moved, and the '
        'sizes are those of the audit (default: the sizes follow from the '
        'flavors)',
    )
    parser.add_argument(
        '--journal',
        metavar='<file>',
        help='File that records the drain; an unfinished drain in it is '
        'continued (default: nova-selective-migrate/drain-<host>.jsonl in '
        '$XDG_STATE_HOME or ~/.local/state)',
    )
    parser.add_argument(
        '--report',
        metavar='<file>',
        help='Write a report: HTML or JSON if the name ends with .html or '
        '.json, otherwise a table',
    )
    parser.add_argument(
        '--long',
        action='store_true',
        help='Show name, bytes, attempts and reason as well',
    )


def _add_servers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--project',
        metavar='<project>',
        action='append',
        default=[],
        help='Only servers of this project (name or ID; repeat for several; '
        'default: all projects)',
    )
    parser.add_argument(
        '--filter',
        metavar='<key=pattern>',
        action='append',
        default=[],
        help='Only servers whose name, flavor or status matches a pattern '
        'with * and ?, such as name=web-*; repeat it for several conditions, '
        'which all have to match',
    )
    parser.add_argument(
        '--target',
        metavar='<host>',
        help="Move all servers to this host; nova's scheduler checks it "
        '(default: nova chooses, or the drain names a host with room)',
    )


def _add_pace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--max-concurrent',
        metavar='<number>',
        type=int,
        default=_CONCURRENT,
        help='Number of migrations at the same time (default: %(default)s); '
        'nova-compute queues those above its '
        '[DEFAULT]max_concurrent_live_migrations',
    )
    parser.add_argument(
        '--bytes-in-flight',
        metavar='<size>',
        help='Maximum number of bytes on the way to one destination at the '
        'same time, such as 200GiB (default: no limit). A larger server is '
        'not moved',
    )
    parser.add_argument(
        '--link-bytes-in-flight',
        metavar='<size>',
        help='Maximum number of bytes on the way from the host to all '
        'destinations at the same time, such as 400GiB (default: no limit)',
    )
    parser.add_argument(
        '--attempts',
        metavar='<number>',
        type=int,
        default=_ATTEMPTS,
        help='Attempts for one server (default: %(default)s); a server that '
        'is unknown, in ERROR or aborted is never tried again',
    )


def options(
    parsed: argparse.Namespace, projects: tuple[str, ...]
) -> drain_options.DrainOptions:
    """Return what is asked.

    :param projects: ids of the projects that are named
    :raises InvalidInput: when a value cannot be used
    """
    for name in ('max_concurrent', 'attempts'):
        if getattr(parsed, name) < 1:
            option = name.replace('_', '-')
            raise exceptions.InvalidInput(f'--{option} has to be 1 or more')
    if parsed.target == parsed.host:
        raise exceptions.InvalidInput(
            f'--target {parsed.target} is the host that is to be emptied'
        )
    return drain_options.DrainOptions(
        host=parsed.host,
        budget=flight_budgets.FlightBudget(
            parsed.max_concurrent,
            _size(parsed.bytes_in_flight),
            _size(parsed.link_bytes_in_flight),
        ),
        target=parsed.target,
        projects=projects,
        filters=tuple(map(drain_options.ServerFilter.of, parsed.filter)),
        attempts=parsed.attempts,
    )


def audit(
    parsed: argparse.Namespace,
) -> audit_findings.AuditFindings | None:
    """Read the audit that is named; None: none is.

    :raises InvalidInput: when it cannot be read, or is none
    """
    if parsed.audit is None:
        return None
    try:
        with open(parsed.audit, encoding='utf-8') as file:
            return audit_findings.read(file.read())
    except (OSError, ValueError, exceptions.InvalidInput) as err:
        raise exceptions.InvalidInput(
            f'--audit {parsed.audit}: {err}'
        ) from err


def state_directory() -> str:
    """Return where journals are that nobody has named, and the locks."""
    home = os.environ.get('XDG_STATE_HOME') or os.path.expanduser(
        '~/.local/state'
    )
    return os.path.join(home, 'nova-selective-migrate')


def journal(parsed: argparse.Namespace) -> str:
    """Return where the journal is."""
    if parsed.journal:
        return str(parsed.journal)
    name = urllib.parse.quote(parsed.host, safe='')
    return os.path.join(state_directory(), f'drain-{name}.jsonl')


def _size(text: str | None) -> int | None:
    return None if text is None else drain_options.read_size(text)
