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

"""Open the hosts of a command or a journalled migration; gather its case."""

import argparse
import collections.abc
import contextlib
import dataclasses
import logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import image_arguments
from nova_selective_migrate.cli import signals
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_codes
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import probe_journal
from nova_selective_migrate.host.migration import migration_outcome
from nova_selective_migrate.host.migration import preflight

LOG = logging.getLogger(__name__)

_NAME_IT = (
    'name the address that the destination is to listen on with '
    '--listen-address'
)


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
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    with connection.Connection.open(uri, probes=probes) as here:
        yield here, here.guest(domain)


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
        connection.Connection.open(
            parsed_args.destination_uri, probes=probes
        ) as there,
    ):
        if here.host_uuid() == there.host_uuid():
            raise exceptions.InvalidInput(
                f'{there.name} is the host that has '
                f'{guest.name} already; name another destination'
            )
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
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    if destination_uri is None:
        with connection.Connection.open(uri, probes=probes) as here:
            yield here, None
        return
    _check_uri(destination_uri)
    with (
        connection.Connection.open(uri, probes=probes) as here,
        connection.Connection.open(destination_uri, probes=probes) as there,
    ):
        if here.host_uuid() == there.host_uuid():
            raise exceptions.InvalidInput(
                f'{there.name} is the audited host itself; name another '
                'destination'
            )
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
) -> migration_outcome.MigrationHosts:
    """Return both hosts as host.migration takes them."""
    return migration_outcome.MigrationHosts(
        hosts.source, hosts.destination, hosts.journal, probe
    )


def case_now(
    hosts: OpenedHosts, parsed_args: argparse.Namespace
) -> migration_case.Case:
    """Gather the case of a migration, and refuse while another is under way.

    libvirt knows of no job while images are made before the call, so that
    the journal is asked.

    :raises InvalidInput: when an argument or the domain cannot be used
    :raises HypervisorError: when a daemon fails
    """
    found = case(hosts, parsed_args)
    if hosts.journal.busy(hosts.guest.uuid) is None:
        return found
    state = dataclasses.replace(found.domain_state, job_active=True)
    return dataclasses.replace(found, domain_state=state)


def case(
    hosts: OpenedHosts, parsed_args: argparse.Namespace
) -> migration_case.Case:
    """Gather the case of a migration.

    :raises InvalidInput: when an argument or the domain cannot be used
    :raises HypervisorError: when a daemon fails
    """
    options = _listening(arguments.options(parsed_args))
    options = dataclasses.replace(
        options, destination_uri=redaction.uri(parsed_args.destination_uri)
    )
    asked = case_gathering.CaseRequest(
        policy=evidence_arguments.declared_policy(parsed_args),
        options=options,
        block_device_info=evidence_arguments.block_device_info(parsed_args),
        probe=not parsed_args.no_probe,
        shared_filesystems=tuple(parsed_args.libvirt_shared_filesystem),
    )
    found = case_gathering.gather(
        hosts.source, hosts.guest, hosts.destination, asked
    )
    _check_targets(found, options)
    return found


def _listening(
    options: migration_options.MigrationOptions,
) -> migration_options.MigrationOptions:
    """Have the destination listen on one address, where none is given.

    :raises InvalidInput: when there is none that the source could reach
    """
    if options.listen_address:
        return options
    try:
        found = preflight.derive(
            options.destination_uri or '', options.migrate_uri, tls=options.tls
        )
    except exceptions.AddressUnknown as err:
        raise exceptions.InvalidInput(f'{err}; {_NAME_IT}') from err
    address = found.listen_address
    if address and preflight.is_loopback(address):
        raise exceptions.InvalidInput(
            f'{options.migration_host} is {address} here, which means '
            f'another host at the destination; {_NAME_IT}'
        )
    return dataclasses.replace(
        options,
        migrate_uri=found.migrate_uri,
        listen_address=found.listen_address,
    )


def _check_targets(
    case: migration_case.Case, options: migration_options.MigrationOptions
) -> None:
    domain = domain_xml.parse(case.domain_xml)
    targets = [disk.target for disk in domain.disks]
    for target in options.existing:
        if target not in targets:
            raise exceptions.InvalidInput(
                f'--existing {target}: {domain.name} has no such target; it '
                f'has {", ".join(targets)}'
            )
    image_arguments.check_targets(options.mapping, targets, domain.name)


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
) -> migration_journal.MigrationRecord:
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
    run: migration_journal.MigrationRecord,
    source_uri: str,
    destination_uri: str | None = None,
    probes: probe_journal.ProbeJournal | None = None,
) -> collections.abc.Iterator[migration_outcome.MigrationHosts]:
    """Connect to both hosts of a run.

    :raises ConnectFailed: when one cannot be reached
    :raises InvalidInput: when one is another host than in the journal
    """
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    with (
        connection.Connection.open(source_uri, probes=probes) as source,
        connection.Connection.open(
            destination_uri or run.destination_uri, probes=probes
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
def host_of_record(
    known: str, uri: str, probes: probe_journal.ProbeJournal
) -> collections.abc.Iterator[connection.Connection]:
    """Connect to a host of the journal.

    :param known: its UUID, as in the journal
    :raises ConnectFailed: when it cannot be reached
    :raises InvalidInput: when it is another host now
    """
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    with connection.Connection.open(uri, probes=probes) as found:
        if found.host_uuid() != known:
            raise exceptions.InvalidInput(
                f'{found.name} is another host now, not {known}'
            )
        yield found
