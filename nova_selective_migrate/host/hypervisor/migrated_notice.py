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

"""What libvirt says when a guest has left its host in a migration."""

import threading
import types

import libvirt

from nova_selective_migrate.host.hypervisor import libvirt_codes


class MigratedNotice:
    """Listens for the end of a guest that was migrated, in this context.

    :ivar departed: set once libvirt has said so
    """

    def __init__(self, domain: libvirt.virDomain) -> None:
        self._domain = domain
        self._number: int | None = None
        self.departed = threading.Event()

    def __enter__(self) -> 'MigratedNotice':
        """Begin to listen.

        :raises HypervisorError: when libvirt cannot
        """
        with libvirt_codes.translated('virConnectDomainEventRegisterAny'):
            self._number = self._domain.connect().domainEventRegisterAny(
                self._domain,
                libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                self._happened,
                None,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        try:
            self._domain.connect().domainEventDeregisterAny(self._number)
        except libvirt.libvirtError:
            return  # the connection is gone, and the notice with it

    def _happened(
        self,
        _virt: libvirt.virConnect,
        _domain: libvirt.virDomain,
        event: int,
        detail: int,
        _opaque: object,
    ) -> None:
        stopped = event == libvirt.VIR_DOMAIN_EVENT_STOPPED
        if stopped and detail == libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED:
            self.departed.set()
