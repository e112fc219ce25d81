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

"""Whether the place of a copy at the destination is free, or may be used.

What exists at the destination is written to only where it is shown to be
another than the source's, whatever the disk is copied for.
"""

import functools
import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import existing_images
from nova_selective_migrate.core.evidence import file_identity
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import pool_volumes
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_Reason = disk_refusals.DiskRefusal
_Same = file_identity.Sameness
# Of a file on a local file system: that it is shared cannot be declared, since
# it would contradict what the source sees.
_LEAVE_IT = (
    'leave it alone until it is shown to be another file: let the disk name '
    'its file without symbolic links, and allow the probe'
)


def problem(
    strategy: disk_strategy.Strategy,
    place: destination_places.DestinationPlace,
    facts: case_facts.Facts,
) -> refusals.Refusal | None:
    """Say why a disk cannot be copied to its place, if so."""
    disk, storage = strategy.disk, facts.storage
    refuse = functools.partial(refusals.Refusal.of_disk, disk)
    source = pool_facts.in_pool(disk.chain[0], storage.pools)
    here = storage_facts.find(storage.source, source) if source else None
    path = place.path
    known = storage_facts.at(storage.destination, path) if path else None
    if place.problem:
        return refuse(_Reason.MAPPING_UNUSABLE, f'{place.by}: {place.problem}')
    if known is not None and known.used_by:
        return refuse(
            _Reason.DESTINATION_EXISTS,
            f'the domain {known.used_by} uses it there',
            instead='leave it alone; give the disk another path, or migrate '
            'to another host',
        )
    same = file_identity.compare(here, known)
    if refusal := _is_source(strategy, place, facts, same, known):
        return refusal
    if disk.target in facts.options.existing:
        libvirt = facts.hypervisors.destination.libvirt
        return existing_images.unfit(disk, place, here, known, libvirt)
    return _not_made(strategy, place, storage, here, known, same)


def served(
    strategy: disk_strategy.Strategy, facts: case_facts.Facts
) -> refusals.Refusal | None:
    """Refuse a file of this host that the destination may have over NFS.

    The caller makes the images; one that is there on a network file system
    can be the disk itself, which this host serves.
    """
    disk, storage = strategy.disk, facts.storage
    source = pool_facts.in_pool(disk.chain[0], storage.pools)
    here = storage_facts.find(storage.source, source) if source else None
    known = storage_facts.find(storage.destination, source) if source else None
    if (
        strategy.reason is reasons.Reason.LOCAL_FILESYSTEM
        and known is not None
        and known.exists
        and storage_facts.filesystem_reach(known.fstype or '')
        is storage_facts.Reach.CANDIDATE
        and file_identity.compare(here, known) is not _Same.OTHER
    ):
        return refusals.Refusal.of_disk(
            disk,
            _Reason.IMAGE_UNPROVEN,
            f'it is on {known.fstype} there',
            instead=_LEAVE_IT,
        )
    return None


def _is_source(
    strategy: disk_strategy.Strategy,
    place: destination_places.DestinationPlace,
    facts: case_facts.Facts,
    same: file_identity.Sameness,
    known: storage_facts.StorageFacts | None,
) -> refusals.Refusal | None:
    """Refuse where the copy could run onto an image of the guest's.

    With both hosts on one file the copy would run onto itself.

    :param same: whether the place is the disk's own source
    """
    disk = strategy.disk
    refuse = functools.partial(refusals.Refusal.of_disk, disk)
    existing = disk.target in facts.options.existing
    if same is _Same.OTHER:
        if not place.by and not existing:
            return None
        other = _of_other_disk(facts, known)
        if other is None:
            return None
        return refuse(
            _Reason.DUPLICATE_DESTINATION,
            f'{place.label} there is the source of {other}',
        )
    if place.by:
        return _mapped_unproven(disk, place, facts, same)
    if strategy.reason is reasons.Reason.LOCAL_DEVICE:
        return refuse(_Reason.DEVICE_UNPROVEN)
    if place.device and same is _Same.SAME:
        return refuse(
            _Reason.DEVICE_UNPROVEN,
            'both hosts show the same one',
            instead='declare it in shared_paths where both hosts reach '
            'it, and in local_paths in no case',
        )
    if existing and not place.device:
        return refuse(_Reason.IMAGE_UNPROVEN, instead=_leave_it(strategy))
    return None


def _leave_it(strategy: disk_strategy.Strategy) -> str:
    """Return the remedy where a file there may be the source itself."""
    if strategy.reason is reasons.Reason.LOCAL_FILESYSTEM:
        return _LEAVE_IT
    return _Reason.IMAGE_UNPROVEN.remedy


