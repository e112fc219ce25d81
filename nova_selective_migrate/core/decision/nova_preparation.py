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

"""What nova prepares at the destination: images, media, space."""

import collections.abc
import dataclasses
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


@dataclasses.dataclass(frozen=True)
class Duty:
    """Content that libvirt cannot copy and the caller must bring over.

    :ivar droppable: libvirt takes the medium out of the drive where the
        destination has none (startupPolicy)
    """

    target: str
    path: str
    code: str
    message: str
    droppable: bool = False


def duties(
    facts: case_facts.Facts, strategies: disk_strategy.Strategies
) -> tuple[tuple[Duty, ...], tuple[Duty, ...]]:
    """State what read-only content the destination must be given.

    :returns: the duties, and those that are none: media that the destination
        lacks, that nobody brings over and that the guest can go without
    """
    carried = facts.prepared.carried if facts.prepared else ()
    found = tuple(_duties(strategies))
    dropped = tuple(
        duty
        for duty in found
        if duty.droppable
        and duty.target not in carried
        and (known := facts.storage.destination.get(duty.path)) is not None
        and known.exists is False
    )
    return tuple(duty for duty in found if duty not in dropped), dropped


def _duties(
    strategies: disk_strategy.Strategies,
) -> collections.abc.Iterator[Duty]:
    for chosen in strategies:
        unreached = chosen.locality is not domains.Locality.SHARED
        if chosen.reason is reasons.Reason.READ_ONLY and unreached:
            path = chosen.disk.chain[0].label
            # nova.virt.libvirt.driver names a config drive disk.config.
            config = path.rpartition('/')[2].startswith('disk.config')
            yield Duty(
                chosen.disk.target,
                path,
                'config-drive' if config else 'read-only-media',
                f'{chosen.disk.target}: libvirt does not copy read-only '
                f'{path}; put the same bytes there on the destination '
                'before the migration',
                droppable=_droppable(chosen.disk),
            )


def _droppable(disk: domains.Disk) -> bool:
    """Return whether the guest can go without a removable medium.

    libvirt's formatdomain: "requisite" drops it if it is missing on migrate,
    "optional" at any start; "mandatory" is the default.
    """
    removable = (domains.DiskDevice.CDROM, domains.DiskDevice.FLOPPY)
    policy = disk.startup_policy
    return disk.device in removable and policy in ('requisite', 'optional')


@dataclasses.dataclass(frozen=True)
class SpaceNeeded:
    """The bytes needed and free on the file system of a directory.

    :ivar free: None where it is not known
    """

    directory: str
    needed: int
    free: int | None

    @property
    def lacks(self) -> bool:
        """Return whether the free space is known to be too little."""
        return self.free is not None and self.needed > self.free

    def __str__(self) -> str:
        return (
            f'{self.directory} needs {self.needed} bytes '
            f'({_mebibytes(self.needed)}) and has {self.free} bytes '
            f'({_mebibytes(self.free or 0)}) free'
        )


def space_needed(
    prepared: migration_options.Preparation,
    copied: collections.abc.Sequence[tuple[domains.Disk, int]],
    duties: collections.abc.Iterable[Duty],
    storage: storage_facts.Storage,
) -> tuple[SpaceNeeded, ...]:
    """Add up the bytes that will be written for a guest, by place.

    :param copied: the disks to copy with the bytes that a copy moves
    :param duties: read-only content that is brought over
    """
    volumes = [
        disk
        for disk, _ in copied
        if nova_volumes.is_made_in_group(disk, prepared)
    ]
    files = [each for each in copied if each[0] not in volumes]
    in_files = _in_files(prepared, files, duties, storage)
    if not volumes:
        return (in_files,)
    group = prepared.destination_group
    there = storage.destination.get(nova_volumes.directory(group))
    in_group = SpaceNeeded(
        f'the volume group {group}',
        nova_volumes.bytes_needed(volumes, storage),
        there.free_bytes if there else None,
    )
    return in_files, in_group


def _in_files(
    prepared: migration_options.Preparation,
    copied: collections.abc.Iterable[tuple[domains.Disk, int]],
    duties: collections.abc.Iterable[Duty],
    storage: storage_facts.Storage,
) -> SpaceNeeded:
    needed = prepared.fetched_bytes
    bases: set[str] = set()
    for disk, moved in copied:
        needed += moved
        bases.update(image.path for image in disk.backing if image.path)
    for path in bases:
        there = storage.destination.get(path)
        if there is not None and there.exists is False and there.content:
            needed += _allocated(storage, path)
    needed += sum(_allocated(storage, duty.path) for duty in duties)
    known = storage.destination.get(prepared.directory)
    free = known.free_bytes if known else None
    return SpaceNeeded(prepared.directory, needed, free)


def _allocated(storage: storage_facts.Storage, path: str) -> int:
    here = storage.source.get(path)
    return (here.allocated_bytes or 0) if here else 0


def _mebibytes(size: int) -> str:
    return f'{size / 2**20:.1f} MiB'
