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

"""What the destination knows of paths, asked through libvirt alone."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate.core.case import storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pools
from nova_selective_migrate.host.hypervisor import volumes

Sight = collections.abc.Callable[[str], bool | None]
Facts = dict[str, storage.StorageFacts]
# A pool opens everything in its directory: never do that to devices.
_NOT_STORAGE = ('/dev', '/proc', '/sys', '/run', '/var/run')


def facts(
    peer: connection.Connection,
    here: collections.abc.Mapping[str, storage.StorageFacts],
    *,
    sees: Sight,
    probe: bool,
) -> Facts:
    """Ask the destination for the files that the source has.

    The directory of each file is told as well: it exists where an image
    can be made in it. What cannot be asked is left out.

    :param peer: the destination
    :param sees: looks whether the source has a path
    :param probe: whether a marker may tell if both see one directory
    """
    folders: dict[str, list[str]] = {}
    for path, known in here.items():
        folder = os.path.dirname(path)
        device = known.kind is storage.PathKind.BLOCK
        if path.startswith('/') and not device and _may_look(folder):
            folders.setdefault(folder, []).append(path)
    found: Facts = {}
    for folder, paths in folders.items():
        with pools.directory(peer, folder) as seen:
            if seen is False:
                gone = storage.StorageFacts(exists=False)
                found.update(dict.fromkeys((folder, *paths), gone))
            elif isinstance(seen, volumes.Directory):
                found.update(_in_folder(seen, paths, here, sees, probe))
    return found


def sees(peer: connection.Connection, path: str) -> bool | None:
    """Look through libvirt whether a host has a file; None: not told."""
    with pools.directory(peer, os.path.dirname(path)) as seen:
        if isinstance(seen, volumes.Directory):
            return seen.facts(os.path.basename(path)).exists
        return None if seen is None else False


def same_directory(seen: volumes.Directory, sight: Sight) -> bool | None:
    """Make a marker at the destination and look for it at the source.

    nova tells shared instance directories in the same way
    (_create_shared_storage_test_file).
    """
    with seen.marker() as name:
        return sight(f'{seen.path}/{name}') if name else None


def sight(source: connection.Connection) -> Sight:
    """Return how to look whether a host, the source, has a file."""
    if source.is_local:
        return os.path.lexists
    return lambda path: sees(source, path)


def _may_look(folder: str) -> bool:
    folder = '/' + os.path.normpath(folder).lstrip('/')
    return not any(
        folder == top or folder.startswith(f'{top}/') for top in _NOT_STORAGE
    )


def _in_folder(
    seen: volumes.Directory,
    paths: collections.abc.Sequence[str],
    here: collections.abc.Mapping[str, storage.StorageFacts],
    sight: Sight,
    probe: bool,
) -> Facts:
    found = {path: seen.facts(os.path.basename(path)) for path in paths}
    if probe and any(known.exists for known in found.values()):
        same = same_directory(seen, sight)
        found = {
            path: _identified(path, known, here[path], same)
            for path, known in found.items()
        }
    found[seen.path] = storage.StorageFacts(
        exists=True, kind=storage.PathKind.DIRECTORY
    )
    return found


def _identified(
    path: str,
    known: storage.StorageFacts,
    here: storage.StorageFacts,
    same: bool | None,
) -> storage.StorageFacts:
    """Give a file of the destination the identity that follows.

    The marker tells of the directory that was named: behind a link either
    host may have another.
    """
    if same is None or not known.exists or not here.identity:
        return known
    if here.resolved != path:
        return known
    identity = here.identity if same else f'not {here.identity}'
    return dataclasses.replace(known, identity=identity)
