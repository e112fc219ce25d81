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
from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest
from nova_selective_migrate.host.journal import migration_journal

LOG = logging.getLogger(__name__)


def of_host(
    source: connection.Connection,
    destination: connection.Connection | None,
    asked: case_gathering.CaseRequest,
    journal: migration_journal.MigrationJournal,
) -> tuple[host_audit.GuestAudit, ...]:
    """Plan every running guest, one after the other, by name.

    That one cannot be planned is told of that one.

    :param journal: tells which guests another process migrates
    :raises HypervisorError: when the guests cannot be listed
    """
    return tuple(_audits(source, destination, asked, journal))


def _audits(
    source: connection.Connection,
    destination: connection.Connection | None,
    asked: case_gathering.CaseRequest,
    journal: migration_journal.MigrationJournal,
) -> collections.abc.Iterator[host_audit.GuestAudit]:
    for guest in source.running():
        found = of_guest(
            source,
            guest,
            destination,
            asked,
            lambda uuid: journal.busy(uuid) is not None,
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
) -> AuditedGuest:
    """Plan one guest; that it cannot be planned is told of it.

    :param busy: tells whether somebody migrates the guest with a UUID
    """
    memory = guest.memory_bytes()
    try:
        case = case_gathering.gather(source, guest, destination, asked)
        if busy(guest.uuid):
            case = case.with_active_job()
        plan = planner.plan(case)
    except exceptions.SelectiveMigrateError as err:
        LOG.info('%s cannot be planned: %s', guest.name, err)
        return AuditedGuest(
            host_audit.GuestAudit(
                guest.name, guest.uuid, None, str(err), memory
            )
        )
    return AuditedGuest(
        host_audit.GuestAudit(
            guest.name, guest.uuid, plan, memory_bytes=memory
        ),
        case.readiness,
    )
