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

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments as arguments_
from nova_selective_migrate.cli import evidence
from nova_selective_migrate.cli import journalled
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import options as options_
from nova_selective_migrate.core.case import redact
from nova_selective_migrate.host.facts import gather
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import errors
from nova_selective_migrate.host.hypervisor import event_loop
from nova_selective_migrate.host.hypervisor import guest as guest_
from nova_selective_migrate.host.migration import conclusion
from nova_selective_migrate.host.migration import migration_address

_NAME_IT = (
    'name the address that the destination is to listen on with '
    '--listen-address'
)


@dataclasses.dataclass(frozen=True)
class Hosts:
    """The guest, where it is, and where it is to go."""

    source: connection.Connection
    guest: guest_.Guest
    destination: connection.Connection


@contextlib.contextmanager
def source(
    uri: str, domain: str
) -> collections.abc.Iterator[tuple[connection.Connection, guest_.Guest]]:
    """Open the source and find the guest.

    :raises HypervisorError: when there is no such host or guest
    """
    errors.silence()
    event_loop.start()
    with connection.Connection.open(uri) as here:
        yield here, here.guest(domain)


@contextlib.contextmanager
def both(
    uri: str, arguments: argparse.Namespace
) -> collections.abc.Iterator[Hosts]:
    """Open both hosts.

    :raises HypervisorError: when there is no such host or guest
    :raises InvalidInput: when both are the same
    """
    with (
        source(uri, arguments.domain) as (here, guest),
        connection.Connection.open(arguments.destination_uri) as there,
    ):
        if here.host_uuid() == there.host_uuid():
            raise exceptions.InvalidInput(
                f'{there.name} is the host that has '
                f'{guest.name} already; name another destination'
            )
        yield Hosts(here, guest, there)


def with_journal(
    hosts: Hosts, directory: str | None, *, probe: bool
) -> conclusion.Hosts:
    """Add the journal of what is made at destinations."""
    journal = journalled.journal(directory)
    return conclusion.Hosts(hosts.source, hosts.destination, journal, probe)


def case(hosts: Hosts, arguments: argparse.Namespace) -> case_.Case:
    """Gather the case of a migration.

    :raises InvalidInput: when an argument or the domain cannot be used
    :raises HypervisorError: when a daemon fails
    """
    options = _listening(arguments_.options(arguments))
    options = dataclasses.replace(
        options, destination_uri=redact.uri(arguments.destination_uri)
    )
    asked = gather.Asked(
        policy=evidence.policy(arguments),
        options=options,
        block_device_info=evidence.block_device_info(arguments),
        probe=not arguments.no_probe,
        shared_filesystems=tuple(arguments.libvirt_shared_filesystem),
    )
    found = gather.gather(hosts.source, hosts.guest, hosts.destination, asked)
    _check_targets(found, options)
    return found


def _listening(
    options: options_.MigrationOptions,
) -> options_.MigrationOptions:
    """Have the destination listen on one address, where none is given.

    :raises InvalidInput: when there is none that the source could reach
    """
    if options.listen_address:
        return options
    try:
        found = migration_address.derive(
            options.destination_uri or '', options.migrate_uri, tls=options.tls
        )
    except exceptions.AddressUnknown as err:
        raise exceptions.InvalidInput(f'{err}; {_NAME_IT}') from err
    address = found.listen_address
    if address and migration_address.is_loopback(address):
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
    case: case_.Case, options: options_.MigrationOptions
) -> None:
    domain = domain_xml.parse(case.domain_xml)
    targets = [disk.target for disk in domain.disks]
    for target in options.existing:
        if target not in targets:
            raise exceptions.InvalidInput(
                f'--existing {target}: {domain.name} has no such target; it '
                f'has {", ".join(targets)}'
            )
