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

from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts

_FORMATS = ('raw', 'qcow2')


def refusals(
    decisions: collections.abc.Sequence[disk_strategy.Decision],
    case: migration_case.Case,
) -> list[disk_strategy.Decision]:
    """Refuse what the caller's preparation has no place for.

    nova's is nova.virt.libvirt.driver.pre_live_migration: files below the
    instance's directory, and one boolean for the storage of all disks.
    """
    prepared = case.options.prepared
    if prepared is None:
        return list(decisions)
    owned = any(is_kept_image(chosen) for chosen in decisions)
    return [
        _judged(chosen, prepared, case.storage, owned) for chosen in decisions
    ]


def is_kept_image(chosen: disk_strategy.Decision) -> bool:
    """Tell a shared image of nova's own from a volume.

    A config drive in Ceph is one as well, though it is read-only.
    """
    if chosen.action is domains.DiskAction.KEEP:
        return chosen.found is not reasons.Reason.VOLUME_ATTACHMENT
    source = chosen.disk.source
    return (
        chosen.action is domains.DiskAction.SKIP
        and chosen.locality is domains.Locality.SHARED
        and chosen.disk.serial is None
        and source is not None
        and source.type is domains.SourceType.NETWORK
    )


def _judged(
    chosen: disk_strategy.Decision,
    prepared: migration_options.Preparation,
    storage: storage_facts.Storage,
    owned: bool,
) -> disk_strategy.Decision:
    found: tuple[reasons.Reason, str] | None = None
    if chosen.action is domains.DiskAction.COPY:
        found = _problem(chosen.disk.chain[0], prepared, storage, owned)
    elif is_kept_image(chosen) and not prepared.same_images_type:
        found = reasons.Reason.OTHER_IMAGES_TYPE, ''
    if found is None:
        return chosen
    reason, detail = found
    return dataclasses.replace(
        chosen, action=domains.DiskAction.REFUSE, reason=reason, detail=detail
    )


def _problem(
    source: domains.DiskSource,
    prepared: migration_options.Preparation,
    storage: storage_facts.Storage,
    owned: bool,
) -> tuple[reasons.Reason, str] | None:
    facts = (
        storage_facts.find(storage.source, source)
        or storage_facts.StorageFacts()
    )
    if facts.kind is storage_facts.PathKind.BLOCK or source.type not in (
        domains.SourceType.FILE,
        domains.SourceType.VOLUME,
    ):
        return reasons.Reason.LOCAL_BLOCK_DEVICE, ''
    if posixpath.dirname(source.path or '') != prepared.directory:
        return reasons.Reason.UNEXPLAINED_DISK, ''
    if prepared.shared_directory:
        return reasons.Reason.SHARED_INSTANCE_DIRECTORY, prepared.directory
    if prepared.block_migration is False:
        return reasons.Reason.BLOCK_MIGRATION_FORBIDDEN, ''
    if owned and not prepared.makes_images:
        return reasons.Reason.PEER_REQUIRED, ''
    if not _is_found_later(source, prepared):
        return (
            reasons.Reason.OTHER_IMAGES_TYPE,
            f'it is a {source.format} file, and images_type there is '
            f'{prepared.images_type}',
        )
    if facts.virtual_bytes is None or source.format not in _FORMATS:
        return (
            reasons.Reason.IMAGE_NOT_REPRODUCIBLE,
            f'it is {source.format} of {facts.virtual_bytes or "unknown"} '
            'bytes',
        )
    return None


def _is_found_later(
    source: domains.DiskSource, prepared: migration_options.Preparation
) -> bool:
    """Tell whether the destination's nova will read the file as it is.

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
    decisions: collections.abc.Iterable[disk_strategy.Decision],
) -> collections.abc.Iterator[Duty]:
    """State what read-only content the destination must be given."""
    for chosen in decisions:
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


def dropped(
    duties: collections.abc.Iterable[Duty],
    storage: storage_facts.Storage,
    carried: collections.abc.Collection[str] = (),
) -> tuple[Duty, ...]:
    """Find the media that the destination lacks, and that may go.

    :param carried: targets whose content the caller brings over
    """
    return tuple(
        duty
        for duty in duties
        if duty.droppable
        and duty.target not in carried
        and (known := storage.destination.get(duty.path)) is not None
        and known.exists is False
    )


def _droppable(disk: domains.Disk) -> bool:
    """Tell a removable medium that a migration may go without.

    libvirt's formatdomain: "requisite" drops it if it is missing on migrate,
    "optional" at any start; "mandatory" is the default.
    """
    removable = (domains.DiskDevice.CDROM, domains.DiskDevice.FLOPPY)
    policy = disk.startup_policy
    return disk.device in removable and policy in ('requisite', 'optional')


@dataclasses.dataclass(frozen=True)
class SpaceNeeded:
    """Bytes that a directory's file system must take, and has free.

    :ivar free: None where it is not known
    """

    directory: str
    needed: int
    free: int | None

    @property
    def lacks(self) -> bool:
        """Tell whether it is known to be too little."""
        return self.free is not None and self.needed > self.free

    def __str__(self) -> str:
        return (
            f'{self.directory} needs {self.needed} bytes '
            f'({_mebibytes(self.needed)}) and has {self.free} bytes '
            f'({_mebibytes(self.free or 0)}) free'
        )


def space_needed(
    prepared: migration_options.Preparation,
    copied: collections.abc.Iterable[tuple[domains.Disk, int]],
    duties: collections.abc.Iterable[Duty],
    storage: storage_facts.Storage,
) -> SpaceNeeded:
    """Add up what will be written for a guest.

    :param copied: the disks to copy with the bytes that a copy moves
    :param duties: read-only content that is brought over
    """
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
