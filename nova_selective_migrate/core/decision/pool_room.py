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

"""Whether the destination has room for what is made there.

Volumes are allocated in full when they are made, so that it is known before
the migration whether they fit. A file takes what the copy writes.
"""

import collections.abc
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import destination_space
from nova_selective_migrate.core.model import storage_facts


def needed(
    facts: case_facts.Facts,
    images: collections.abc.Iterable[destination_images.DestinationImage],
    copied: collections.abc.Mapping[str, int],
) -> collections.abc.Iterator[destination_space.SpaceNeeded]:
    """Add up the bytes that are needed, for each pool and directory.

    libvirt tells no size of extents, to which each volume is rounded up: the
    sum is the least that they take.

    :param copied: the bytes that a copy moves, by target
    """
    in_pools: dict[str, int] = {}
    in_folders: dict[str, int] = {}
    for image in images:
        if image.pool is not None:
            known = in_pools.get(image.pool, 0)
            in_pools[image.pool] = known + image.virtual_bytes
        elif size := _file_bytes(facts, image, copied[image.target]):
            folder = posixpath.dirname(image.path)
            in_folders[folder] = in_folders.get(folder, 0) + size
    pools = facts.storage.pools_there
    for name, size in in_pools.items():
        pool = pools.get(name)
        yield destination_space.SpaceNeeded(
            f'the storage pool {name}', size, pool.free_bytes if pool else None
        )
    for folder, size in in_folders.items():
        there = storage_facts.at(facts.storage.destination, folder)
        free = there.free_bytes if there else None
        yield destination_space.SpaceNeeded(folder, size, free)


def _file_bytes(
    facts: case_facts.Facts,
    image: destination_images.DestinationImage,
    moved: int,
) -> int:
    """Return what a file takes that a copy writes at another place.

    One that becomes raw has no other way to be thin than holes, and can grow
    to its full size. At the place that it has on the source a file may take
    less than there, and is watched while it is written.
    """
    sources = {d.target: d.source for d in facts.domain.disks}
    source = sources[image.target]
    if image.format == 'raw' and source and source.format == 'qcow2':
        return image.virtual_bytes
    return moved if image.source_path else 0
