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
import os.path
import types

from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.hypervisor import storage_volumes
from nova_selective_migrate.host.hypervisor import volume_pools

Facts = dict[str, storage_facts.StorageFacts]


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
        if path.startswith('/') and storage_pools.may_look(folder):
            folders.setdefault(folder, []).append(path)
    proofs = shared_directories.Directories(peer, source)
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
                    elif shared_directories.between(
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
            device = storage_volumes.of_path(peer.virt, name)
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
