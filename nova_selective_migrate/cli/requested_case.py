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

"""Gather the case of a migration that a command's arguments ask for."""

import argparse
import dataclasses

from nova_selective_migrate import exceptions
from nova_selective_migrate.cli import arguments
from nova_selective_migrate.cli import evidence_arguments
from nova_selective_migrate.cli import image_arguments
from nova_selective_migrate.cli import open_hosts
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.journal import transfer_rates
from nova_selective_migrate.host.migration import preflight

_NAME_IT = (
    'name the address that the destination is to listen on with '
    '--listen-address'
)


def now(
    hosts: open_hosts.OpenedHosts, parsed_args: argparse.Namespace
) -> migration_case.Case:
    """Gather the case of a migration, and refuse while another is under way.

    libvirt knows of no job while images are made before the call, so that
    the journal is asked.

    :raises InvalidInput: when an argument or the domain cannot be used
    :raises HypervisorError: when a daemon fails
    """
    found = gathered(hosts, parsed_args)
    busy = hosts.journal.busy(hosts.guest.uuid) is not None
    return found.with_active_job() if busy else found


def gathered(
    hosts: open_hosts.OpenedHosts, parsed_args: argparse.Namespace
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
    rates = transfer_rates.TransferRates(hosts.journal.directory)
    return found.with_measured_rate(
        rates.of(hosts.destination.host_uuid() or '')
    )


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
