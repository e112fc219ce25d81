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

"""init_host: recover incoming migrations that an earlier process left."""

import os.path
import typing

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.compute import vm_states
import nova.conf

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import nova_interface
from nova_selective_migrate.compute.common import remote_libvirt
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_volumes
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)


# Where the source is so, this host may have the guest's newest data.
_UNFIT = (
    guest_presence.Presence.ABSENT,
    guest_presence.Presence.MIGRATED,
    guest_presence.Presence.SWITCHING,
    guest_presence.Presence.POSTCOPY,
    guest_presence.Presence.POSTCOPY_FAILED,
)


class IncomingRecovery:
    """Handles each entry of the incoming journal when nova-compute starts."""

    def __init__(
        self, driver: typing.Any, journal: incoming_journal.IncomingJournal
    ) -> None:
        self._driver = driver
        self._journal = journal

    def settle(self) -> None:
        """Remove directories that nobody needs, and log those that are left.

        Never raises.
        """
        try:
            instances = self._journal.instances()
        except exceptions.JournalFailed as err:
            LOG.error('%s', err)
            return
        for uuid in instances:
            with plan_log.working_on(self._journal.plan_id(uuid)):
                self._settle_or_log(nova_context.get_admin_context(), uuid)

    def _settle_or_log(self, context: typing.Any, uuid: str) -> None:
        try:
            self._settle(context, uuid)
        except Exception:
            # A boundary: nova-compute must start for the other instances;
            # the operator reads the log.
            LOG.exception(
                'What a live migration left here is not known',
                instance_uuid=uuid,
            )

    def _settle(self, context: typing.Any, uuid: str) -> None:
        claim = self._journal.entry(uuid)
        if claim is None:
            return
        there = os.path.lexists(claim.directory)
        if not there and not claim.volume_paths:
            self._journal.drop(uuid)
            LOG.info('A live migration left nothing here', instance_uuid=uuid)
            return
        virt = self._driver._host.get_connection()
        host = connection.Connection(virt, 'this host')
        here = host.look(uuid)
        why = self._why_left(context, uuid, host, here, claim)
        if why is not None:
            LOG.warning(
                'A live migration that came here at %s left %s: %s. It is '
                'not touched; remove it when no server needs it',
                claim.since,
                ', '.join((claim.directory, *claim.volume_paths)),
                why,
                instance_uuid=uuid,
            )
        elif here.holds:
            self._journal.drop(uuid)
            LOG.info('The guest has come here', instance_uuid=uuid)
        else:
            self._remove(uuid, host, claim, there=there)

    def _remove(
        self,
        uuid: str,
        host: connection.Connection,
        claim: incoming_journal.IncomingMigration,
        *,
        there: bool,
    ) -> None:
        """Remove the directory and the logical volumes, where proven.

        :param there: whether there is such a directory
        :raises NotOurs: when the directory has what is not ours
        """
        removed, left = incoming_volumes.remove(host, claim)
        names = claim.remove() if there else ()
        if left:
            LOG.warning(
                'A live migration that came here at %s left logical volumes '
                'that are not touched: %s',
                claim.since,
                '; '.join(left),
                instance_uuid=uuid,
            )
        else:
            self._journal.drop(uuid)
        LOG.info(
            'Removed what a live migration had left here: %s with %s%s',
            claim.directory,
            ', '.join(names) or 'nothing',
            f'; {", ".join(removed)}' if removed else '',
            instance_uuid=uuid,
        )

    def _why_left(
        self,
        context: typing.Any,
        uuid: str,
        host: connection.Connection,
        here: guest_presence.GuestSide,
        claim: incoming_journal.IncomingMigration,
    ) -> str | None:
        """Return why the directory is left as it is; None: it may go."""
        try:
            instance = objects.Instance.get_by_uuid(context, uuid)
        except exception.InstanceNotFound:
            return 'nova knows no such server any more'
        of = instance.host
        if here.holds:
            if of == CONF.host:
                return None
            self._note_doubt(instance)
            return f'the guest is {here} here, nova has it on {of}'
        if here.presence is not guest_presence.Presence.ABSENT:
            return f'the guest is {here} here'
        if of in (None, CONF.host):
            return f'nova has the server on {of or "no host"}'
        pending = [
            migration.status
            for migration in objects.MigrationList.get_by_filters(
                context,
                {'instance_uuid': uuid, 'migration_type': 'live-migration'},
            )
            # nova filters by no destination.
            if migration.dest_compute == CONF.host
            and migration.status not in nova_interface.FINAL_STATUSES
        ]
        if pending:
            self._journal.comes(instance.uuid)
            return f'a live migration to this host is {pending[0]}'
        if doubt := self._doubt(instance, claim):
            return doubt
        if maybe := incoming_volumes.unproven(claim):
            return '; '.join(maybe)
        if not os.path.lexists(claim.directory):
            return None
        try:
            claim.check()
        except exceptions.NotOurs as err:
            return str(err)
        users = path_users.users_of(host, claim.directory)
        return f'it is used by {", ".join(users)}' if users else None

    def _doubt(
        self, instance: typing.Any, claim: incoming_journal.IncomingMigration
    ) -> str | None:
        """Return why the directory may hold the guest's newest data.

        What was doubtful when the migration ended stays so after a restart,
        and after somebody has reset the state of the server.
        """
        if claim.doubt:
            return claim.doubt
        if doubt := self._note_doubt(instance):
            return doubt
        source = remote_libvirt.look(self._driver, instance)
        if source.presence in _UNFIT:
            return f'the guest is {source} on {instance.host}'
        return None

    def _note_doubt(self, instance: typing.Any) -> str | None:
        """Write a doubt into the entry of a server in ERROR, and return it."""
        if instance.vm_state != vm_states.ERROR:
            return None
        why = (
            'nova has had the server in ERROR, so that it is not known which '
            'host has its newest disks'
        )
        self._journal.doubt(instance.uuid, why)
        return why
