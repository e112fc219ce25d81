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

"""Decide one disk: copy, keep, skip or refuse."""

import collections.abc
import dataclasses
import re

from nova_selective_migrate.core.decision import reasons
from nova_selective_migrate.core.decision import volume_names
from nova_selective_migrate.core.evidence import image_locality
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import declared_paths
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts

_LOCAL = domains.Locality.LOCAL
_SHARED = domains.Locality.SHARED
_UNKNOWN = domains.Locality.UNKNOWN

_TARGET = re.compile(r'[A-Za-z0-9_.:-]+')
_UUID = r'[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}'
_VOLUME_ID = re.compile(_UUID, re.IGNORECASE)
# Where cinder's volumes show on a compute host: its volume_name_template,
# nova's mounts of network file systems, and udev's names of remote LUNs.
_VOLUME_PATH = re.compile(
    rf'(?:^|/)volume-{_UUID}|/mnt/[0-9a-f]{{32}}/|/by-path/.*-(?:iscsi|fc)-',
    re.IGNORECASE,
)
_NEVER_COPIED = {
    domains.SourceType.VHOSTUSER: reasons.Reason.VHOSTUSER_DISK,
    domains.SourceType.VHOSTVDPA: reasons.Reason.VDPA_DISK,
    domains.SourceType.NVME: reasons.Reason.NVME_DISK,
    domains.SourceType.DIR: reasons.Reason.DIRECTORY_DISK,
    domains.SourceType.OTHER: reasons.Reason.UNKNOWN_SOURCE_TYPE,
}


