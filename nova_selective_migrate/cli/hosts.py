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

"""Open the hosts of a command and gather its case."""

import argparse
import collections.abc
import contextlib
import dataclasses
import logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments as arguments_
from nova_selective_migrate.cli import evidence
from nova_selective_migrate.cli import interrupts
from nova_selective_migrate.cli import journalled
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
class Hosts:
    """The guest, where it is, and where it is to go.

    :ivar journal: of migrations that were begun here
    """

    source: connection.Connection
    guest: libvirt_guest.Guest
    destination: connection.Connection
    journal: migration_journal.MigrationJournal


@contextlib.contextmanager
def looks(
    directory: str | None, interruption: interrupts.Interruption
) -> collections.abc.Iterator[probe_journal.ProbeJournal]:
    """Write down what is put on the hosts for a moment.

    :param directory: of the journal
    :param interruption: told of it, to wait until it is put away
    """
    found = journalled.looks(directory)
    interruption.looks = found
    try:
        yield found
    finally:
        found.end()


@contextlib.contextmanager
def source(
    uri: str, domain: str, looks: probe_journal.ProbeJournal | None = None
) -> collections.abc.Iterator[
    tuple[connection.Connection, libvirt_guest.Guest]
]:
    """Open the source and find the guest.

    :raises HypervisorError: when there is no such host or guest
    """
    libvirt_codes.silence_errors()
    connection.start_event_loop()
    with connection.Connection.open(uri, looks=looks) as here:
        yield here, here.guest(domain)


@contextlib.contextmanager
def both(
    options: argparse.Namespace,
    arguments: argparse.Namespace,
    looks: probe_journal.ProbeJournal,
) -> collections.abc.Iterator[Hosts]:
    """Open both hosts.

    :param options: the application's
    :raises HypervisorError: when there is no such host or guest
    :raises InvalidInput: when both are the same
    """
    _check_uri(arguments.destination_uri)
    with (
        source(options.connect, arguments.domain, looks) as (here, guest),
        connection.Connection.open(
            arguments.destination_uri, looks=looks
        ) as there,
    ):
        if here.host_uuid() == there.host_uuid():
            raise exceptions.InvalidInput(
                f'{there.name} is the host that has '
                f'{guest.name} already; name another destination'
            )
        LOG.info('%s has %s (%s)', here.name, guest.name, guest.uuid)
        LOG.info('%s answers', there.name)
        journal = journalled.journal(options.journal)
        yield Hosts(here, guest, there, journal)


def _check_uri(text: str) -> None:
    """Suggest a URI to who gives the name of a host.

    :raises InvalidInput: when it is no URI
    """
    if ':/' not in text:
        raise exceptions.InvalidInput(
            f'{text!r} is no URI of libvirt; for a host of that name try '
            f'qemu+tls://{text}/system, or qemu+ssh://{text}/system'
        )


def of_run(hosts: Hosts, *, probe: bool) -> migration_outcome.MigrationHosts:
    """Return what a migration needs of both hosts."""
    return migration_outcome.MigrationHosts(
        hosts.source, hosts.destination, hosts.journal, probe
    )


def case_now(
    hosts: Hosts, arguments: argparse.Namespace
) -> migration_case.Case:
    """Gather the case of a migration, and whether another one is at it.

    Between its images and its call libvirt knows of no job.

    :raises InvalidInput: when an argument or the domain cannot be used
    :raises HypervisorError: when a daemon fails
    """
    found = case(hosts, arguments)
    if hosts.journal.busy(hosts.guest.uuid) is None:
        return found
    state = dataclasses.replace(found.domain_state, job_active=True)
    return dataclasses.replace(found, domain_state=state)


def case(hosts: Hosts, arguments: argparse.Namespace) -> migration_case.Case:
    """Gather the case of a migration.

    :raises InvalidInput: when an argument or the domain cannot be used
    :raises HypervisorError: when a daemon fails
    """
    options = _listening(arguments_.options(arguments))
    options = dataclasses.replace(
        options, destination_uri=redaction.uri(arguments.destination_uri)
    )
    asked = case_gathering.CaseRequest(
        policy=evidence.policy(arguments),
        options=options,
        block_device_info=evidence.block_device_info(arguments),
        probe=not arguments.no_probe,
        shared_filesystems=tuple(arguments.libvirt_shared_filesystem),
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
