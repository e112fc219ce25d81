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

"""Choose what is done with each disk: copy, keep, skip or refuse."""

import collections.abc
import dataclasses
import enum
import re

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import volume_names
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.evidence import volume_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import refusals
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


class Extent(enum.Enum):
    """How much of a chain a copy takes.

    TOP is the top image alone: the images below it are at the destination.
    TOP_ON_SEED is the top image as well, into an image that has no base and
    is made with the content of one.
    """

    WHOLE = 'whole'
    TOP = 'top'
    TOP_ON_SEED = 'top-on-seed'


@dataclasses.dataclass(frozen=True)
class Strategy:
    """What is done with one disk because of where its images are.

    Final: a later objection is a refusal besides, not another strategy.

    :ivar action: REFUSE where the evidence allows nothing else
    :ivar reason: what was found of the disk; of a copy, and of what is kept,
        that is what was found of its top image
    :ivar evidence: sentences for a person
    :ivar extent: the least of its chain that a copy includes
    """

    disk: domains.Disk
    action: domains.DiskAction
    locality: domains.Locality
    reason: reasons.Reason
    evidence: tuple[str, ...] = ()
    extent: Extent = Extent.WHOLE


Strategies = tuple[Strategy, ...]
Refusals = tuple[refusals.Refusal, ...]
_Choice = tuple[Strategy, refusals.Refusal | None]


def choose(
    facts: case_facts.Facts,
    matches: volume_matching.VolumeMatches,
    verdicts: locality_verdicts.Verdicts,
) -> tuple[Strategies, Refusals]:
    """Choose for every disk, in XML order.

    :returns: the strategies, and a refusal for each of them that is REFUSE
    """
    choices = [
        _choose(
            disk,
            matches.by_target[disk.target],
            verdicts[disk.target],
            facts,
        )
        for disk in facts.domain.disks
    ]
    return (
        tuple(strategy for strategy, _ in choices),
        tuple(refusal for _, refusal in choices if refusal),
    )


def copies(
    strategies: collections.abc.Iterable[Strategy],
    refused: collections.abc.Iterable[refusals.Refusal],
) -> Strategies:
    """Return the disks to copy that no refusal names so far."""
    return _standing(strategies, refused, domains.DiskAction.COPY)


def kept(
    strategies: collections.abc.Iterable[Strategy],
    refused: collections.abc.Iterable[refusals.Refusal],
) -> Strategies:
    """Return the disks to keep that no refusal names so far."""
    return _standing(strategies, refused, domains.DiskAction.KEEP)


def _standing(
    strategies: collections.abc.Iterable[Strategy],
    refused: collections.abc.Iterable[refusals.Refusal],
    action: domains.DiskAction,
) -> Strategies:
    targets = {refusal.target for refusal in refused}
    return tuple(
        each
        for each in strategies
        if each.action is action and each.disk.target not in targets
    )


def _choose(
    disk: domains.Disk,
    joined: volume_matching.VolumeMatch,
    verdicts: tuple[locality_verdicts.Verdict, ...],
    facts: case_facts.Facts,
) -> _Choice:
    if disk.transient:
        return _refuse(disk, reasons.Reason.TRANSIENT_DISK)
    if disk.source is None:
        strategy = Strategy(
            disk,
            domains.DiskAction.SKIP,
            _UNKNOWN,
            reasons.Reason.EMPTY_DRIVE,
            ('domain XML: no source',),
        )
        return strategy, None
    if volume_names.is_another_there(disk, joined, verdicts[0], facts):
        # A read-only disk must not become another tenant's volume either.
        return _refuse(disk, reasons.Reason.HOST_ASSIGNED_NAME, verdicts)
    if not disk.writable:
        return _read_only(disk, verdicts), None
    if not _TARGET.fullmatch(disk.target):
        return _refuse(disk, reasons.Reason.UNUSUAL_TARGET)
    if joined.conflict:
        # The conflict leaves the locality open; the evidence is shown.
        conflict = reasons.Reason.ATTACHMENT_CONFLICT
        seen = locality_verdicts.sentences(verdicts)
        return (
            Strategy(
                disk, domains.DiskAction.REFUSE, _UNKNOWN, conflict, seen
            ),
            refusals.Refusal.of_disk(disk, conflict, joined.conflict),
        )
    looks = _looks_like_volume(disk, facts.storage)
    mapping_known = facts.attachments is not None
    if looks and mapping_known and joined.attachment is None:
        unexplained = reasons.Reason.VOLUME_NOT_IN_MAPPING
        return _refuse(disk, unexplained, verdicts, detail=looks)
    prepared = facts.prepared
    seeded = prepared is not None and disk.target in prepared.seeded
    return _writable(disk, verdicts, seeded)


