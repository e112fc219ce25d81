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

"""Open the hosts of a migration that the journal knows."""

import collections.abc
import contextlib

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import errors
from nova_selective_migrate.host.hypervisor import event_loop
from nova_selective_migrate.host.journal import journal as journal_
from nova_selective_migrate.host.journal import looks as looks_
from nova_selective_migrate.host.journal import run as run_
from nova_selective_migrate.host.migration import conclusion


def journal(directory: str | None) -> journal_.Journal:
    """Return the journal that was named, or this user's."""
    return journal_.Journal(directory or journal_.default_directory())


def looks(directory: str | None) -> looks_.Looks:
    """Return where looks at other hosts are written down."""
    return looks_.Looks(journal(directory).directory)


def newest(journal: journal_.Journal, domain: str) -> run_.Run:
    """Find the newest migration of a domain that has not been ended.

    :raises InvalidInput: when there is none
    """
    found = journal.newest(domain)
    if found is None:
        raise exceptions.InvalidInput(
            f'the journal {journal.directory} has no migration of '
            f'{domain!r} that was not seen to its end; virsh domstate on '
            'both hosts tells where it is'
        )
    return found


@contextlib.contextmanager
def hosts(
    journal: journal_.Journal,
    run: run_.Run,
    source_uri: str,
    destination_uri: str | None = None,
    looks: looks_.Looks | None = None,
) -> collections.abc.Iterator[conclusion.Hosts]:
    """Connect to both hosts of a run.

    :raises ConnectFailed: when one cannot be reached
    :raises InvalidInput: when one is not the host that the run knows
    """
    errors.silence()
    event_loop.start()
    with (
        connection.Connection.open(source_uri, looks=looks) as source,
        connection.Connection.open(
            destination_uri or run.destination_uri, looks=looks
        ) as destination,
    ):
        for host, known, what in (
            (source, run.source_host, 'source'),
            (destination, run.destination_host, 'destination'),
        ):
            if host.host_uuid() != known:
                raise exceptions.InvalidInput(
                    f'{host.name} is not the {what} of migration '
                    f'{run.plan_id} of {run.domain}, which is the host '
                    f'{known}'
                )
        yield conclusion.Hosts(source, destination, journal)


@contextlib.contextmanager
def host(
    known: str, uri: str, looks: looks_.Looks
) -> collections.abc.Iterator[connection.Connection]:
    """Connect to a host that was looked at.

    :param known: its UUID
    :raises ConnectFailed: when it cannot be reached
    :raises InvalidInput: when it is another host now
    """
    errors.silence()
    event_loop.start()
    with connection.Connection.open(uri, looks=looks) as found:
        if found.host_uuid() != known:
            raise exceptions.InvalidInput(
                f'{found.name} is another host now, not {known}'
            )
        yield found
