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

"""Whether the destination's storage pools have room for what is made.

Volumes take all of their room when they are made, so that the room is known
to be enough or too little before anything begins.
"""

import collections.abc

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import nova_preparation


def needed(
    facts: case_facts.Facts,
    images: collections.abc.Iterable[destination_images.DestinationImage],
) -> collections.abc.Iterator[nova_preparation.SpaceNeeded]:
    """Add up, for each pool, the bytes of the volumes that are made in it.

    libvirt tells no size of extents, to which each is rounded up: the sum
    is the least that they take.
    """
    sizes: dict[str, int] = {}
    for image in images:
        if image.pool is not None:
            known = sizes.get(image.pool, 0)
            sizes[image.pool] = known + image.virtual_bytes
    pools = facts.storage.pools_there
    for name, size in sizes.items():
        pool = pools.get(name)
        yield nova_preparation.SpaceNeeded(
            f'the storage pool {name}', size, pool.free_bytes if pool else None
        )
