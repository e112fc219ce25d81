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

"""Open the hosts of a command or a journalled migration."""

import argparse
import collections.abc
import contextlib
import dataclasses
import logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import signals
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.journal import probe_journal
from nova_selective_migrate.host.migration import migration_hosts

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class OpenedHosts:
    """The guest and both hosts of a migration, connected.

    :ivar journal: of the migrations that this user has begun
    """

    source: connection.Connection
    guest: libvirt_guest.Guest
    destination: connection.Connection
    journal: migration_journal.MigrationJournal


@contextlib.contextmanager
def probes(
    directory: str | None, interruption: signals.SignalHandling
) -> collections.abc.Iterator[probe_journal.ProbeJournal]:
    """Return the journal of markers and pools that probes make on hosts.

    :param directory: of the journal
    :param interruption: waits until they are removed
    """
    found = probe_records(directory)
    interruption.probes = found
    try:
        yield found
    finally:
        found.end()


@contextlib.contextmanager
def source(
    uri: str, domain: str, probes: probe_journal.ProbeJournal | None = None
) -> collections.abc.Iterator[
    tuple[connection.Connection, libvirt_guest.Guest]
]:
    """Open the source and find the guest.

    :raises HypervisorError: when there is no such host or guest
    """
    with _opened(uri, probes) as here:
        yield here, here.guest(domain)


@contextlib.contextmanager
def _opened(
    uri: str, probes: probe_journal.ProbeJournal | None
) -> collections.abc.Iterator[connection.Connection]:
    """Open a host, with libvirt's events and without its own errors."""
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    with connection.Connection.open(uri, probes=probes) as found:
        yield found


@contextlib.contextmanager
def _destination(
    uri: str,
    here: connection.Connection,
    here_is: str,
    probes: probe_journal.ProbeJournal,
) -> collections.abc.Iterator[connection.Connection]:
    """Open a destination, which is another host than the source.

    :param here_is: what the source is, for the message
    :raises InvalidInput: when both are the same
    """
    with _opened(uri, probes) as there:
        if here.host_uuid() == there.host_uuid():
            raise exceptions.InvalidInput(
                f'{there.name} is {here_is}; name another destination'
            )
        yield there


@contextlib.contextmanager
def both(
    options: argparse.Namespace,
    parsed_args: argparse.Namespace,
    probes: probe_journal.ProbeJournal,
) -> collections.abc.Iterator[OpenedHosts]:
    """Open both hosts.

    :param options: the application's
    :raises HypervisorError: when there is no such host or guest
    :raises InvalidInput: when both are the same
    """
    _check_uri(parsed_args.destination_uri)
    with (
        source(options.connect, parsed_args.domain, probes) as (here, guest),
        _destination(
            parsed_args.destination_uri,
            here,
            f'the host that has {guest.name} already',
            probes,
        ) as there,
    ):
        LOG.info('%s has %s (%s)', here.name, guest.name, guest.uuid)
        LOG.info('%s answers', there.name)
        journal = migration_records(options.journal)
        yield OpenedHosts(here, guest, there, journal)


@contextlib.contextmanager
def all_guests(
    uri: str,
    destination_uri: str | None,
    probes: probe_journal.ProbeJournal,
) -> collections.abc.Iterator[
    tuple[connection.Connection, connection.Connection | None]
]:
    """Open a host and, where one is named, the destination of its guests.

    :raises HypervisorError: when there is no such host
    :raises InvalidInput: when both are the same
    """
    if destination_uri is None:
        with _opened(uri, probes) as here:
            yield here, None
        return
    _check_uri(destination_uri)
    itself = 'the audited host itself'
    with (
        _opened(uri, probes) as here,
        _destination(destination_uri, here, itself, probes) as there,
    ):
        yield here, there


def _check_uri(text: str) -> None:
    """Refuse the bare name of a host, and suggest a URI.

    :raises InvalidInput: when it is no URI
    """
    if ':/' not in text:
        raise exceptions.InvalidInput(
            f'{text!r} is no URI of libvirt; for a host of that name try '
            f'qemu+tls://{text}/system, or qemu+ssh://{text}/system'
        )


def of_run(
    hosts: OpenedHosts, *, probe: bool
) -> migration_hosts.MigrationHosts:
    """Return both hosts as host.migration takes them."""
    return migration_hosts.MigrationHosts(
        hosts.source, hosts.destination, hosts.journal, probe
    )


def migration_records(
    directory: str | None,
) -> migration_journal.MigrationJournal:
    """Return the named journal of migrations, or this user's."""
    return migration_journal.MigrationJournal(
        directory or migration_journal.default_directory()
    )


def probe_records(directory: str | None) -> probe_journal.ProbeJournal:
    """Return the journal of probes of other hosts."""
    return probe_journal.ProbeJournal(migration_records(directory).directory)


def newest_record(
    journal: migration_journal.MigrationJournal, domain: str
) -> migration_record.MigrationRecord:
    """Find the newest migration of a domain without a known end.

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
def hosts_of_record(
    journal: migration_journal.MigrationJournal,
    run: migration_record.MigrationRecord,
    source_uri: str,
    destination_uri: str | None = None,
    probes: probe_journal.ProbeJournal | None = None,
) -> collections.abc.Iterator[migration_hosts.MigrationHosts]:
    """Connect to both hosts of a run.

    :raises ConnectFailed: when one cannot be reached
    :raises InvalidInput: when one is another host than in the journal
    """
    with (
        _opened(source_uri, probes) as source,
        _opened(destination_uri or run.destination_uri, probes) as destination,
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
        yield migration_hosts.MigrationHosts(source, destination, journal)


@contextlib.contextmanager
def host_of_record(
    known: str, uri: str, probes: probe_journal.ProbeJournal
) -> collections.abc.Iterator[connection.Connection]:
    """Connect to a host of the journal.

    :param known: its UUID, as in the journal
    :raises ConnectFailed: when it cannot be reached
    :raises InvalidInput: when it is another host now
    """
    with _opened(uri, probes) as found:
        if found.host_uuid() != known:
            raise exceptions.InvalidInput(
                f'{found.name} is another host now, not {known}'
            )
        yield found
