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
import types

from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.hypervisor import volume_pools

Sight = collections.abc.Callable[[str], bool | None]
Facts = dict[str, storage_facts.StorageFacts]
# A pool opens everything in its directory: never do that to devices.
_NOT_STORAGE = ('/dev', '/proc', '/sys', '/run', '/var/run')


def destination_facts(
    peer: connection.Connection,
    here: collections.abc.Mapping[str, storage_facts.StorageFacts],
    *,
    source: source_storage.SourceStorage,
    groups: collections.abc.Mapping[
        str, volume_pools.VolumePool
    ] = types.MappingProxyType({}),
    probe: bool,
) -> Facts:
    """Ask the destination for the files and devices that the source has.

    The directory of each file is among them: it exists where an image can
    be made in it. What cannot be asked is left out.

    :param peer: the destination
    :param source: looks at the source
    :param groups: the destination's volume groups, by directory
    :param probe: whether files may be made for a moment, to tell if both
        see one directory and if a name is free
    """
    folders: dict[str, list[str]] = {}
    found: Facts = _devices(peer, here, groups)
    for path, known in here.items():
        folder = os.path.dirname(storage_facts.tidy(path))
        if path in found or known.kind is storage_facts.PathKind.BLOCK:
            continue
        if path.startswith('/') and may_look(folder):
            folders.setdefault(folder, []).append(path)
    proofs = Directories(peer, source)
    for folder, paths in folders.items():
        changed = {path: source.changed_ns(path) for path in paths}
        with storage_pools.directory(peer, folder) as seen:
            if seen is False:
                gone = storage_facts.StorageFacts(exists=False)
                found.update(dict.fromkeys((folder, *paths), gone))
            elif isinstance(seen, pool_directory.PoolDirectory):
                found.update(in_folder(seen, paths))
                if not probe:
                    continue
                if any(found[path].exists for path in paths):
                    proofs.compare(seen)
                for path in paths:
                    name = _name(path)
                    if found[path].exists is False:
                        found[path] = seen.absent(name)
                    elif between(
                        changed[path],
                        seen.changed_ns(name),
                        source.changed_ns(path),
                    ):
                        proofs.suspect(path)
    if probe:
        for path, known in here.items():
            if (there := found.get(path)) and there.exists:
                found[path] = proofs.identified(path, there, known)
    return found


def _devices(
    peer: connection.Connection,
    here: collections.abc.Mapping[str, storage_facts.StorageFacts],
    groups: collections.abc.Mapping[str, volume_pools.VolumePool],
) -> Facts:
    """Ask for block devices, most of all for those of volume groups."""
    names = {
        path: pool_volumes.volume_path(path, known)
        for path, known in here.items()
        if known.kind is storage_facts.PathKind.BLOCK
        or (known.kind is None and path.startswith('/dev/'))
    }
    found: Facts = {}
    for path, name in names.items():
        group = groups.get(os.path.dirname(name))
        if group is not None:
            device: storage_facts.StorageFacts | None = volume(
                peer, group, name
            )
        else:
            device = pool_directory.of_path(peer.virt, name)
        if device is not None:
            found[path] = device
    return found


def volume(
    peer: connection.Connection, group: volume_pools.VolumePool, path: str
) -> storage_facts.StorageFacts:
    """Look for a volume, also where the pool of its group lists none.

    libvirt lists no thin volumes there. The directory of the group has them
    all, as far as they are active, and nothing but block devices that may be
    opened.
    """
    found = group.facts(_name(path))
    if found.exists is not False:
        return found
    with storage_pools.directory(peer, os.path.dirname(path)) as seen:
        if isinstance(seen, pool_directory.PoolDirectory):
            other = seen.facts(_name(path))
            if not other.exists:
                return other
            return storage_facts.StorageFacts(
                exists=True,
                kind=storage_facts.PathKind.BLOCK,
                virtual_bytes=other.virtual_bytes,
            )
        # The directory of a group without active volumes is not there.
        return found if seen is False else storage_facts.StorageFacts()


