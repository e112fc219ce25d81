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

"""What the source knows of the images and directories of a guest."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.host.facts import qcow2_header
from nova_selective_migrate.host.hypervisor import libvirt_guest

_ON_HOST = (
    domains.SourceType.FILE,
    domains.SourceType.BLOCK,
    domains.SourceType.DIR,
    domains.SourceType.VOLUME,
)
_WITH_HEADER = (storage_facts.PathKind.FILE, storage_facts.PathKind.BLOCK)


def collect(
    guest: libvirt_guest.Guest,
    domain: domains.Domain,
    pools: collections.abc.Mapping[str, pool_facts.StoragePool],
    see: collections.abc.Callable[[str], storage_facts.StorageFacts] | None,
) -> dict[str, storage_facts.StorageFacts]:
    """Collect the source's facts of every image of every disk.

    :param see: looks at a path; None where its host is not this one
    :raises StorageSilent: when the storage of one does not answer
    """
    facts: dict[str, storage_facts.StorageFacts] = {}
    # Asked last: for the sizes of one disk QEMU looks at the storage of all.
    tops: dict[str, str] = {}
    for disk in domain.disks:
        for depth, image in enumerate(disk.chain):
            for part in filter(None, (image, image.data_file)):
                place = pool_facts.in_pool(part, pools)
                path = place.path if place else None
                if path is None or part.type not in _ON_HOST:
                    continue
                if see is not None and path not in facts:
                    facts[path] = _with_snapshots(path, see(path), part)
                if depth == 0 and part is image:
                    tops[disk.target] = path
    others = [each.path for each in domain.others.directories]
    others += [each.path for each in domain.others.memories]
    for path in others:
        if see is not None and path not in facts:
            facts[path] = see(path)
    for target, path in tops.items():
        known = facts.get(path, storage_facts.StorageFacts())
        facts[path] = _with_sizes(known, guest, target)
    return facts


def _with_snapshots(
    path: str, facts: storage_facts.StorageFacts, image: domains.DiskSource
) -> storage_facts.StorageFacts:
    """Add how many snapshots an image of this machine has inside."""
    if image.format != 'qcow2' or facts.kind not in _WITH_HEADER:
        return facts
    return dataclasses.replace(
        facts, internal_snapshots=qcow2_header.internal_snapshots(path)
    )


def _with_sizes(
    facts: storage_facts.StorageFacts, guest: libvirt_guest.Guest, target: str
) -> storage_facts.StorageFacts:
    """Add the sizes of a disk's top image that QEMU reports."""
    sizes = guest.block_sizes(target)
    if sizes is None:
        return facts
    allocated = facts.allocated_bytes
    if allocated is None and facts.kind is not storage_facts.PathKind.BLOCK:
        # For a device libvirt tells how far QEMU has written; a copy takes all
        # of it. 0 means that libvirt does not know.
        allocated = sizes.allocation or None
    return dataclasses.replace(
        facts, virtual_bytes=sizes.capacity, allocated_bytes=allocated
    )
