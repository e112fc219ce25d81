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

"""Delete the source's images of a guest that runs at the destination."""

import collections.abc
import contextlib
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_answers
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.hypervisor import volume_pools
from nova_selective_migrate.host.journal import migration_journal
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import created_images
from nova_selective_migrate.host.migration import image_users

LOG = plan_log.logger(__name__)

_SECTOR = 512
Note = collections.abc.Callable[[migration_record.LeavingImage], None]


def runs_there(
    here: guest_presence.GuestSide, there: guest_presence.GuestSide
) -> bool:
    """Return whether the guest is seen running at the destination alone."""
    running = guest_presence.Presence.RUNNING
    gone = here.presence in guest_presence.GONE
    return there.presence is running and gone


def leave(
    source: connection.Connection,
    destination: connection.Connection,
    journal: migration_journal.MigrationJournal,
    run: migration_record.MigrationRecord,
    *,
    probe: bool,
    delete: bool,
) -> created_images.ImageCleanup:
    """Delete what a guest that has moved leaves behind; never raises.

    What is still to be deleted is in the journal until it is.

    :param delete: False deletes nothing and leaves the journal as it is
    """
    if not run.removals:
        return created_images.ImageCleanup()
    run = _stamped(run)

    def note(image: migration_record.LeavingImage) -> None:
        nonlocal run
        LOG.info(
            '%s: deleted %s on the source',
            run.domain,
            image.path,
            plan_id=run.plan_id,
        )
        rest = tuple(e for e in run.removals if e.path != image.path)
        run = dataclasses.replace(run, removals=rest)
        # What is in it otherwise is too much, and looked at again.
        with contextlib.suppress(exceptions.PreparationFailed):
            journal.write(run)

    if delete:
        try:
            journal.write(run)
        except exceptions.PreparationFailed as err:
            return _all_left(run, str(err))
    return _remove(source, destination, run, probe, delete, note)


def _all_left(
    run: migration_record.MigrationRecord, why: str
) -> created_images.ImageCleanup:
    return created_images.ImageCleanup(
        left=tuple(
            created_images.LeftImage(image.path, why) for image in run.removals
        )
    )


def _stamped(
    run: migration_record.MigrationRecord,
) -> migration_record.MigrationRecord:
    """Note when each file was written to last, now that the guest has left.

    The images at the destination are the guest's own then.
    """
    return dataclasses.replace(
        run,
        images=(),
        removals=tuple(
            image
            if image.pool is not None or image.modified is not None
            else dataclasses.replace(image, modified=_modified(image.path))
            for image in run.removals
        ),
    )


def _remove(
    source: connection.Connection,
    destination: connection.Connection,
    run: migration_record.MigrationRecord,
    probe: bool,
    delete: bool,
    note: Note,
) -> created_images.ImageCleanup:
    """Delete as far as nothing needs it; what is not certain is left.

    :param probe: whether a marker file may show that the destination does
        not see a directory; where it may not, no file is deleted
    :param note: is called with each that is deleted
    """
    removed: list[str] = []
    left: list[created_images.LeftImage] = []
    try:
        users = image_users.ImageUsers(source)
    except exceptions.SelectiveMigrateError as err:
        return _all_left(run, str(err))
    for image in run.removals:
        try:
            # The guest is looked at anew for each: it may have come back.
            why = _not_there(source, destination, run.uuid)
            if why is None and image.pool is not None:
                why = _volume(
                    source, destination, image.pool, image, users, delete
                )
            elif why is None:
                why = _file(source, destination, image, users, probe, delete)
        except exceptions.SelectiveMigrateError as err:
            why = str(err)
        if why is None:
            removed.append(image.path)
            if delete:
                note(image)
        elif why:
            left.append(created_images.LeftImage(image.path, why))
    return created_images.ImageCleanup(tuple(removed), tuple(left))


def _not_there(
    source: connection.Connection,
    destination: connection.Connection,
    uuid: str,
) -> str | None:
    here, there = source.look(uuid), destination.look(uuid)
    if runs_there(here, there):
        return None
    return (
        'the guest is not seen running at the destination alone: the source '
        f'has it {here}, the destination {there}'
    )


def _file(
    source: connection.Connection,
    destination: connection.Connection,
    image: migration_record.LeavingImage,
    users: image_users.ImageUsers,
    probe: bool,
    delete: bool,
) -> str | None:
    """Delete a file; return why not, '' where there is none."""
    if not source.is_local:
        return 'the source is not this host'
    why = _another(image)
    if why is not None:
        return why
    user = users.of_file(image.path)
    if user:
        return user
    if not probe:
        return 'nothing shows whether the destination sees it too'
    folder, name = os.path.split(storage_facts.tidy(image.path))
    if not _apart(source, destination, folder):
        return f'the destination may see {folder} too'
    with storage_pools.directory(source, folder) as seen:
        if not isinstance(seen, pool_directory.PoolDirectory):
            return f'libvirt on the source cannot look into {folder}'
        size = seen.facts(name).virtual_bytes
        planned = image.virtual_bytes
        if size is None or not planned - _SECTOR < size <= planned:
            return 'it has another size than the one that was copied'
        # All that was asked has taken its time.
        why = _another(image)
        if why is not None:
            return why
        if delete and not seen.delete(name):
            return 'libvirt did not delete it'
    return None


def _another(image: migration_record.LeavingImage) -> str | None:
    """Return why a file may not be the one that was copied.

    :returns: None where it is the one, '' where there is none
    """
    now = local_storage.local_facts(image.path)
    if now.exists is False:
        return ''
    if (
        now.identity != image.identity
        or now.resolved != storage_facts.tidy(image.path)
        or now.kind is not storage_facts.PathKind.FILE
    ):
        return 'it is another file than the one that was copied'
    if image.modified is None or _modified(image.path) != image.modified:
        return 'it was written to since the guest left'
    return None


def _apart(
    source: connection.Connection,
    destination: connection.Connection,
    folder: str,
) -> bool:
    """Return whether the destination is shown not to see a directory."""
    with storage_pools.directory(destination, folder) as seen:
        if not isinstance(seen, pool_directory.PoolDirectory):
            return seen is False
        sight = shared_directories.sight(source)
        return shared_directories.same_directory(seen, sight) is False


def _volume(
    source: connection.Connection,
    destination: connection.Connection,
    pool: str,
    image: migration_record.LeavingImage,
    users: image_users.ImageUsers,
    delete: bool,
) -> str | None:
    """Delete a volume; return why not, '' where there is none."""
    user = users.of_volume(image.path)
    if user:
        return user
    group = volume_pools.named(source, pool)
    if group is None:
        return f'the source has no storage pool {pool} that runs'
    folder, name = os.path.split(image.path)
    found = group.find(name)
    if found is None:
        return ''
    if found.key != image.identity or found.size != image.virtual_bytes:
        return 'it is another volume than the one that was copied'
    theirs = volume_pools.at(destination, [folder]).get(folder)
    if theirs is not None and _has(theirs, image):
        return 'the destination sees it too'
    if delete and not group.delete(name, image.identity):
        return 'libvirt did not delete it'
    return None


def _has(
    group: volume_pools.VolumePool, image: migration_record.LeavingImage
) -> bool:
    return image.identity in group.keys()  # noqa: SIM118 (it is no mapping)


def _modified(path: str) -> str | None:
    """Return when a file of this host was written to last.

    :returns: None where that is not known: the file is not deleted then
    """
    try:
        storage_answers.require(path)
        return str(os.lstat(path).st_mtime_ns)
    except (OSError, exceptions.StorageSilent):
        return None
