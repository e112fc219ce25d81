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

"""Refuse the copies for which the caller makes no destination image."""

import collections.abc
import dataclasses
import posixpath

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import case as case_
from nova_selective_migrate.core.case import preparation
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import reasons

_FORMATS = ('raw', 'qcow2')


def refuse(
    decisions: collections.abc.Sequence[decision.Decision], case: case_.Case
) -> list[decision.Decision]:
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


def is_kept_image(chosen: decision.Decision) -> bool:
    """Tell a shared image of nova's own from a volume.

    A config drive in Ceph is one as well, though it is read-only.
    """
    if chosen.action is model.DiskAction.KEEP:
        return chosen.found is not reasons.Reason.VOLUME_ATTACHMENT
    source = chosen.disk.source
    return (
        chosen.action is model.DiskAction.SKIP
        and chosen.locality is model.Locality.SHARED
        and chosen.disk.serial is None
        and source is not None
        and source.type is model.SourceType.NETWORK
    )


def _judged(
    chosen: decision.Decision,
    prepared: preparation.Preparation,
    storage: storage_.Storage,
    owned: bool,
) -> decision.Decision:
    found: tuple[reasons.Reason, str] | None = None
    if chosen.action is model.DiskAction.COPY:
        found = _problem(chosen.disk.chain[0], prepared, storage, owned)
    elif is_kept_image(chosen) and not prepared.same_images_type:
        found = reasons.Reason.OTHER_IMAGES_TYPE, ''
    if found is None:
        return chosen
    reason, detail = found
    return dataclasses.replace(
        chosen, action=model.DiskAction.REFUSE, reason=reason, detail=detail
    )


def _problem(
    source: model.DiskSource,
    prepared: preparation.Preparation,
    storage: storage_.Storage,
    owned: bool,
) -> tuple[reasons.Reason, str] | None:
    facts = storage_.find(storage.source, source) or storage_.StorageFacts()
    if facts.kind is storage_.PathKind.BLOCK or source.type not in (
        model.SourceType.FILE,
        model.SourceType.VOLUME,
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
    source: model.DiskSource, prepared: preparation.Preparation
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
