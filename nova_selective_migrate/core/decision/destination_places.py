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

"""Where the copy of a disk is at the destination, and as what.

The same place as on the source, unless the operator maps it to another one.
"""

import collections.abc
import dataclasses
import posixpath
import re

from nova_selective_migrate.core.evidence import host_evidence
from nova_selective_migrate.core.model import destination_mapping
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import storage_facts

# What lvm(8) takes as the name of a volume, and what it keeps for itself.
_VOLUME_NAME = re.compile(r'(?!-)(?!\.{1,2}$)[A-Za-z0-9+_.-]{1,127}')
_RESERVED = re.compile(
    r'^(?:snapshot|pvmove)|_(?:cdata|cmeta|corig|cpool|cvol|iorig|mimage|mlog'
    r'|pmspare|rimage|rmeta|tdata|tmeta|vdata|vorigin|wcorig)'
)

_NO_MAPPING = destination_mapping.DestinationMapping()


@dataclasses.dataclass(frozen=True)
class DestinationPlace:
    """Where the copy of a disk is at the destination.

    :ivar type: as ``<disk type>`` has it there
    :ivar path: None where the pool of a disk is not known
    :ivar format: of the image there
    :ivar device: whether it is a block device there
    :ivar by: the argument that puts it there; empty: it is where it is on
        the source
    :ivar pool: storage pool that it is put into; None where a path says so
    :ivar volume: its name in that pool
    :ivar changed: whether the domain's XML has to say so
    :ivar problem: why nothing can be there
    """

    type: domains.SourceType
    path: str | None
    format: str
    device: bool
    by: str = ''
    pool: str | None = None
    volume: str | None = None
    changed: bool = False
    problem: str = ''

    @property
    def label(self) -> str:
        """Name it for a person."""
        if self.type is domains.SourceType.VOLUME and self.path is None:
            return f'pool {self.pool}, volume {self.volume}'
        return self.path or self.type.value


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """What a mapping makes of a source; see :class:`DestinationPlace`."""

    type: domains.SourceType
    path: str | None
    device: bool
    by: str
    pool: str | None = None
    volume: str | None = None
    problem: str = ''


def of(
    disk: domains.Disk,
    storage: storage_facts.Storage,
    options: migration_options.MigrationOptions,
) -> DestinationPlace:
    """Say where the copy of a disk is.

    The storage pool of a disk that ``--map-pool`` names goes before a prefix
    of its path. A volume of a volume group is raw, whatever the source is.

    :param disk: with a source
    """
    source = disk.chain[0]
    mapping = options.mapping
    if options.prepared is not None:
        mapping = _NO_MAPPING
    place = pool_facts.in_pool(source, storage.pools)
    here = storage_facts.find(storage.source, place) if place else None
    has = source.format or 'raw'
    wanted = _by_pool(source, place, here, storage, mapping) or _by_path(
        place, here, storage, mapping
    )
    # A medium that is copied is the same bytes.
    chosen = mapping.formats.get(disk.target) if disk.writable else None
    if wanted is None:
        return DestinationPlace(
            source.type,
            place.path if place else None,
            chosen or has,
            place is None or host_evidence.is_device(place, here),
            pool=source.pool,
            volume=source.volume,
            changed=(chosen or has) != has,
        )
    has = chosen or ('raw' if wanted.device else has)
    return DestinationPlace(
        wanted.type,
        wanted.path,
        has,
        wanted.device,
        wanted.by,
        wanted.pool,
        wanted.volume,
        changed=True,
        problem=wanted.problem or _unfit_name(wanted, storage),
    )


