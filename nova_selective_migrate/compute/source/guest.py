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

"""nova's guest, with a plan that its migration follows."""

import copy
import typing

from oslo_log import log as logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.source import addressed
from nova_selective_migrate.compute.source import record as record_
from nova_selective_migrate.core.case import uri
from nova_selective_migrate.core.plan import call as call_
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import plan as plan_
from nova_selective_migrate.host.migration import migration_address

LOG = logging.getLogger(__name__)

# What the plan knows better; all other flags are nova's, such as those of
# its options for post-copy and auto-converge.
_OURS = call_.NON_SHARED | call_.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES


class PlannedGuest:
    """A nova.virt.libvirt.guest.Guest that migrates as planned.

    Everything but :meth:`migrate` is the guest's own.
    """

    def __init__(
        self,
        guest: typing.Any,
        plan: plan_.MigrationPlan,
        call: record_.Call,
    ) -> None:
        self._guest = guest
        self._plan = plan
        self._call = call

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._guest, name)

    def migrate(self, destination: str, **options: typing.Any) -> None:
        """Migrate with the plan's disks and storage flags.

        :param options: those of nova.virt.libvirt.guest.Guest.migrate
        :raises InvalidDomain: when the destination XML is not this guest's
        :raises AddressUnknown: when the address is not known that the
            destination is to listen on
        """
        flags = int(options.get('flags', 0)) & ~int(_OURS)
        options['flags'] = flags | int(self._plan.call.flags & _OURS)
        options['migrate_disks'] = self._plan.migrate_disks
        options['destination_xml'] = self._xml(options.get('destination_xml'))
        added = self._added(destination, options)
        guest = copy.copy(self._guest)
        guest._domain = addressed.AddressedDomain(self._guest._domain, added)
        self._call.start()
        guest.migrate(destination, **options)

    def _added(
        self, destination: str, options: dict[str, typing.Any]
    ) -> dict[str, str]:
        """Return parameters that nova does not know, and set migrate_uri.

        nova names an address for the data where the destination has
        [libvirt]live_migration_inbound_addr, and never where to listen.
        """
        flags = call_.MigrateFlag
        added: dict[str, str] = {}
        if options['flags'] & flags.TUNNELLED:
            return added  # through the daemons: nothing listens
        try:
            found = migration_address.derive(
                destination,
                options.get('migrate_uri'),
                tls=bool(options['flags'] & flags.TLS),
            )
        except exceptions.AddressUnknown as err:
            raise exceptions.AddressUnknown(
                f'{err}; set [libvirt]live_migration_inbound_addr on the '
                'destination'
            ) from err
        options['migrate_uri'] = found.migrate_uri
        if found.listen_address:
            added['listen_address'] = found.listen_address
        if 'tls.destination' in self._plan.call.also_sent:
            named = uri.host(found.migrate_uri or destination)
            added['tls.destination'] = named or ''
        LOG.info('Selective migration: the call also has %s', added)
        return added

    def _xml(self, text: str | None) -> str | None:
        if text is None:
            if self._plan.flattened:
                raise exceptions.PreparationFailed(
                    'nova passes no XML for the destination, and the plan '
                    'needs one'
                )
            return None
        kept = destination_xml.keep_targets(text, self._guest.get_xml_desc())
        if not self._plan.flattened:
            return kept
        return destination_xml.flatten(kept, self._plan.flattened)
