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

"""Make, prove and remove images at the destination."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import path_users
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.hypervisor import volume_pools
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import medium_proof

Note = collections.abc.Callable[[migration_record.CreatedImage], None]


def create_images(
    peer: connection.Connection,
    images: collections.abc.Iterable[destination_images.DestinationImage],
    note: Note,
) -> None:
    """Make the images.

    :param note: is called with each as soon as it is made
    :raises PreparationFailed: when one cannot be made, and those that
        have been noted are there
    """
    for image in images:
        folder = os.path.dirname(image.path)
        try:
            if image.pool is not None:
                note(_create_volume(peer, image.pool, image))
                continue
            with storage_pools.directory(peer, folder) as seen:
                if not isinstance(seen, pool_directory.PoolDirectory):
                    raise exceptions.PreparationFailed(
                        f'cannot create {image.path}: the destination does '
                        f'not see {folder} any more'
                    )
                seen.create(image)
                # Inside: it is made even if the directory cannot be
                # released. An empty stamp fits no file.
                stamp = seen.stamp(os.path.basename(image.path))
                planned = migration_record.CreatedImage.planned(image)
                note(
                    dataclasses.replace(
                        planned, stamp=stamp or storage_facts.FileStamp('', '')
                    )
                )
        except (
            exceptions.HypervisorError,
            exceptions.JournalFailed,
            exceptions.StorageSilent,
        ) as err:
            raise exceptions.PreparationFailed(str(err)) from err


def _create_volume(
    peer: connection.Connection,
    pool: str,
    image: destination_images.DestinationImage,
) -> migration_record.CreatedImage:
    group = volume_pools.named(peer, pool)
    if group is None:
        raise exceptions.PreparationFailed(
            f'cannot create {image.path}: the destination has no storage '
            f'pool {pool} that runs any more'
        )
    made = group.create(image)
    planned = migration_record.CreatedImage.planned(image)
    # The stamp says that it was made; the times of a device's node prove
    # nothing.
    return dataclasses.replace(
        planned, stamp=storage_facts.FileStamp('', ''), key=made.key
    )


@dataclasses.dataclass(frozen=True)
class LeftImage:
    """An image that stays, and why."""

    path: str
    why: str


@dataclasses.dataclass(frozen=True)
class ImageCleanup:
    """What became of images that a failed migration leaves behind."""

    removed: tuple[str, ...] = ()
    left: tuple[LeftImage, ...] = ()


def examine(
    run: migration_record.MigrationRecord,
    peer: connection.Connection,
    sees: shared_directories.Sight | None,
    *,
    held: collections.abc.Collection[str] = (),
    probe: bool = True,
    remove: bool = True,
    is_beginning: medium_proof.Beginning | None = None,
) -> ImageCleanup:
    """Find which images of a record may be removed, and remove them.

    To be called only while the source has the guest and the destination
    has not. Never raises: what is not certain is left.

    :param sees: tells whether the source has a path; None where it cannot
        be asked, which leaves all but what is held
    :param held: paths that this process has made, or has seen in use by the
        guest that was arriving
    :param probe: whether a marker may show that the source does not see the
        directory. Of what is held it is known: it was made where there was
        no such file, while the source had its own at that path.
    :param remove: False removes nothing, and returns what would be removed
    :param is_beginning: tells whether a file is the first part of a medium
        of the source
    """
    try:
        used = path_users.paths_in_use(peer, run.uuid)
    except exceptions.SelectiveMigrateError as err:
        return ImageCleanup(
            left=tuple(LeftImage(i.path, str(err)) for i in run.images)
        )
    removed: list[str] = []
    left: list[LeftImage] = []
    for image in run.images:
        volume = '' if image.pool is None else image.path
        user = path_users.user_of(used, image.path, volume)
        if user is not None:
            why: str | None = f'the domain {user} uses it'
        else:
            try:
                ours = image.path in held
                if image.pool is not None:
                    why = _remove_volume(peer, image.pool, image, remove)
                elif sees is None and not ours:
                    why = 'the source cannot be asked whether it sees it'
                else:
                    look = sees if probe or not ours else None
                    why = _remove(
                        peer, image, look, ours, remove, is_beginning
                    )
            except exceptions.SelectiveMigrateError as err:
                why = str(err)
        if why is None:
            removed.append(image.path)
        elif why:
            left.append(LeftImage(image.path, why))
    return ImageCleanup(tuple(removed), tuple(left))


def _remove_volume(
    peer: connection.Connection,
    pool: str,
    image: migration_record.CreatedImage,
    remove: bool,
) -> str | None:
    """Remove a volume; return why not, '' where there is none.

    Its key alone proves that it is the one that was made here; name and size
    do not.
    """
    group = volume_pools.named(peer, pool)
    if group is None:
        return f'the destination has no storage pool {pool} that runs'
    name = os.path.basename(image.path)
    found = group.find(name)
    if found is None:
        return ''
    if image.key is None or found.key is None:
        return (
            'nothing shows whether it is the volume that was made here: '
            'delete it on the destination after looking'
        )
    if found.key != image.key:
        return 'it is another volume of that name'
    if remove and not group.delete(name, image.key):
        return 'libvirt did not delete it'
    return None


def _remove(
    peer: connection.Connection,
    image: migration_record.CreatedImage,
    sees: shared_directories.Sight | None,
    held: bool,
    remove: bool,
    is_beginning: medium_proof.Beginning | None,
) -> str | None:
    """Remove an image; return why not, '' where there is none."""
    folder, name = os.path.split(image.path)
    with storage_pools.directory(peer, folder) as seen:
        if seen is False:
            return ''
        if not isinstance(seen, pool_directory.PoolDirectory):
            return f'the destination cannot look into {folder}'
        if image.content is None:
            why = _foreign(seen, name, image, held)
        else:
            why = medium_proof.foreign(seen, image, held, is_beginning)
        if why is not None:
            return why
        here = os.path.dirname(image.source_path or image.path)
        if (
            sees
            and shared_directories.same_directory(seen, sees, here)
            is not False
        ):
            return f'the source may see {folder} too'
        if remove and not seen.delete(name):
            return 'libvirt did not delete it'
    return None


def _foreign(
    seen: pool_directory.PoolDirectory,
    name: str,
    image: migration_record.CreatedImage,
    held: bool,
) -> str | None:
    """Return why a file may not be the one that was made.

    :returns: None where it is the one, '' where there is no file
    """
    found = seen.facts(name)
    if found.exists is False:
        return ''
    if (found.virtual_bytes, found.format) != (
        image.virtual_bytes,
        image.format,
    ):
        return 'it has another size or format than the one that was made'
    if image.stamp is None and not held:
        return 'it is not known whether it was made here'
    now = seen.stamp(name)
    if now and image.stamp and (now.inode or image.stamp.inode):
        # The inode decides, whatever was written since.
        same = now.inode == image.stamp.inode
        return None if same else 'it is another file of that name'
    if held or (now and now == image.stamp):
        return None
    return (
        'it was written to since it was made, and from here cannot be told '
        'from another file: delete it on the destination after looking'
    )
