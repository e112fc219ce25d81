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
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import probe_journal
from nova_selective_migrate.host.migration import migration_outcome


def journal(directory: str | None) -> migration_journal.MigrationJournal:
    """Return the journal that was named, or this user's."""
    return migration_journal.MigrationJournal(
        directory or migration_journal.default_directory()
    )


def looks(directory: str | None) -> probe_journal.ProbeJournal:
    """Return where looks at other hosts are written down."""
    return probe_journal.ProbeJournal(journal(directory).directory)


def newest(
    journal: migration_journal.MigrationJournal, domain: str
) -> migration_journal.MigrationRecord:
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
    journal: migration_journal.MigrationJournal,
    run: migration_journal.MigrationRecord,
    source_uri: str,
    destination_uri: str | None = None,
    looks: probe_journal.ProbeJournal | None = None,
) -> collections.abc.Iterator[migration_outcome.MigrationHosts]:
    """Connect to both hosts of a run.

    :raises ConnectFailed: when one cannot be reached
    :raises InvalidInput: when one is not the host that the run knows
    """
    libvirt_codes.silence_errors()
    connection.start_event_loop()
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
        yield migration_outcome.MigrationHosts(source, destination, journal)


@contextlib.contextmanager
def host(
    known: str, uri: str, looks: probe_journal.ProbeJournal
) -> collections.abc.Iterator[connection.Connection]:
    """Connect to a host that was looked at.

    :param known: its UUID
    :raises ConnectFailed: when it cannot be reached
    :raises InvalidInput: when it is another host now
    """
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    with connection.Connection.open(uri, looks=looks) as found:
        if found.host_uuid() != known:
            raise exceptions.InvalidInput(
                f'{found.name} is another host now, not {known}'
            )
        yield found
