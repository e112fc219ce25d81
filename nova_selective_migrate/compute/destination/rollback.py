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

"""Roll back a live migration at its destination."""

import collections.abc
import copy
import os
import time
import typing

from nova import exception
from nova.compute import vm_states
import nova.conf
from nova.virt.libvirt import utils as libvirt_utils
from oslo_log import log as logging

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import remote_libvirt
from nova_selective_migrate.compute.destination import free_space_watchdog
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.migration import settlement

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

Method = collections.abc.Callable[..., typing.Any]

_RESTART_SECONDS = 60.0
_POLL_SECONDS = 2.0
_HERE = (
    guest_location.Presence.RUNNING,
    guest_location.Presence.PAUSED,
    guest_location.Presence.POSTCOPY,
    guest_location.Presence.POSTCOPY_FAILED,
)


class DestinationRollback:
    """Live migrations to this host that are taken back."""

    def __init__(
        self,
        driver: typing.Any,
        claims: incoming_journal.IncomingJournal,
        rooms: free_space_watchdog.IncomingSpaceWatchdog,
    ) -> None:
        self._driver = driver
        self._claims = claims
        self._rooms = rooms

    def roll_back(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        *,
        destroy_disks: bool,
        migrate_data: typing.Any,
    ) -> None:
        """Let nova clean up what this migration made, and nothing else.

        :param stock: nova's rollback_live_migration_at_destination, without
            its destroy_disks and migrate_data
        :param migrate_data: LibvirtLiveMigrateData; nova passes None where
            it has none
        :raises MigrationError: when the guest is here
        """
        self._rooms.end(instance)
        directory = os.path.normpath(
            libvirt_utils.get_instance_path_at_destination(
                instance, migrate_data
            )
        )
        try:
            virt = self._connect()
        except exception.HypervisorUnavailable as err:
            # Without libvirt nobody can say whether the guest runs here, and
            # nova would destroy it when libvirt answers again.
            raise exception.MigrationError(
                reason=f'{err}: {directory} is left as it is on {CONF.host}, '
                'with the volumes that are connected for it; restart '
                'nova-compute there when libvirt answers: it looks at them '
                'again, and has its serial ports and mediated devices back'
            ) from err
        host = connection.Connection(virt, 'this host')
        here = host.look(instance.uuid)
        if here.may_have_run:
            self._refuse(context, instance, host, here, directory)
        shared = migrate_data is None or migrate_data.is_shared_instance_path
        there = not shared and os.path.lexists(directory)
        objection = there and self._objection(host, here, instance, directory)
        if objection:
            LOG.error(
                'What is here is left as it is: %s',
                objection,
                instance=instance,
            )
            if CONF.workarounds.ensure_libvirt_rbd_instance_dir_cleanup:
                # nova deletes it whatever it is told.
                raise exception.MigrationError(
                    reason=f'{objection}: nothing is cleaned up there'
                )
            # Of these two nova concludes that the directory stays.
            migrate_data = copy.copy(migrate_data)
            migrate_data.is_shared_instance_path = True
        if not shared and (objection or not there):
            # nova.virt.libvirt.driver.delete_instance_files takes another
            # directory for one that is not there, as of a resize.
            destroy_disks = False
        stock(destroy_disks=destroy_disks, migrate_data=migrate_data)
        if not shared and not os.path.lexists(directory):
            self._drop(instance)

    def _connect(self) -> typing.Any:
        """Return nova's connection, once a libvirt that restarts is there.

        Nobody waits for this rollback, and what it does not clean up nova
        keeps for as long as it runs: ports, devices, connected volumes.

        :raises HypervisorUnavailable: when libvirt stays away
        """
        until = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                return self._driver._host.get_connection()
            except exception.HypervisorUnavailable:
                if time.monotonic() >= until:
                    raise
            # libvirt is not there to tell of an event.
            time.sleep(_POLL_SECONDS)

    def _refuse(
        self,
        context: typing.Any,
        instance: typing.Any,
        host: connection.Connection,
        here: guest_location.GuestSide,
        directory: str,
    ) -> typing.NoReturn:
        """Leave a guest that is here, and say which one is to be destroyed.

        The source has told that the migration failed: it has the guest.

        :raises MigrationError: nova records it as a fault of the server
        """
        if here.presence not in _HERE:
            raise exception.MigrationError(
                reason=f'the guest is {here} on {CONF.host}, though its '
                f'live migration is said to have failed: {directory} is not '
                'touched; look at both hosts'
            )
        found = self._locate(instance, host, here)
        text = (
            f'{found.explanation}. {CONF.host} has the guest {here}, though '
            f'its live migration from {instance.host} is said to have failed: '
            f'{directory} is not touched'
        )
        doubt = found.doubt or guest_location.Doubt.LOCATION
        try:
            self._claims.doubt(instance.uuid, text)
        except exceptions.JournalFailed as err:
            # nova's record of the server keeps the next start from it.
            LOG.warning('%s', err, instance=instance)
        fault_reports.record_event(
            context, instance, f'selective_migrate_{doubt.value}', text
        )
        instance.vm_state = vm_states.ERROR
        instance.save()
        raise exception.MigrationError(reason=text)

    def _locate(
        self,
        instance: typing.Any,
        host: connection.Connection,
        here: guest_location.GuestSide,
    ) -> guest_location.Settlement:
        """Say where the guest is; suspend it here where both run it.

        A source that cannot be asked runs it: it has asked for a rollback.
        """
        source = remote_libvirt.look(self._driver, instance)
        if source.presence is guest_location.Presence.UNREACHABLE:
            source = guest_location.GuestSide(guest_location.Presence.RUNNING)
        found = guest_location.locate(source, here)
        if found.doubt is not guest_location.Doubt.BOTH_RUN:
            return found
        return guest_location.both_ran(
            settlement.suspend_destination(
                lambda: host.guest(instance.uuid).suspend()
            )
        )

    def _objection(
        self,
        host: connection.Connection,
        here: guest_location.GuestSide,
        instance: typing.Any,
        directory: str,
    ) -> str | None:
        """Say why nova must not delete a directory; None: it may."""
        try:
            claim = self._claims.of(instance.uuid)
            if claim is None or claim.directory != directory:
                return f'{directory} was not made by this live migration'
            claim.check()
            # nova destroys a guest that waits for its source.
            waits = here.presence is guest_location.Presence.SWITCHING
            besides = instance.uuid if waits else ''
            users = path_users.users_of(host, directory, besides)
        except exceptions.SelectiveMigrateError as err:
            return str(err)
        return f'{directory} is used by {", ".join(users)}' if users else None

    def _drop(self, instance: typing.Any) -> None:
        try:
            self._claims.drop(instance.uuid)
        except exceptions.JournalFailed as err:
            # nova has cleaned up; the next start finds nothing there.
            LOG.warning('%s', err, instance=instance)
