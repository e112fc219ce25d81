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

"""What the destination has where disks are mapped to."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import destination_storage
from nova_selective_migrate.host.facts import shared_directories
from nova_selective_migrate.host.facts import source_storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pool_directory
from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.hypervisor import storage_volumes
from nova_selective_migrate.host.hypervisor import volume_pools

Facts = dict[str, storage_facts.StorageFacts]
Pools = dict[str, pool_facts.StoragePool]


@dataclasses.dataclass(frozen=True)
class MappedPlaces:
    """What is known of the places that disks are mapped to.

    :ivar there: the destination's facts, by path there
    :ivar pools: its pools of the volume groups among them, by name
    :ivar paths: path on the source -> path at the destination
    """

    there: Facts
    pools: Pools
    paths: collections.abc.Mapping[str, str]

    def added_to(
        self,
        known: collections.abc.Mapping[str, storage_facts.StorageFacts],
        here: storage_facts.FactsByPath,
    ) -> Facts:
        """Add the facts to those of paths that the source has as well.

        A path of both is looked at as each: what is not shown to be the
        source's file at that path is what the mapping was told of it.
        """
        found = {**self.there, **known}
        identities = {each.identity for each in here.values()}
        for path in self.there.keys() & known.keys():
            if known[path].exists and known[path].identity not in identities:
                found[path] = dataclasses.replace(
                    known[path], identity=self.there[path].identity
                )
        return found


def look(
    source: connection.Connection,
    destination: connection.Connection,
    domain: domains.Domain,
    storage: storage_facts.Storage,
    options: migration_options.MigrationOptions,
    *,
    probe: bool,
) -> MappedPlaces:
    """Ask the destination for each place that a disk is mapped to.

    The directory of each file is among them, with its free space. What
    exists there is held against every image of the guest on the source.

    :param storage: what is known so far, of the source and of the pools
    :param probe: see :func:`destination_storage.destination_facts`
    """
    paths: dict[str, str] = {}
    for disk, place in destination_places.targets(domain, storage, options):
        origin = pool_facts.in_pool(disk.chain[0], storage.pools)
        if place.by and place.path and origin and origin.path:
            paths[place.path] = origin.path
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(os.path.dirname(path), []).append(path)
    groups = volume_pools.at(destination, {*folders})
    there = _volumes(source, destination, groups, paths, storage.source)
    comparison = _Comparison(
        destination, source_storage.of(source), storage.source
    )
    for folder, below in folders.items():
        if folder not in groups and storage_pools.may_look(folder):
            there |= _files(destination, folder, below, comparison, probe)
        for path in below:
            device = (
                storage_volumes.of_path(destination.virt, path)
                if path not in there
                else None
            )
            if device is not None:
                there[path] = device
    pools = {
        group.name: dataclasses.replace(pool, free_bytes=group.room())
        for group in groups.values()
        if (pool := destination.pool(group.name)) is not None
    }
    return MappedPlaces(
        there, pools, {origin: path for path, origin in paths.items()}
    )


def _volumes(
    source: connection.Connection,
    destination: connection.Connection,
    groups: collections.abc.Mapping[str, volume_pools.VolumePool],
    paths: collections.abc.Mapping[str, str],
    here: storage_facts.FactsByPath,
) -> Facts:
    """Look for volumes, and whether their group is one of the source's.

    :param paths: of the disks on the source, by path there
    """
    found: Facts = {}
    ours = {
        path: os.path.dirname(pool_volumes.volume_path(path, here.get(path)))
        for path in paths.values()
        if path.startswith('/dev/')
    }
    pools = volume_pools.at(source, {*ours.values()})
    for path, origin in paths.items():
        group = groups.get(os.path.dirname(path))
        if group is None:
            continue
        known = destination_storage.volume(destination, group, path)
        mine = pools.get(ours.get(origin, ''))
        if mine is not None and _keys(mine) & _keys(group):
            facts = here.get(origin, storage_facts.StorageFacts())
            known = dataclasses.replace(known, group_uuid=facts.group_uuid)
        found[path] = known
    return found


def _keys(group: volume_pools.VolumePool) -> frozenset[str]:
    try:
        return group.keys()
    except exceptions.HypervisorError:
        return frozenset()


def _files(
    destination: connection.Connection,
    folder: str,
    paths: collections.abc.Collection[str],
    comparison: '_Comparison',
    probe: bool,
) -> Facts:
    """Look for files in a directory of the destination."""
    with storage_pools.directory(destination, folder) as seen:
        if seen is False:
            gone = storage_facts.StorageFacts(exists=False)
            return dict.fromkeys((folder, *paths), gone)
        if not isinstance(seen, pool_directory.PoolDirectory):
            return {}
        found = destination_storage.in_folder(seen, paths)
        if not probe:
            return found
        for path in paths:
            name = os.path.basename(path)
            if found[path].exists is False:
                found[path] = seen.absent(name)
            elif found[path].exists:
                found[path] = dataclasses.replace(
                    found[path], identity=comparison.identity(seen, name)
                )
        return found


class _Comparison:
    """Which image of the source, if any, a file of the destination is."""

    def __init__(
        self,
        peer: connection.Connection,
        source: source_storage.SourceStorage,
        here: storage_facts.FactsByPath,
    ) -> None:
        self._source = source
        self._proofs = shared_directories.Directories(peer, source)
        self._here = {
            path: known
            for path, known in here.items()
            if known.exists is not False
            and known.kind is not storage_facts.PathKind.BLOCK
        }

    def identity(
        self, seen: pool_directory.PoolDirectory, name: str
    ) -> str | None:
        """Return the identity of a file there.

        It is none of the source's where no directory of an image is the
        one that it is in, and no image changed when it did.

        :returns: None where it cannot be told
        """
        before = {p: self._source.changed_ns(p) for p in self._here}
        there = seen.changed_ns(name)
        told: set[str | None] = {
            self._one(seen, name, path, known)
            for path, known in self._here.items()
        }
        same = any(
            shared_directories.between(
                before[path], there, self._source.changed_ns(path)
            )
            for path in self._here
        )
        found = told - {''}
        if not found:
            return None if same else f'not of the source: {seen.path}/{name}'
        return found.pop() if len(found) == 1 else None

    def _one(
        self,
        seen: pool_directory.PoolDirectory,
        name: str,
        path: str,
        known: storage_facts.StorageFacts,
    ) -> str | None:
        """Compare with one image.

        :returns: its identity, empty for another file, None where it
            cannot be told
        """
        hops = self._source.hops(storage_facts.tidy(path))
        if not hops or not known.identity:
            return None
        if known.mount_point == known.resolved:
            return None  # mounted over its name: the directory says nothing
        for hop in hops:
            folder, own = os.path.split(hop)
            if not storage_pools.may_look(folder):
                return None
            same = self._proofs.compare(seen, folder)
            if same is None or (same and own != name):
                return None  # a link to it, perhaps
            if same:
                return known.identity
        return ''
