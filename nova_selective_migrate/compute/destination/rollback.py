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

"""rollback_live_migration_at_destination: remove only what we made."""

import collections.abc
import contextlib
import copy
import os
import threading
import time
import typing

from nova import exception
from nova.compute import vm_states
import nova.conf
from nova.virt.libvirt import utils as libvirt_utils

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import fault_reports
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.common import remote_libvirt
from nova_selective_migrate.compute.destination import free_space_watchdog
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_volumes
from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.migration import split_brain

CONF = nova.conf.CONF
LOG = migration_log.logger(__name__)

Method = collections.abc.Callable[..., typing.Any]

_RESTART_SECONDS = 60.0
_POLL_SECONDS = 2.0
_HERE = (
    guest_presence.Presence.RUNNING,
    guest_presence.Presence.PAUSED,
    guest_presence.Presence.POSTCOPY,
    guest_presence.Presence.POSTCOPY_FAILED,
)


class DestinationRollback:
    """Rolls back live migrations to this host."""

    def __init__(
        self,
        driver: typing.Any,
        journal: incoming_journal.IncomingJournal,
        space: free_space_watchdog.IncomingSpaceWatchdog,
    ) -> None:
        self._driver = driver
        self._journal = journal
        self._space = space
        self._lock = threading.Lock()
        self._under_way: set[str] = set()

    def is_under_way(self, instance: typing.Any) -> bool:
        """Tell whether nova rolls back a migration of an instance now."""
        with self._lock:
            return instance.uuid in self._under_way

    @contextlib.contextmanager
    def _marked(self, uuid: str) -> collections.abc.Iterator[None]:
        with self._lock:
            self._under_way.add(uuid)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(uuid)

    def roll_back(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        *,
        destroy_disks: bool,
        migrate_data: typing.Any,
    ) -> None:
        """Let nova clean up what this migration made here, and nothing else.

        :param stock: nova's rollback_live_migration_at_destination, without
            its destroy_disks and migrate_data
        :param migrate_data: LibvirtLiveMigrateData; nova passes None where
            it has none
        :raises MigrationError: when the guest is here, or libvirt does not
            answer
        """
        self._space.end(instance)
        self._journal.ends(instance.uuid)
        directory = os.path.normpath(
            libvirt_utils.get_instance_path_at_destination(
                instance, migrate_data
            )
        )
        try:
            virt = self._connect()
        except exception.HypervisorUnavailable as err:
            # Without libvirt it is not known whether the guest runs here;
            # nova would destroy it as soon as libvirt answers again.
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
            # With these two values nova leaves the directory.
            migrate_data = copy.copy(migrate_data)
            migrate_data.is_shared_instance_path = True
        if not shared and (objection or not there):
            # Where the directory is missing, nova.virt.libvirt.driver.
            # delete_instance_files deletes that of a resize instead.
            destroy_disks = False
        with self._marked(instance.uuid):
            stock(destroy_disks=destroy_disks, migrate_data=migrate_data)
        if not shared and self._remove_volumes(host, instance, directory):
            self._drop(instance)

    def _remove_volumes(
        self,
        host: connection.Connection,
        instance: typing.Any,
        directory: str,
    ) -> bool:
        """Remove the logical volumes, after the guest that waited for them.

        :returns: whether nothing of this migration is left here
        """
        gone = not os.path.lexists(directory)
        try:
            claim = self._journal.entry(instance.uuid)
        except exceptions.JournalFailed as err:
            LOG.warning('%s', err, instance=instance)
            return False
        if claim is None or not claim.volume_paths:
            return gone
        removed, left = incoming_volumes.remove(host, claim)
        for path in removed:
            LOG.info('Removed %s', path, instance=instance)
        for why in left:
            LOG.error(
                'What is here is left as it is: %s', why, instance=instance
            )
        # Without a proof the directory is another's.
        return not left and (gone or claim.proof is None)

    def _connect(self) -> typing.Any:
        """Return nova's connection to libvirt; wait for one that restarts.

        Nobody waits for this rollback. What it does not clean up stays until
        nova-compute restarts: ports, devices, connected volumes.

        :raises HypervisorUnavailable: after _RESTART_SECONDS
        """
        until = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                return self._driver._host.get_connection()
            except exception.HypervisorUnavailable:
                if time.monotonic() >= until:
                    raise
            # Nothing announces that libvirt is back.
            time.sleep(_POLL_SECONDS)

    def _refuse(
        self,
        context: typing.Any,
        instance: typing.Any,
        host: connection.Connection,
        here: guest_presence.GuestSide,
        directory: str,
    ) -> typing.NoReturn:
        """Leave a guest that is here, and say what the operator has to do.

        The source reports the migration as failed, so it has the guest too.

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
            self._journal.doubt(instance.uuid, text)
        except exceptions.JournalFailed as err:
            # The server is in ERROR, which keeps the next start from it.
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
        here: guest_presence.GuestSide,
    ) -> guest_location.Settlement:
        """Find out where the guest is; suspend it here where both run it.

        A source that cannot be asked counts as running it: it has asked for
        the rollback.
        """
        source = remote_libvirt.look(self._driver, instance)
        if source.presence is guest_presence.Presence.UNREACHABLE:
            source = guest_presence.GuestSide(guest_presence.Presence.RUNNING)
        found = guest_location.locate(source, here)
        if found.doubt is not guest_location.Doubt.BOTH_RUN:
            return found
        return guest_location.both_ran(
            split_brain.suspend_destination(
                lambda: host.guest(instance.uuid).suspend()
            )
        )

    def _objection(
        self,
        host: connection.Connection,
        here: guest_presence.GuestSide,
        instance: typing.Any,
        directory: str,
    ) -> str | None:
        """Return why nova must not delete the directory; None: it may."""
        try:
            claim = self._journal.entry(instance.uuid)
            if claim is None or claim.directory != directory:
                return f'{directory} was not made by this live migration'
            claim.check()
            # nova destroys a guest that waits for the source's data.
            waits = here.presence is guest_presence.Presence.SWITCHING
            besides = instance.uuid if waits else ''
            users = path_users.users_of(host, directory, besides)
        except exceptions.SelectiveMigrateError as err:
            return str(err)
        return f'{directory} is used by {", ".join(users)}' if users else None

    def _drop(self, instance: typing.Any) -> None:
        try:
            self._journal.drop(instance.uuid)
        except exceptions.JournalFailed as err:
            # nova has cleaned up; the next start finds no directory.
            LOG.warning('%s', err, instance=instance)
