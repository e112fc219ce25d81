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

from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_NO_IMAGES = (storage_facts.PathKind.DIRECTORY, storage_facts.PathKind.OTHER)
# From this libvirt on the destination exports a slice of the source's size;
# before, QEMU refuses to mirror into an image of another size.
TAKES_LARGER_DEVICES = 10_000_000


def unfit(
    disk: domains.Disk,
    place: destination_places.DestinationPlace,
    facts: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
    libvirt: int | None,
) -> refusals.Refusal | None:
    """Compare an image that the caller made with what the copy needs.

    :param facts: what the source knows of the disk's image
    :param known: what the destination knows of the place
    """
    label = place.label if place.by else disk.chain[0].label
    refuse = functools.partial(
        refusals.Refusal.of_disk,
        disk,
        disk_refusals.DiskRefusal.DESTINATION_MISMATCH,
    )
    if known is None:
        return None
    if known.exists is False:
        return refuse(f'{label} is not there')
    if known.kind in _NO_IMAGES:
        return refuse(f'{label} is neither a file nor a device there')
    size = facts.virtual_bytes if facts else None
    there = known.virtual_bytes
    if there is not None and size is not None and there != size:
        sizes = f'{label} has {there} bytes there and {size} here'
        if there < size or not _is_raw_device(place, known):
            return refuse(sizes)
        if libvirt is None or libvirt < TAKES_LARGER_DEVICES:
            return refuse(
                sizes,
                instead='make it anew with the same size in bytes, or upgrade '
                'libvirt at the destination to 10.0 or newer, which takes '
                'a larger device',
            )
    wanted = disk.chain[0].format
    if place.changed:
        wanted = place.format
    if known.format and wanted and known.format != wanted:
        where = 'asked for' if place.changed else 'here'
        return refuse(f'{label} is {known.format} there, {wanted} {where}')
    return None


def _is_raw_device(
    place: destination_places.DestinationPlace,
    known: storage_facts.StorageFacts,
) -> bool:
    """Return whether libvirt can use a slice of the disk's size.

    It looks at the type in the domain XML and at the format
    (qemuMigrationDstPrepareStorage).
    """
    return (
        place.type is domains.SourceType.BLOCK
        and known.kind in (storage_facts.PathKind.BLOCK, None)
        and place.format == 'raw'
    )