def same_directory(
    seen: pool_directory.PoolDirectory, sight: Sight, folder: str = ''
) -> bool | None:
    """Make a marker at the destination and look for it at the source.

    nova finds shared instance directories in the same way
    (_create_shared_storage_test_file).

    :param folder: of the source, where it is another path there
    """
    with seen.marker() as name:
        path = f'{(folder or seen.path).rstrip("/")}/{name}'
        return sight(path) if name else None


def sight(source: connection.Connection) -> Sight:
    """Return how to look whether a host, the source, has a file."""
    return source_storage.of(source).sees


def may_look(folder: str) -> bool:
    """Tell whether a pool may open all that is in a directory."""
    folder = '/' + os.path.normpath(folder).lstrip('/')
    return not any(
        folder == top or folder.startswith(f'{top}/') for top in _NOT_STORAGE
    )


def _name(path: str) -> str:
    return os.path.basename(storage_facts.tidy(path))


def in_folder(
    seen: pool_directory.PoolDirectory, paths: collections.abc.Iterable[str]
) -> Facts:
    """Return the facts of a directory, with its free space, and of files."""
    room = seen.room()
    return {
        seen.path: storage_facts.StorageFacts(
            exists=True,
            kind=storage_facts.PathKind.DIRECTORY,
            free_bytes=room.free if room else None,
        ),
        **{path: seen.facts(_name(path)) for path in paths},
    }


def between(before: int | None, there: int | None, after: int | None) -> bool:
    """Tell whether both files have the same time of change.

    Two files never do, to the nanosecond: it can be one file, which the
    destination reaches by a link or a mount.
    """
    if before is None or there is None or after is None:
        return False
    return before <= there <= after


class Directories:
    """Finds with markers which directories of both hosts are one."""

    def __init__(
        self, peer: connection.Connection, source: source_storage.SourceStorage
    ) -> None:
        self._peer = peer
        self._source = source
        self._same: dict[tuple[str, str], bool | None] = {}
        self._suspects: set[str] = set()

    def compare(
        self, seen: pool_directory.PoolDirectory, folder: str = ''
    ) -> bool | None:
        """Look for a marker of each host at the other.

        One that is seen proves one directory, whichever host made it. That
        the source's is not seen proves nothing: a client may list what it
        has cached.

        :param folder: of the source, where it is another path there
        """
        folder = folder or seen.path
        known = (seen.path, folder)
        if known not in self._same:
            same = same_directory(seen, self._source.sees, folder)
            if not same:
                with self._source.marker(folder) as name:
                    if name and seen.refresh() and seen.facts(name).exists:
                        same = True
            self._same[known] = same
        return self._same[known]

    def suspect(self, path: str) -> None:
        """Note a file there that may be the source's own."""
        self._suspects.add(path)

    def identified(
        self,
        path: str,
        known: storage_facts.StorageFacts,
        here: storage_facts.StorageFacts,
    ) -> storage_facts.StorageFacts:
        """Give a file of the destination an identity, as the markers show.

        A marker shows the directory that was named. Behind a link either
        host may have another, so that each link's own directory counts, as
        does that of what it leads to. For a file that is mounted over its
        name the directory proves nothing.
        """
        if not here.identity or here.mount_point == here.resolved:
            return known
        hops = self._source.hops(storage_facts.tidy(path))
        told = {self._directory(os.path.dirname(hop)) for hop in hops}
        if told == {True}:
            return dataclasses.replace(known, identity=here.identity)
        if told == {False} and path not in self._suspects:
            return dataclasses.replace(known, identity=f'not {here.identity}')
        return known

    def _directory(self, folder: str) -> bool | None:
        known = (folder, folder)
        if known not in self._same:
            if may_look(folder):
                with storage_pools.directory(self._peer, folder) as seen:
                    if isinstance(seen, pool_directory.PoolDirectory):
                        return self.compare(seen)
                    self._same[known] = seen if seen is False else None
            else:
                self._same[known] = None
        return self._same[known]