def _read_only(
    disk: domains.Disk, verdicts: tuple[locality_verdicts.Verdict, ...]
) -> Strategy:
    places = {verdict.locality for verdict in verdicts}
    why = 'read-only' if disk.readonly else 'a cdrom is read-only'
    return Strategy(
        disk,
        domains.DiskAction.SKIP,
        # The least that holds for all images is shown of the chain.
        next(p for p in (_UNKNOWN, _LOCAL, _SHARED) if p in places),
        reasons.Reason.READ_ONLY,
        (f'domain XML: {why}', *locality_verdicts.sentences(verdicts)),
    )


def _writable(
    disk: domains.Disk,
    verdicts: tuple[locality_verdicts.Verdict, ...],
    seeded: bool,
) -> _Choice:
    top, lower = verdicts[0], verdicts[1:]
    never = _NEVER_COPIED.get(disk.chain[0].type)
    if never and top.locality is not _SHARED:
        return _refuse(disk, never, verdicts)
    if top.locality is _UNKNOWN:
        return _refuse(disk, top.reason, verdicts, about=top)
    for verdict in verdicts:
        # A declaration that the evidence disproves is corrected first.
        if verdict.reason is reasons.Reason.DECLARATION_CONFLICT:
            return _refuse(disk, verdict.reason, verdicts, about=verdict)
    if top.locality is _SHARED:
        return _kept(disk, verdicts)
    there = bool(lower) and all(
        locality_verdicts.is_there(verdict) for verdict in lower
    )
    # Where the XML does not tell the rest of the chain, the destination may
    # lack it: a copy of the whole chain is right in any case.
    there = there and disk.chain_ends
    if why := not_copied(disk, disk.chain[:1] if there else disk.chain):
        return _refuse(disk, why[0], verdicts, image=why[1])
    extent = Extent.WHOLE
    if there:
        extent = Extent.TOP
    elif seeded and len(disk.chain) == 2 and disk.chain_ends:
        extent = Extent.TOP_ON_SEED
    strategy = Strategy(
        disk,
        domains.DiskAction.COPY,
        _LOCAL,
        top.reason,
        locality_verdicts.sentences(verdicts),
        extent,
    )
    return strategy, None


def _kept(
    disk: domains.Disk, verdicts: tuple[locality_verdicts.Verdict, ...]
) -> _Choice:
    """Keep a disk whose top image is shared, if all below it are."""
    for verdict in verdicts:
        if verdict.locality is _UNKNOWN:
            return _refuse(disk, verdict.reason, verdicts, about=verdict)
    for verdict in verdicts:
        if verdict.locality is _LOCAL:
            reason = reasons.Reason.SHARED_OVER_LOCAL
            return _refuse(disk, reason, verdicts, about=verdict)
    strategy = Strategy(
        disk,
        domains.DiskAction.KEEP,
        _SHARED,
        verdicts[0].reason,
        locality_verdicts.sentences(verdicts),
    )
    return strategy, None


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


def _looks_like_volume(
    disk: domains.Disk, storage: storage_facts.Storage
) -> str:
    """Say why a disk must be a volume that nova should know; else ''."""
    if disk.serial and _VOLUME_ID.fullmatch(disk.serial):
        return f'its serial {disk.serial} is shaped like a volume id'
    if disk.alias_id:
        return f'its alias {disk.alias} is shaped like that of a volume'
    source = disk.chain[0]
    place = pool_facts.in_pool(source, storage.pools) or source
    facts = storage_facts.find(storage.source, place)
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
    about: locality_verdicts.Verdict | None = None,
    image: str = '',
) -> _Choice:
    """Refuse a disk.

    :param about: the image that the reason is about, with its own remedy
    :param image: its label where that is all
    """
    strategy = Strategy(
        disk,
        domains.DiskAction.REFUSE,
        verdicts[0].locality if verdicts else _UNKNOWN,
        reason,
        locality_verdicts.sentences(verdicts),
    )
    refusal = refusals.Refusal.of_disk(
        disk,
        reason,
        detail,
        about.image if about else image,
        about.remedy if about else '',
    )
    return strategy, refusal