def _mapped_unproven(
    disk: domains.Disk,
    place: destination_places.DestinationPlace,
    facts: case_facts.Facts,
    same: file_identity.Sameness,
) -> refusals.Refusal | None:
    """Refuse what is at a mapped place and may be the source itself."""
    refuse = functools.partial(refusals.Refusal.of_disk, disk)
    elsewhere = 'leave it alone, and map the disk to a name that is free there'
    if same is _Same.SAME:
        return refuse(
            _Reason.IMAGE_UNPROVEN,
            f'{place.label} there is the same one',
            instead=elsewhere,
        )
    if disk.target not in facts.options.existing:
        return None
    if not place.device:
        return refuse(
            _Reason.IMAGE_UNPROVEN,
            f'{place.label} there',
            instead=f'{elsewhere}; or allow the probe, and run it as root on '
            'the source',
        )
    declared = facts.case.policy.declared((place.path or '',))
    if declared is not None and declared[0] is domains.Locality.LOCAL:
        return None
    return refuse(
        _Reason.DEVICE_UNPROVEN,
        f'{place.label} there',
        instead='map the disk to a name that is free in a storage pool there, '
        f'so that the volume is made; or, where {place.label} is on the '
        'destination alone, declare that in local_paths',
    )


def _of_other_disk(
    facts: case_facts.Facts, known: storage_facts.StorageFacts | None
) -> str | None:
    """Name the disk whose image the destination has at a place.

    :param known: of a file that is not the source of the disk itself
    """
    if known is None or known.exists is False:
        return None
    for other in facts.domain.disks:
        for image in other.chain:
            source = pool_facts.in_pool(image, facts.storage.pools)
            here = (
                storage_facts.find(facts.storage.source, source)
                if source
                else None
            )
            if file_identity.compare(here, known) is _Same.SAME:
                return other.target
    return None


def _not_made(
    strategy: disk_strategy.Strategy,
    place: destination_places.DestinationPlace,
    storage: storage_facts.Storage,
    here: storage_facts.StorageFacts | None,
    known: storage_facts.StorageFacts | None,
    same: file_identity.Sameness,
) -> refusals.Refusal | None:
    """Say why no fresh image can be made at a place, if so."""
    refuse = functools.partial(refusals.Refusal.of_disk, strategy.disk)
    unreachable = _Reason.DESTINATION_UNREACHABLE
    path = image_path(place, here)
    if path is None:
        return refuse(unreachable, 'a block device')
    pool = None
    if place.device:
        pool = pool_volumes.volume_pool(storage.pools_there, path)
        if pool is None:
            return refuse(
                unreachable,
                f'a block device, and no storage pool there has {path}',
                instead='where it is a volume of a storage pool, start that '
                'pool there; otherwise make the device yourself and say so '
                'with --existing',
            )
    if known is not None and known.exists:
        return _in_the_way(strategy, place, known, same)
    if known is not None and known.error:
        return refuse(
            unreachable,
            f'it cannot be told whether {path} is free there: {known.error}',
        )
    if why := _why_not_made(path, pool, known, storage):
        return refuse(unreachable, why)
    return None


def image_path(
    place: destination_places.DestinationPlace,
    here: storage_facts.StorageFacts | None,
) -> str | None:
    """Return the path of an image that is made; of a volume its own name.

    :param here: what the source knows of the disk's image
    """
    if place.path is None or not place.device or place.by:
        return place.path
    return pool_volumes.volume_path(place.path, here)


def _why_not_made(
    path: str,
    pool: str | None,
    known: storage_facts.StorageFacts | None,
    storage: storage_facts.Storage,
) -> str:
    """Explain why nothing can be made where nothing is; else empty."""
    if pool is not None:
        if known is None or known.exists is None:
            return f'what the storage pool {pool} has there could not be told'
        return ''
    parent = posixpath.dirname(path)
    folder = storage_facts.at(storage.destination, parent)
    unseen = known is None or known.exists is None
    if folder is None or not folder.exists or unseen:
        return _why_unseen(parent, folder)
    return ''


def _why_unseen(path: str, folder: storage_facts.StorageFacts | None) -> str:
    """Explain why no image can be made in a directory."""
    if folder is None or folder.exists is None:
        return f'whether {path} is there could not be told'
    if folder.exists:
        return f'what is in {path} there could not be told'
    return f'{path} is not there'


def _in_the_way(
    strategy: disk_strategy.Strategy,
    place: destination_places.DestinationPlace,
    known: storage_facts.StorageFacts,
    same: file_identity.Sameness,
) -> refusals.Refusal:
    """Refuse to overwrite; nobody removes what may be the disk itself."""
    at = f'{place.label} there' if place.by else ''
    refuse = functools.partial(
        refusals.Refusal.of_disk, strategy.disk, _Reason.DESTINATION_EXISTS
    )
    if known.kind is storage_facts.PathKind.OTHER:
        return refuse(
            at or 'libvirt lists no image there, and yet the name is taken',
            instead='look there with ls -l: it may be a link that leads '
            'nowhere, or a file that libvirt may not open',
        )
    if place.device and same is not _Same.OTHER:
        return refuse(
            at or 'nothing compares the two devices',
            instead='look on both hosts which device that is; where it is '
            'another one that nothing needs, name it with --existing',
        )
    if same is not _Same.OTHER:
        return refuse(
            at or 'it may be the disk itself', instead=_leave_it(strategy)
        )
    return refuse(at)
