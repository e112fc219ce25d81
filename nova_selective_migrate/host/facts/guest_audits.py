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

"""Plan every running guest of a host."""

import collections.abc
import dataclasses
import logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import block_device_mapping
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.model import audit_options
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.model import nova_servers
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal

LOG = logging.getLogger(__name__)

Servers = collections.abc.Callable[[str], nova_servers.NovaServer | None]


def request(
    options: audit_options.AuditOptions,
    destination: connection.Connection | None,
    *,
    probe: bool,
) -> case_gathering.CaseRequest:
    """Return what the plans of an audit are asked with.

    :param probe: whether marker files may be put on the destination
    """
    return case_gathering.CaseRequest(
        policy=options.policy,
        options=options.migration(destination.name if destination else None),
        probe=probe,
        shared_filesystems=options.shared_filesystems,
    )


def of_host(
    source: connection.Connection,
    destination: connection.Connection | None,
    asked: case_gathering.CaseRequest,
    journal: migration_journal.MigrationJournal,
    servers: Servers | None = None,
) -> tuple[host_audit.GuestAudit, ...]:
    """Plan every running guest, one after the other, by name.

    That one cannot be planned is told of that one.

    :param journal: tells which guests another process migrates
    :param servers: finds the server of a UUID in nova's records of this
        host; None where nova is not asked
    :raises HypervisorError: when the guests cannot be listed
    """
    return tuple(_audits(source, destination, asked, journal, servers))


def _audits(
    source: connection.Connection,
    destination: connection.Connection | None,
    asked: case_gathering.CaseRequest,
    journal: migration_journal.MigrationJournal,
    servers: Servers | None,
) -> collections.abc.Iterator[host_audit.GuestAudit]:
    for guest in source.running():
        found = of_guest(
            source,
            guest,
            destination,
            asked,
            lambda uuid: journal.busy(uuid) is not None,
            servers,
        )
        asked = dataclasses.replace(
            asked, tried=found.readiness or asked.tried
        )
        yield found.audit


@dataclasses.dataclass(frozen=True)
class AuditedGuest:
    """A guest that was planned.

    :ivar readiness: what was found of the destination; None: nothing was
    """

    audit: host_audit.GuestAudit
    readiness: destination_readiness.Readiness | None = None


def of_guest(
    source: connection.Connection,
    guest: libvirt_guest.Guest,
    destination: connection.Connection | None,
    asked: case_gathering.CaseRequest,
    busy: collections.abc.Callable[[str], bool],
    servers: Servers | None = None,
) -> AuditedGuest:
    """Plan one guest; that it cannot be planned is told of it.

    :param busy: tells whether somebody migrates the guest with a UUID
    :param servers: as :func:`of_host` takes it
    """
    memory = guest.memory_bytes()
    server = None
    try:
        if servers is not None:
            server = _server(guest, servers)
            asked = dataclasses.replace(
                asked, block_device_info=_volumes(guest, server)
            )
        case = case_gathering.gather(source, guest, destination, asked)
        if busy(guest.uuid):
            case = case.with_active_job()
        plan = planner.plan(case)
    except exceptions.SelectiveMigrateError as err:
        LOG.info('%s cannot be planned: %s', guest.name, err)
        return AuditedGuest(
            host_audit.GuestAudit(
                guest.name, guest.uuid, None, str(err), memory, server
            )
        )
    return AuditedGuest(
        host_audit.GuestAudit(
            guest.name,
            guest.uuid,
            plan,
            memory_bytes=memory,
            server=server,
        ),
        case.readiness,
    )


def _server(
    guest: libvirt_guest.Guest, servers: Servers
) -> nova_servers.NovaServer:
    """Return what nova knows of a guest.

    :raises InvalidInput: when it knows no such server of this host: then
        nobody tells which of its disks are volumes
    """
    server = servers(guest.uuid)
    if server is None:
        raise exceptions.InvalidInput(
            'nova has no server of this UUID on this host, and moves none; '
            f'"openstack server show {guest.uuid}" tells whether it has it '
            'on another'
        )
    return server


def _volumes(
    guest: libvirt_guest.Guest, server: nova_servers.NovaServer
) -> dict[str, object]:
    """Return the volumes of a server as its live migration would see them."""
    info = redaction.block_device_info(server.block_device_info)
    disks = domain_xml.parse(redaction.domain_xml(guest.xml())).disks
    rows = block_device_mapping.as_migrated(
        block_device_mapping.rows(info), disks
    )
    return {**info, 'block_device_mapping': rows}
