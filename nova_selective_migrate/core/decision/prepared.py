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
    """Tell a shared image of nova's own from a volume."""
    return (
        chosen.action is model.DiskAction.KEEP
        and chosen.reason is not reasons.Reason.VOLUME_ATTACHMENT
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
    if facts.virtual_bytes is None or source.format not in _FORMATS:
        return (
            reasons.Reason.IMAGE_NOT_REPRODUCIBLE,
            f'it is {source.format} of {facts.virtual_bytes or "unknown"} '
            'bytes',
        )
    return None
