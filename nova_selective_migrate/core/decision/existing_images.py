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

"""Images that the caller has made at the destination: do they fit?"""

import functools

from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_NO_IMAGES = (storage_facts.PathKind.DIRECTORY, storage_facts.PathKind.OTHER)
# From this release on the destination gives the mirror a slice of the
# source's size; before, QEMU refuses to mirror into another size.
TAKES_LARGER_DEVICES = 10_000_000


def unfit(
    disk: domains.Disk,
    facts: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
    libvirt: int | None,
) -> refusals.Refusal | None:
    """Compare an image that the caller made with the source's."""
    source = disk.chain[0]
    refuse = functools.partial(
        refusals.Refusal.of_disk,
        disk,
        disk_refusals.DiskRefusal.DESTINATION_MISMATCH,
    )
    if known is None:
        return None
    if known.exists is False:
        return refuse(f'{source.label} is not there')
    if known.kind in _NO_IMAGES:
        return refuse(f'{source.label} is neither a file nor a device there')
    size = facts.virtual_bytes if facts else None
    there = known.virtual_bytes
    if there is not None and size is not None and there != size:
        sizes = f'{source.label} has {there} bytes there and {size} here'
        if there < size or not _is_raw_device(source, known):
            return refuse(sizes)
        if libvirt is None or libvirt < TAKES_LARGER_DEVICES:
            return refuse(
                sizes,
                instead='make it anew with the same size in bytes, or upgrade '
                'libvirt at the destination to 10.0 or newer, which takes '
                'a larger device',
            )
    if known.format and source.format and known.format != source.format:
        return refuse(
            f'{source.label} is {known.format} there, {source.format} here',
        )
    return None


def _is_raw_device(
    source: domains.DiskSource, known: storage_facts.StorageFacts
) -> bool:
    """Return whether libvirt can use a slice of the disk's size.

    It looks at the type in the domain XML and at the format
    (qemuMigrationDstPrepareStorage).
    """
    return (
        source.type is domains.SourceType.BLOCK
        and known.kind in (storage_facts.PathKind.BLOCK, None)
        and source.format in ('raw', None)
    )
