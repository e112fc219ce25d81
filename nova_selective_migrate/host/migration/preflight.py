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

"""Check and complete a plan just before its call: address, secrets."""

import dataclasses
import ipaddress
import socket

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest


def assert_unchanged(
    guest: libvirt_guest.Guest, plan: migration_plan.MigrationPlan
) -> None:
    """Check that the domain is as it was planned.

    :raises PreparationFailed: when it is not the planned one any more, or
        another job runs on it
    """
    now = domain_xml.parse(redaction.domain_xml(guest.xml()))
    state = guest.state([disk.target for disk in now.disks])
    if (
        now != plan.domain
        or state.snapshots
        or state.block_jobs
        or bool(state.persistent) != plan.defined
    ):
        raise exceptions.PreparationFailed(
            f'{guest.name} changed since the plan was made; plan again'
        )
    if state.job_active:
        raise exceptions.PreparationFailed(
            f'another job runs on {guest.name}; wait for it, or end it with '
            'virsh domjobabort'
        )


def assert_absent(
    destination: connection.Connection, guest: libvirt_guest.Guest
) -> None:
    """Check that the destination does not run this guest.

    :raises PreparationFailed: when it has one, or cannot be asked
    """
    there = destination.look(guest.uuid)
    if there.presence not in guest_presence.GONE:
        raise exceptions.PreparationFailed(
            f'the destination has {guest.name} already: {there}; look at '
            'both hosts before anything else'
        )


_UNROUTED = ('unix', 'fd')


@dataclasses.dataclass(frozen=True)
class MigrationAddress:
    """One address of the destination, for both ends of a migration.

    :ivar migrate_uri: where the source connects
    :ivar listen_address: where the destination listens: a number, because
        a host's own name can mean its loopback there
    """

    migrate_uri: str | None
    listen_address: str | None


def derive(
    destination_uri: str, migrate_uri: str | None, *, tls: bool
) -> MigrationAddress:
    """Choose the address: the one named for the data, else the daemon's.

    With TLS and no address named for the data the choice stays with
    libvirt: another host in the URI would have to be in the certificate,
    and who shows no certificate writes nothing anyway.

    :param destination_uri: libvirt's URI of the destination
    :raises AddressUnknown: when there is no host or it has no address
    """
    if migrate_uri and migrate_uri.split(':')[0] in _UNROUTED:
        return MigrationAddress(migrate_uri, None)
    if tls and not migrate_uri:
        return MigrationAddress(None, None)
    named = migrate_uri or destination_uri
    host = migration_options.host_of_uri(named)
    if host is None:
        raise exceptions.AddressUnknown(
            f'{redaction.uri(named)} names no host whose address could be '
            'listened on'
        )
    address = resolve(host)
    return MigrationAddress(
        migrate_uri or migration_options.uri_with_host('tcp', address), address
    )


def resolve(host: str) -> str:
    """Return the first address of a host as a number.

    :raises AddressUnknown: when it has none
    """
    try:
        # eventlet 0.33, which 2023.1 has, calls `type` otherwise.
        found = socket.getaddrinfo(host, None, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise exceptions.AddressUnknown(
            f'{host} has no address: {err}'
        ) from err
    return str(found[0][4][0])


def is_loopback(address: str) -> bool:
    """Tell whether a number means a host itself, on every host."""
    return ipaddress.ip_address(address.partition('%')[0]).is_loopback


def with_secrets(
    plan: migration_plan.MigrationPlan, guest: libvirt_guest.Guest
) -> migrate_call.MigrateCall:
    """Return the plan's call with the secrets that the plan leaves out.

    :raises PreparationFailed: when the domain lost its definition
    :raises HypervisorError: when the domain cannot be read
    """
    parameters = dict(plan.call.parameters)
    if 'destination_xml' in parameters:
        parameters['destination_xml'] = plan.destination_xml(
            guest.migratable_xml()
        )
    if 'persistent_xml' in parameters and not plan.defined:
        parameters['persistent_xml'] = parameters['destination_xml']
    elif 'persistent_xml' in parameters:
        definition = guest.persistent_xml(secure=True)
        if definition is None:
            raise exceptions.PreparationFailed(
                f'{guest.name} is not defined any more; plan again'
            )
        parameters['persistent_xml'] = plan.definition(definition, guest.xml())
    return dataclasses.replace(plan.call, parameters=parameters)