@dataclasses.dataclass(frozen=True)
class Decision:
    """What becomes of one disk, and why.

    :ivar reason: of the action; a later one may take its place, so that
        none is to be asked what was found of the disk: that is `found`
    :ivar verdicts: where each image of the chain is, the top one first;
        empty where that was not asked
    :ivar detail: what the reason is about, where its meaning alone does
        not tell
    :ivar image: the label of the image that the reason is about
    :ivar remedy: instead of the reason's own, where that is not safe
    :ivar top_only: a copy takes the top image alone; the images below it
        are at the destination
    :ivar seeded: they are in the image that is copied into, which has no
        base
    """

    disk: domains.Disk
    locality: domains.Locality
    action: domains.DiskAction
    reason: reasons.Reason
    evidence: tuple[str, ...] = ()
    detail: str = ''
    top_only: bool = False
    seeded: bool = False
    verdicts: tuple[locality_verdicts.Verdict, ...] = ()
    image: str = ''
    remedy: str = ''

    @property
    def found(self) -> reasons.Reason | None:
        """Return what was found of the top image, whatever came of it."""
        return self.top.reason if self.top else None

    @property
    def top(self) -> locality_verdicts.Verdict | None:
        """Return where the top image is, and why; None: not asked."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def whole(self) -> 'Decision':
        """Return the same decision for a copy of the whole chain."""
        return dataclasses.replace(
            self,
            top_only=False,
            seeded=False,
            reason=self.top.reason if self.top else self.reason,
        )


@dataclasses.dataclass(frozen=True)
class Grounds:
    """What a decision rests on.

    :ivar mapping_known: whether nova has told all its volumes
    :ivar seeded: targets whose base image the caller brings over
    :ivar volume_paths: who gives a volume its path at the destination
    """

    storage: storage_facts.Storage
    policy: declared_paths.LocalityPolicy
    mapping_known: bool
    seeded: tuple[str, ...] = ()
    volume_paths: migration_options.VolumePaths = (
        migration_options.VolumePaths.BY_SERIAL
    )


def decide(
    disk: domains.Disk, joined: volume_matching.VolumeMatch, grounds: Grounds
) -> Decision:
    """Decide one disk."""
    if disk.transient:
        return _refuse(disk, reasons.Reason.TRANSIENT_DISK)
    if disk.source is None:
        return Decision(
            disk,
            _UNKNOWN,
            domains.DiskAction.SKIP,
            reasons.Reason.EMPTY_DRIVE,
            ('domain XML: no source',),
        )
    verdicts = image_locality.locate(
        disk, joined, grounds.storage, grounds.policy
    )
    if volume_names.is_another_there(
        *(disk, joined, verdicts[0], grounds.storage, grounds.volume_paths)
    ):
        # The guest is not to read another tenant's volume either.
        return _refuse(disk, reasons.Reason.HOST_ASSIGNED_NAME, verdicts)
    if not disk.writable:
        return _read_only(disk, verdicts)
    if not _TARGET.fullmatch(disk.target):
        return _refuse(disk, reasons.Reason.UNUSUAL_TARGET)
    if joined.conflict:
        # Where it is follows from none of this: what was seen is told.
        return dataclasses.replace(
            _refuse(
                disk,
                reasons.Reason.ATTACHMENT_CONFLICT,
                detail=joined.conflict,
            ),
            evidence=locality_verdicts.sentences(verdicts),
        )
    looks = _looks_like_volume(disk, grounds)
    if looks and grounds.mapping_known and joined.attachment is None:
        return _refuse(
            disk,
            reasons.Reason.VOLUME_NOT_IN_MAPPING,
            verdicts,
            detail=looks,
        )
    return _writable(disk, verdicts, disk.target in grounds.seeded)


def _read_only(
    disk: domains.Disk, verdicts: tuple[locality_verdicts.Verdict, ...]
) -> Decision:
    places = {verdict.locality for verdict in verdicts}
    why = 'read-only' if disk.readonly else 'a cdrom is read-only'
    return Decision(
        disk,
        # One image that is not shared keeps the whole from being reached.
        next(p for p in (_UNKNOWN, _LOCAL, _SHARED) if p in places),
        domains.DiskAction.SKIP,
        reasons.Reason.READ_ONLY,
        (f'domain XML: {why}', *locality_verdicts.sentences(verdicts)),
        verdicts=verdicts,
    )


def _writable(
    disk: domains.Disk,
    verdicts: tuple[locality_verdicts.Verdict, ...],
    brought: bool,
) -> Decision:
    top, lower = verdicts[0], verdicts[1:]
    never = _NEVER_COPIED.get(disk.chain[0].type)
    if never and top.locality is not _SHARED:
        return _refuse(disk, never, verdicts)
    if top.locality is _UNKNOWN:
        return _refuse(disk, top.reason, verdicts, about=top)
    for verdict in verdicts:
        # What is declared and proven otherwise is to be set right first.
        if verdict.reason is reasons.Reason.DECLARATION_CONFLICT:
            return _refuse(disk, verdict.reason, verdicts, about=verdict)
    if top.locality is _SHARED:
        return _kept(disk, verdicts)
    there = bool(lower) and all(
        locality_verdicts.is_there(verdict) for verdict in lower
    )
    # What lies below an image of which the XML does not tell may be missing
    # there: the whole is right whatever it is.
    there = there and disk.chain_ends
    if why := not_copied(disk, disk.chain[:1] if there else disk.chain):
        return _refuse(disk, why[0], verdicts, about=why[1])
    chosen = Decision(
        disk,
        _LOCAL,
        domains.DiskAction.COPY,
        top.reason,
        locality_verdicts.sentences(verdicts),
        verdicts=verdicts,
    )
    if there:
        return dataclasses.replace(
            chosen, top_only=True, reason=reasons.Reason.LOCAL_OVER_SHARED
        )
    if brought and len(disk.chain) == 2 and disk.chain_ends:
        return dataclasses.replace(
            chosen,
            top_only=True,
            seeded=True,
            reason=reasons.Reason.LOCAL_OVER_SEED,
        )
    return chosen


def _kept(
    disk: domains.Disk, verdicts: tuple[locality_verdicts.Verdict, ...]
) -> Decision:
    """Keep a disk whose top image is shared, if all below it are."""
    for verdict in verdicts:
        if verdict.locality is _UNKNOWN:
            return _refuse(disk, verdict.reason, verdicts, about=verdict)
    for verdict in verdicts:
        if verdict.locality is _LOCAL:
            reason = reasons.Reason.SHARED_OVER_LOCAL
            return _refuse(disk, reason, verdicts, about=verdict)
    return Decision(
        disk,
        _SHARED,
        domains.DiskAction.KEEP,
        verdicts[0].reason,
        locality_verdicts.sentences(verdicts),
        verdicts=verdicts,
    )


def not_copied(
    disk: domains.Disk, copied: collections.abc.Sequence[domains.DiskSource]
) -> tuple[reasons.Reason, str] | None:
    """Say why these images of a local disk cannot be copied, if so.

    :returns: the reason, and the label of the image that it is about
    """
    if disk.device is domains.DiskDevice.LUN:
        return reasons.Reason.LUN_DISK, ''
    if disk.shareable:
        return reasons.Reason.SHAREABLE_DISK, ''
    for image in copied:
        if image.encrypted:
            return reasons.Reason.ENCRYPTED_DISK, image.label
    for image in copied:
        if image.data_file:
            return reasons.Reason.EXTERNAL_DATA_FILE, image.label
    return None


def _looks_like_volume(disk: domains.Disk, grounds: Grounds) -> str:
    """Say why a disk must be a volume that nova should know; else ''."""
    if disk.serial and _VOLUME_ID.fullmatch(disk.serial):
        return f'its serial {disk.serial} is shaped like a volume id'
    if disk.alias_id:
        return f'its alias {disk.alias} is shaped like that of a volume'
    source = disk.chain[0]
    place = storage_facts.in_pool(source, grounds.storage.pools) or source
    facts = storage_facts.find(grounds.storage.source, place)
    resolved = facts.resolved if facts else None
    for name in (place.path, source.name, source.volume, resolved):
        if name and _VOLUME_PATH.search(name):
            return f'{name} is where a volume would be'
    return ''


def _refuse(
    disk: domains.Disk,
    reason: reasons.Reason,
    verdicts: tuple[locality_verdicts.Verdict, ...] = (),
    detail: str = '',
    about: locality_verdicts.Verdict | str = '',
) -> Decision:
    return Decision(
        disk,
        verdicts[0].locality if verdicts else _UNKNOWN,
        domains.DiskAction.REFUSE,
        reason,
        locality_verdicts.sentences(verdicts),
        detail,
        verdicts=verdicts,
        image=about if isinstance(about, str) else about.image,
        remedy='' if isinstance(about, str) else about.remedy,
    )
