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

"""What nova's preparation of the destination has a place for."""

import posixpath

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import nova_volumes
from nova_selective_migrate.core.model import disk_refusals
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import storage_facts

_FORMATS = ('raw', 'qcow2')


def problems(
    facts: case_facts.Facts,
    strategies: disk_strategy.Strategies,
    copied: disk_strategy.Strategies,
) -> disk_strategy.Refusals:
    """Refuse what nova's preparation has no place for.

    nova's is nova.virt.libvirt.driver.pre_live_migration: files below the
    instance's directory, and one boolean for the storage of all disks.

    :param copied: those to copy that nothing stands against so far
    :returns: none on the command line, where nova prepares nothing
    """
    prepared = facts.prepared
    if prepared is None:
        return ()
    own = [each for each in strategies if is_kept_image(each)]
    found: list[refusals.Refusal] = []
    for strategy in copied:
        source = strategy.disk.chain[0]
        if _is_device(source, facts.storage):
            refusal = nova_volumes.problem(strategy.disk, facts, prepared)
            if refusal is not None:
                found.append(refusal)
        elif why := _problem(source, prepared, facts.storage, bool(own)):
            found.append(refusals.Refusal.of_disk(strategy.disk, *why))
    if not prepared.same_images_type:
        other = disk_refusals.DiskRefusal.OTHER_IMAGES_TYPE
        found += [refusals.Refusal.of_disk(each.disk, other) for each in own]
    return tuple(found)


def is_kept_image(strategy: disk_strategy.Strategy) -> bool:
    """Return whether a disk is a shared image of nova's own, no volume.

    A config drive in Ceph is one as well, though it is read-only.
    """
    if strategy.action is domains.DiskAction.KEEP:
        return strategy.reason is not reasons.Reason.VOLUME_ATTACHMENT
    source = strategy.disk.source
    return (
        strategy.action is domains.DiskAction.SKIP
        and strategy.locality is domains.Locality.SHARED
        and strategy.disk.serial is None
        and source is not None
        and source.type is domains.SourceType.NETWORK
    )


def _is_device(
    source: domains.DiskSource, storage: storage_facts.Storage
) -> bool:
    facts = storage_facts.find(storage.source, source)
    on_file = (domains.SourceType.FILE, domains.SourceType.VOLUME)
    block = storage_facts.PathKind.BLOCK
    return source.type not in on_file or (
        facts is not None and facts.kind is block
    )


def _problem(
    source: domains.DiskSource,
    prepared: migration_options.Preparation,
    storage: storage_facts.Storage,
    owned: bool,
) -> tuple[disk_refusals.DiskRefusal, str] | None:
    facts = (
        storage_facts.find(storage.source, source)
        or storage_facts.StorageFacts()
    )
    if posixpath.dirname(source.path or '') != prepared.directory:
        return disk_refusals.DiskRefusal.UNEXPLAINED_DISK, ''
    if prepared.shared_directory:
        return (
            disk_refusals.DiskRefusal.SHARED_INSTANCE_DIRECTORY,
            prepared.directory,
        )
    if prepared.block_migration is False:
        return disk_refusals.DiskRefusal.BLOCK_MIGRATION_FORBIDDEN, ''
    if owned and not prepared.makes_images:
        return disk_refusals.DiskRefusal.PEER_REQUIRED, ''
    if not _is_found_later(source, prepared):
        return (
            disk_refusals.DiskRefusal.OTHER_IMAGES_TYPE,
            f'it is a {source.format} file, and images_type there is '
            f'{prepared.images_type}',
        )
    if facts.virtual_bytes is None or source.format not in _FORMATS:
        return (
            disk_refusals.DiskRefusal.IMAGE_NOT_REPRODUCIBLE,
            f'it is {source.format} of {facts.virtual_bytes or "unknown"} '
            'bytes',
        )
    return None


def _is_found_later(
    source: domains.DiskSource, prepared: migration_options.Preparation
) -> bool:
    """Return whether nova at the destination reads the file as it is.

    Its raw backend goes by disk.info, its qcow2 backend takes every file
    for qcow2, and the others look for no file (nova.virt.libvirt.
    imagebackend). Where both hosts have one images_type the guest is no
    worse off than where it is.
    """
    if prepared.same_images_type or prepared.images_type == 'raw':
        return True
    return prepared.images_type == source.format == 'qcow2'