def _by_pool(
    source: domains.DiskSource,
    place: domains.DiskSource | None,
    here: storage_facts.StorageFacts | None,
    storage: storage_facts.Storage,
    mapping: destination_mapping.DestinationMapping,
) -> _Wanted | None:
    """Put a volume of a mapped storage pool into the other pool."""
    found = next(
        (
            each
            for each in mapping.pools
            if _has(each.source, source, place, here, storage)
        ),
        None,
    )
    if found is None:
        return None
    path = place.path if place else None
    name = source.volume or posixpath.basename(
        storage_facts.tidy(pool_volumes.volume_path(path or '', here))
    )
    pool = storage.pools_there.get(found.destination)
    device = pool is not None and pool.type in pool_facts.VOLUME_POOLS
    kind = domains.SourceType.BLOCK if device else domains.SourceType.FILE
    if source.type is domains.SourceType.VOLUME:
        kind = domains.SourceType.VOLUME
    problem = _unfit_pool(found.destination, pool)
    folder = pool.path if pool else None
    return _Wanted(
        kind,
        posixpath.join(storage_facts.tidy(folder), name)
        if folder and not problem
        else None,
        device,
        found.label,
        found.destination,
        name,
        problem,
    )


def _has(
    pool: str,
    source: domains.DiskSource,
    place: domains.DiskSource | None,
    here: storage_facts.StorageFacts | None,
    storage: storage_facts.Storage,
) -> bool:
    """Return whether a storage pool of the source has an image."""
    if source.type is domains.SourceType.VOLUME:
        return source.pool == pool
    known = storage.pools.get(pool)
    if known is None or not known.path or place is None or not place.path:
        return False
    folder = storage_facts.tidy(known.path.rstrip('/'))
    return folder in {
        posixpath.dirname(name) for name in _names(place.path, here)
    }


def _by_path(
    place: domains.DiskSource | None,
    here: storage_facts.StorageFacts | None,
    storage: storage_facts.Storage,
    mapping: destination_mapping.DestinationMapping,
) -> _Wanted | None:
    """Put an image below another prefix, where one is mapped."""
    path = place.path if place and mapping.paths else None
    names = _names(path, here) if path else ()
    found = mapping.path(names)
    if found is None or found[1] in names:
        return None  # mapped to where it is: that keeps it there
    wanted, there = found
    pool = pool_volumes.volume_pool(storage.pools_there, there)
    known = storage_facts.at(storage.destination, there)
    kind = known.kind if known else None
    device = (
        pool is not None
        or kind is storage_facts.PathKind.BLOCK
        or there.startswith('/dev/')
    )
    return _Wanted(
        domains.SourceType.BLOCK if device else domains.SourceType.FILE,
        there,
        device,
        wanted.label,
        pool,
        posixpath.basename(there),
        '' if posixpath.basename(there) else 'it names no file',
    )


def _names(
    path: str, here: storage_facts.StorageFacts | None
) -> tuple[str, ...]:
    """List the names of an image that a prefix can match."""
    volume = pool_volumes.volume_path(path, here)
    return tuple(dict.fromkeys((storage_facts.tidy(path), volume)))


def _unfit_pool(name: str, pool: pool_facts.StoragePool | None) -> str:
    """Say why nothing can be made in a storage pool; else empty."""
    kinds = sorted(pool_facts.FILE_POOLS | pool_facts.VOLUME_POOLS)
    if pool is None:
        return f'the destination has no storage pool {name}'
    if pool.type not in kinds:
        return (
            f'the storage pool {name} there is of type {pool.type}, and not '
            f'one of {", ".join(kinds)}'
        )
    if pool.active is False:
        return f'the storage pool {name} there does not run'
    return '' if pool.path else f'the storage pool {name} there has no path'


def _unfit_name(wanted: _Wanted, storage: storage_facts.Storage) -> str:
    """Say why LVM makes no volume of a name; else empty."""
    pool = storage.pools_there.get(wanted.pool or '')
    if pool is None or pool.type != 'logical' or wanted.volume is None:
        return ''
    name = wanted.volume
    if _VOLUME_NAME.fullmatch(name) and not _RESERVED.search(name):
        return ''
    return f'LVM takes no volume of the name {name}'


def targets(
    domain: domains.Domain,
    storage: storage_facts.Storage,
    options: migration_options.MigrationOptions,
) -> collections.abc.Iterator[tuple[domains.Disk, DestinationPlace]]:
    """Yield each disk that a mapping concerns, and its place there.

    Those that turn out not to be copied are among them.
    """
    if options.prepared is not None:
        return
    for disk in domain.disks:
        if disk.source is not None:
            place = of(disk, storage, options)
            if place.by or disk.target in options.mapping.formats:
                yield disk, place
