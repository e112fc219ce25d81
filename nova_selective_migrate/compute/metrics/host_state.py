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
"""What metrics tell of a host, read from memory and from its own files."""

import collections.abc
import dataclasses
import typing

from oslo_log import log as logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_activity
from nova_selective_migrate.compute.metrics import audit_results

LOG = logging.getLogger(__name__)

T = typing.TypeVar('T')


class Incoming(typing.Protocol):
    """The incoming journal, as far as it is read."""

    def promised_bytes(self) -> int:
        """Return what is to come to this host, in bytes."""

    def waiting(self) -> list[str]:
        """List the instances whose entries wait for somebody."""


@dataclasses.dataclass(frozen=True)
class HostState:
    """What is told; None is not known.

    :ivar pending: migrations that were checked and wait for their turn
    :ivar promised_bytes: that copies to this host are to bring
    :ivar incoming_waiting: entries of the incoming journal that wait for
        somebody
    :ivar outgoing_waiting: the same of the outgoing journal
    :ivar unread: how many of these could not be read
    """

    activity: migration_activity.ActivitySnapshot
    pending: int | None = None
    promised_bytes: int | None = None
    incoming_waiting: int | None = None
    outgoing_waiting: int | None = None
    audit: audit_results.AuditResults | None = None
    unread: int = 0


class HostSources:
    """Where the state of this host is read from.

    None of them asks libvirt, another host or nova's database, nor waits for
    a lock of nova's.

    :param outgoing: lists the instances in the outgoing journal
    :param pending: counts migrations that wait for their turn
    """

    def __init__(
        self,
        activity: migration_activity.MigrationActivity,
        incoming: Incoming,
        outgoing: collections.abc.Callable[[], list[str]],
        pending: collections.abc.Callable[[], int | None],
        audit: audit_results.AuditFile,
    ) -> None:
        self.activity = activity
        self._incoming = incoming
        self._outgoing = outgoing
        self._pending = pending
        self._audit = audit
        self._unread: frozenset[str] = frozenset()

    def read(self) -> HostState:
        """Read the state; what cannot be read is left out, and logged once."""
        unread: dict[str, Exception] = {}

        def known(
            what: str, read: collections.abc.Callable[[], T]
        ) -> T | None:
            try:
                return read()
            except (exceptions.SelectiveMigrateError, OSError) as err:
                unread[what] = err
                return None

        before = self.activity.snapshot()
        left = known('the outgoing journal', self._outgoing)
        waiting = known('what waits on this host', self._incoming.waiting)
        promised = known('what is promised', self._incoming.promised_bytes)
        audit = known('the audit', self._audit.results)
        activity = self.activity.snapshot()
        # One that begins or ends meanwhile has an entry that does not wait.
        running = {
            each.instance for each in (*before.following, *activity.following)
        }
        for what in unread.keys() - self._unread:
            LOG.warning('Metrics are without %s: %s', what, unread[what])
        self._unread = frozenset(unread)
        return HostState(
            activity,
            self._pending(),
            promised,
            None if waiting is None else len(waiting),
            None if left is None else len({*left} - running),
            audit,
            len(unread),
        )
