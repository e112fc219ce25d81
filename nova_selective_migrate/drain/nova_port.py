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

"""What a drain needs of nova's API; tests have one of their own."""

import collections.abc
import dataclasses
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.drain import drain_servers

#: Status of a migration record that nova does not change any more.
FINAL_STATUSES = frozenset({'completed', 'failed', 'error', 'cancelled'})

#: How the names of the events begin that our driver records.
OUR_EVENTS = 'selective_migrate_'

#: Volume and the name of its device in the server.
Attachments = frozenset[tuple[str, str]]


class NovaError(exceptions.SelectiveMigrateError):
    """nova did not answer, or not so that one knows what it did."""


class NovaRefused(NovaError):
    """nova said no, and did nothing.

    :ivar code: status of HTTP of its answer
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class ComputeService:
    """nova-compute of a host.

    :ivar reason: why it is disabled; empty where it is not, or nobody said
    """

    uuid: str
    host: str
    enabled: bool
    up: bool
    reason: str = ''


@dataclasses.dataclass(frozen=True)
class LiveMigrationRecord:
    """A live migration, as ``openstack server migration list`` has it.

    :ivar destination: None until nova has chosen
    """

    id: int
    status: str
    source: str
    destination: str | None

    @property
    def is_final(self) -> bool:
        """Return whether nova does not change it any more."""
        return self.status in FINAL_STATUSES


@dataclasses.dataclass(frozen=True)
class MovedBytes:
    """How far a running migration is, disks and memory together."""

    total: int
    remaining: int


@dataclasses.dataclass(frozen=True)
class FailedEvent:
    """An event of a server's action that ended with an error."""

    name: str
    message: str


class NovaPort(typing.Protocol):
    """nova's API, and the traits in placement.

    Each method raises :class:`NovaRefused` where nova says no, and
    :class:`NovaError` where it is not known what nova did.
    """

    def services(self) -> tuple[ComputeService, ...]:
        """List the nova-compute services of the cloud."""

    def disable(self, service: ComputeService, reason: str) -> None:
        """Disable a service, so that nothing is scheduled to its host."""

    def enforcing_hosts(self) -> frozenset[str] | None:
        """Return the hosts with our trait; None: placement cannot be asked."""

    def servers(
        self, host: str
    ) -> collections.abc.Iterator[drain_servers.DrainServer]:
        """List the servers of a host, of all projects."""

    def server(self, uuid: str) -> drain_servers.DrainServer | None:
        """Return a server; None where there is none any more."""

    def attachments(self, uuid: str) -> Attachments:
        """Return the volumes of a server."""

    def live_migrate(self, uuid: str, host: str | None) -> str:
        """Ask for a live migration; nova chooses where no host is named.

        :returns: nova's id of the request, by which its events are found
        """

    def migrations(self, uuid: str) -> tuple[LiveMigrationRecord, ...]:
        """List the live migrations of a server, of all times."""

    def moved_bytes(self, uuid: str, migration: int) -> MovedBytes | None:
        """Return how far a running migration is; None: nova says nothing."""

    def abort(self, uuid: str, migration: int) -> None:
        """Abort a running migration."""

    def failed_events(
        self, uuid: str, request: str
    ) -> tuple[FailedEvent, ...]:
        """List what failed of a request; of the latest where it is empty."""
