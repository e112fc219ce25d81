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

"""pre_live_migration: journal what is made here, and have nova make it."""

import collections.abc
import contextlib
import json
import os
import threading
import typing

from nova import exception
from nova.virt.libvirt import utils as libvirt_utils

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.common import migration_log
from nova_selective_migrate.compute.destination import free_space_watchdog
from nova_selective_migrate.compute.destination import incoming_journal
from nova_selective_migrate.compute.destination import incoming_volumes
from nova_selective_migrate.compute.wire import instance_disk_info
from nova_selective_migrate.compute.wire import protocol
from nova_selective_migrate.compute.wire import volume_transfer

LOG = migration_log.logger(__name__)

Method = collections.abc.Callable[..., typing.Any]


@contextlib.contextmanager
def _as_migration_error() -> collections.abc.Iterator[None]:
    """Raise our errors as nova's: it then rolls back."""
    try:
        yield
    except exceptions.SelectiveMigrateError as err:
        raise exception.MigrationError(reason=str(err)) from err


class DestinationPreparation:
    """Prepares this host for live migrations.

    Each directory that is made is in the incoming journal before.
    """

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
        # UUID of the instance -> whether nova has begun to make its images.
        self._preparing: dict[str, bool] = {}

    def prepare(
        self,
        stock: Method,
        context: typing.Any,
        instance: typing.Any,
        disk_info: typing.Any,
        migrate_data: typing.Any,
    ) -> typing.Any:
        """Let nova prepare this host, and make the files that nova does not.

        :param stock: nova's pre_live_migration, without its disk_info
        :param disk_info: JSON text of instance_disk_info.dumps_disk_info, or
            nova's own; None where nothing is to be made
        :param migrate_data: LibvirtLiveMigrateData
        :returns: the same, with what nova adds to it
        :raises DestinationDiskExists: when the directory exists already
        :raises MigrationError: when it cannot be journalled, or the source
            does not follow its plan any more
        """
        directory = os.path.normpath(
            libvirt_utils.get_instance_path_at_destination(
                instance, migrate_data
            )
        )
        ours = not migrate_data.is_shared_instance_path
        volumes = self._planned_volumes(disk_info, migrate_data)
        if volumes:
            disk_info = instance_disk_info.without_volumes(disk_info)
        if ours and os.path.lexists(directory):
            raise exception.DestinationDiskExists(path=directory)
        if ours:
            self._begin(context, instance, directory, disk_info, volumes)
        made = True
        try:
            with _as_migration_error():
                # Before nova makes or connects anything.
                incoming_volumes.make(self._journal, instance.uuid, volumes)
            result = stock(disk_info=disk_info)
            told = disk_info is not None
            if ours and told and migrate_data.is_shared_block_storage:
                self._make_others(context, instance, directory, disk_info)
            if ours and told:
                # nova makes it only where disk_info is None (bug 1597644).
                self._driver._ensure_console_log_for_instance(instance)
        except (exception.DestinationDiskExists, FileExistsError):
            # Somebody made the directory after our look and before
            # nova's, or nova made it and a file in it exists already.
            made = self._has_come(instance)
            raise
        finally:
            if ours:
                self._end(instance, directory, made=made)
        if ours:
            self._space.begin(context, instance, directory, disk_info)
        result.filename = protocol.Note.PREPARED.added_to(result.filename)
        return result

    def _planned_volumes(
        self, disk_info: typing.Any, migrate_data: typing.Any
    ) -> list[volume_transfer.ExpectedVolume]:
        """Return the logical volumes to make for a source with a plan.

        :raises MigrationError: when the source has lost its plan since the
            check, or nothing would remove them here; nova then rolls back
        """
        with _as_migration_error():
            if protocol.Note.PLANNED.is_in(migrate_data.filename):
                instance_disk_info.assert_ours(
                    instance_disk_info.loads_disk_info(disk_info)
                )
            return incoming_volumes.expected(
                disk_info, shared=migrate_data.is_shared_instance_path
            )

    def _begin(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        disk_info: typing.Any,
        volumes: collections.abc.Sequence[volume_transfer.ExpectedVolume],
    ) -> None:
        try:
            entries = json.loads(disk_info or '[]')
            self._journal.begin(
                instance.uuid,
                directory,
                [os.path.basename(entry['path']) for entry in entries],
                str(context.request_id),
                [volume.path for volume in volumes],
                sum(int(entry.get('disk_size') or 0) for entry in entries)
                + sum(volume.virtual_bytes for volume in volumes),
            )
        except (
            exceptions.JournalFailed,
            ValueError,
            TypeError,
            KeyError,
        ) as err:
            raise exception.MigrationError(
                reason=f'what comes here cannot be journalled: {err}'
            ) from err

        with self._lock:
            self._preparing[instance.uuid] = False

    def note(self, instance: typing.Any) -> None:
        """Prove the directory that nova has just made, before its images.

        Does nothing outside of pre_live_migration: nova makes images for a
        hard reboot as well, and the journal's entry is then that of an
        earlier migration.
        """
        with self._lock:
            if instance.uuid not in self._preparing:
                return
            self._preparing[instance.uuid] = True
        self._prove(instance, complete=False)

    def has_made(self, directory: str, name: str) -> bool:
        """Tell whether an image is there, of a guest that is on its way here.

        :param directory: the instance's, whose name is its UUID
        :param name: of a file in it
        """
        identifier = os.path.basename(os.path.normpath(directory))
        with self._lock:
            preparing = identifier in self._preparing
        return preparing and os.path.lexists(os.path.join(directory, name))

    def _has_come(self, instance: typing.Any) -> bool:
        with self._lock:
            return self._preparing.get(instance.uuid, False)

    def _end(
        self, instance: typing.Any, directory: str, *, made: bool
    ) -> None:
        """Prove the directory that was made; forget one that is another's."""
        with self._lock:
            self._preparing.pop(instance.uuid, None)
        if not made:
            claim = self._journal.entry(instance.uuid)
            if claim is None or not claim.volumes:
                self._drop(instance)
        elif os.path.lexists(directory):
            self._prove(instance, complete=True)

    def _prove(self, instance: typing.Any, *, complete: bool) -> None:
        try:
            self._journal.prove(instance.uuid, complete=complete)
        except exceptions.SelectiveMigrateError as err:
            # The migration can go on; what is not proven is never removed.
            LOG.warning('%s', err, instance=instance)

    def _make_others(
        self,
        context: typing.Any,
        instance: typing.Any,
        directory: str,
        disk_info: typing.Any,
    ) -> None:
        """Make the images, which nova does not where some storage is shared.

        :raises MigrationError: when disk_info is damaged
        """
        try:
            entries = instance_disk_info.loads_disk_info(disk_info)
        except exceptions.PreparationFailed as err:
            raise exception.MigrationError(reason=str(err)) from err
        # Also without entries: it downloads the kernel and the ramdisk.
        self._driver._create_images_and_backing(
            context,
            instance,
            directory,
            entries,
            fallback_from_host=instance.host,
        )

    def finish(self, instance: typing.Any) -> None:
        """Forget the directory of a guest that runs here now."""
        self._space.end(instance)
        self._drop(instance)

    def _drop(self, instance: typing.Any) -> None:
        try:
            self._journal.drop(instance.uuid)
        except exceptions.JournalFailed as err:
            # An error would have nova set a guest that runs here to ERROR.
            LOG.warning('%s', err, instance=instance)
