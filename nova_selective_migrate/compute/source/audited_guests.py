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

"""Plan this host's guests for an audit, as nova has their volumes."""

import collections.abc
import typing

from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.source import server_records
from nova_selective_migrate.core.plan import host_audit
from nova_selective_migrate.host.facts import guest_audits
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import libvirt_guest


class AuditedGuests:
    """Plans the running guests one by one, for no destination.

    What both hosts could reach is not confirmed by anybody then: it is
    refused unless it is declared, as "host audit" without DEST_URI does.

    :param running: tells whether a live migration of an instance runs
    """

    def __init__(
        self,
        driver: typing.Any,
        settings: driver_settings.DriverSettings,
        running: collections.abc.Callable[[str], bool],
    ) -> None:
        self._driver = driver
        self._settings = settings
        self._running = running

    def __call__(self) -> collections.abc.Iterator[host_audit.GuestAudit]:
        """Yield a guest at a time, planned when it is asked for.

        :raises HypervisorUnavailable: when libvirt cannot be reached
        """
        asked = guest_audits.request(
            server_records.options(self._settings), None, probe=False
        )
        # nova's own list: each of its domains is asked in a thread of the
        # system's where nova runs on eventlet.
        for found in self._driver._host.list_guests(only_running=True):
            host = connection.Connection(
                self._driver._host.get_connection(), '', is_local=True
            )
            yield guest_audits.of_guest(
                host,
                libvirt_guest.Guest(found._domain),
                None,
                asked,
                self._running,
                server_records.find,
            ).audit
