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

"""Where the destination listens for memory and disks.

Told nothing, libvirt has QEMU listen on every address, and whoever reaches
a port there can write to the disks while they are copied.
"""

import dataclasses
import ipaddress
import socket

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import migration_options

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
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise exceptions.AddressUnknown(
            f'{host} has no address: {err}'
        ) from err
    return str(found[0][4][0])


def is_loopback(address: str) -> bool:
    """Tell whether a number means a host itself, on every host."""
    return ipaddress.ip_address(address.partition('%')[0]).is_loopback
