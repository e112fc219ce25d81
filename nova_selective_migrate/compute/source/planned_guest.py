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

"""nova's guest, which migrates with the flags and parameters of a plan."""

import collections.abc
import copy
import dataclasses
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.plan import destination_volumes
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.host.hypervisor import optional_parameters
from nova_selective_migrate.host.migration import migration_attempt
from nova_selective_migrate.host.migration import preflight

LOG = migration_log.logger(__name__)


class DomainWithParameters:
    """A libvirt.virDomain that adds parameters which nova does not pass.

    Everything but :meth:`migrateToURI3` is the domain's own.

    :ivar added: name -> value, where nova passes none of that name
    :ivar replaced: name -> value, where nova passes another
    :ivar optional: see :func:`optional_parameters.call_with_optional`
    """

    def __init__(
        self,
        domain: typing.Any,
        added: collections.abc.Mapping[str, migrate_call.Parameter],
        replaced: collections.abc.Mapping[str, migrate_call.Parameter],
        optional: collections.abc.Collection[str] = migrate_call.OPTIONAL,
    ) -> None:
        self._domain = domain
        self.added = added
        self.replaced = replaced
        self.optional = optional
        self.left_out: str | None = None

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._domain, name)

    def migrateToURI3(
        self,
        dconnuri: str,
        params: collections.abc.Mapping[str, typing.Any],
        flags: int = 0,
    ) -> None:
        """Migrate with nova's parameters and ours."""
        self.left_out = optional_parameters.call_with_optional(
            lambda wanted: self._domain.migrateToURI3(
                dconnuri, params=wanted, flags=flags
            ),
            {**self.added, **params, **self.replaced},
            self.optional,
        )


# Parameters of the plan that nova does not know.
_PLANNED = (migrate_call.DETECT_ZEROES, 'disks_uri')
# Flags that the plan sets; all others are nova's, such as those of its
# options for post-copy and auto-converge.
_OURS = (
    migrate_call.NON_SHARED
    | migrate_call.MigrateFlag.NON_SHARED_SYNCHRONOUS_WRITES
)
Connection = collections.abc.Callable[
    [destination_volumes.KeptVolume], str | None
]


def _unconnected(volume: destination_volumes.KeptVolume) -> None:
    """Return no connection, so that no volume passes."""


class PlannedGuest:
    """A nova.virt.libvirt.guest.Guest that migrates as planned.

    Everything but :meth:`migrate` is the guest's own.
    """

    def __init__(
        self,
        guest: typing.Any,
        plan: migration_plan.MigrationPlan,
        attempt: migration_attempt.Attempt,
        connection: Connection = _unconnected,
    ) -> None:
        """Take a guest and its plan.

        :param attempt: the call that is made
        :param connection: returns the <disk> of a volume at the destination
        """
        self._guest = guest
        self._connection = connection
        self._plan = plan
        self._attempt = attempt

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(self._guest, name)

    def migrate(self, destination: str, **options: typing.Any) -> None:
        """Migrate with the plan's disks and storage flags.

        :param options: those of nova.virt.libvirt.guest.Guest.migrate
        :raises InvalidDomain: when the destination XML is not this guest's
        :raises PreparationFailed: when a volume would be another one there,
            or the call was withdrawn
        :raises AddressUnknown: when the address is not known that the
            destination is to listen on
        """
        flags = int(options.get('flags', 0)) & ~int(_OURS)
        options['flags'] = flags | int(self._plan.call.flags & _OURS)
        options['migrate_disks'] = self._plan.migrate_disks
        kept = self._kept(options.get('destination_xml'))
        options['destination_xml'] = self._xml(kept)
        if bandwidth := self._plan.call.parameters.get('bandwidth'):
            # nova's is for all disks together, libvirt's for each.
            options['bandwidth'] = bandwidth
        added = self._added(destination, options)
        guest = copy.copy(self._guest)
        domain = DomainWithParameters(
            self._guest._domain,
            added,
            self._replaced(kept),
            self._plan.call.optional,
        )
        guest._domain = domain
        if not self._attempt.call():
            raise exceptions.PreparationFailed(
                'the migration was given up before libvirt was called'
            )
        guest.migrate(destination, **options)
        if domain.left_out:
            LOG.warning(
                'libvirt of one host does not know %s: the copy may take '
                'more room than its data',
                domain.left_out,
                instance_uuid=self._plan.domain.uuid,
            )

    def _added(
        self, destination: str, options: dict[str, typing.Any]
    ) -> dict[str, migrate_call.Parameter]:
        """Return parameters that nova does not know, and set migrate_uri.

        nova names an address for the data where the destination has
        [libvirt]live_migration_inbound_addr, and never where to listen.
        """
        flags = migrate_call.MigrateFlag
        added: dict[str, migrate_call.Parameter] = {
            name: self._plan.call.parameters[name]
            for name in _PLANNED
            if name in self._plan.call.parameters
        }
        if options['flags'] & flags.TUNNELLED:
            return added  # through the daemons: nothing listens
        try:
            found = preflight.derive(
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
            named = migration_options.host_of_uri(
                found.migrate_uri or destination
            )
            added['tls.destination'] = named or ''
        LOG.info(
            'Selective migration: the call also has %s',
            added,
            instance_uuid=self._plan.domain.uuid,
        )
        return added

    def _kept(self, text: str | None) -> str | None:
        """Return nova's XML with the right targets and volumes."""
        if text is None:
            if self._plan.volumes:
                raise exceptions.PreparationFailed(
                    'nova passes no XML for the destination, and the volumes '
                    'need one'
                )
            return None
        kept = destination_xml.keep_targets(text, self._guest.get_xml_desc())
        return destination_volumes.connect(
            kept, self._plan.volumes, self._connection
        )

    def _xml(self, kept: str | None) -> str | None:
        if not self._plan.changes_xml:
            return kept
        if kept is None:
            raise exceptions.PreparationFailed(
                'nova passes no XML for the destination, and the plan '
                'needs one'
            )
        return self._plan.destination_xml(kept)

    def _replaced(self, kept: str | None) -> dict[str, migrate_call.Parameter]:
        """Return the parameters that replace nova's.

        It defines the guest at the destination as what runs there; the
        settings that are for the copy alone are not to outlive that.
        """
        if kept is None or not self._plan.zeroes.drivers:
            return {}
        return {
            'persistent_xml': destination_xml.for_copy(
                kept, dataclasses.replace(self._plan.changes, drivers={})
            )
        }
