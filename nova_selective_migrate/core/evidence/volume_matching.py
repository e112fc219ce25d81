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

"""Match disks and volumes by volume id, source and device name.

Serial, alias and source are strong keys. The device name is a weak one: it
goes stale, and counts only where no strong key contradicts it.
"""

import collections.abc
import dataclasses

from nova_selective_migrate.core.evidence import source_keys
from nova_selective_migrate.core.evidence import source_matching
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import message_words
from nova_selective_migrate.core.model import storage_facts

Attachments = collections.abc.Sequence[domains.VolumeAttachment]


@dataclasses.dataclass(frozen=True)
class VolumeMatch:
    """The volume of one disk, or why it is not certain.

    :ivar by: the keys that matched, for a person
    :ivar weak: matched by the device name alone
    """

    attachment: domains.VolumeAttachment | None = None
    by: str = ''
    weak: bool = False
    conflict: str | None = None


@dataclasses.dataclass(frozen=True)
class VolumeMatches:
    """The volume of each disk, and the volumes that no disk has."""

    by_target: collections.abc.Mapping[str, VolumeMatch]
    without_disk: tuple[domains.VolumeAttachment, ...]


@dataclasses.dataclass(frozen=True)
class _Candidates:
    """The attachments that each key of one disk matches."""

    serial: tuple[domains.VolumeAttachment, ...]
    alias: tuple[domains.VolumeAttachment, ...]
    source: tuple[domains.VolumeAttachment, ...]
    name: tuple[domains.VolumeAttachment, ...]

    @property
    def strong(self) -> tuple[domains.VolumeAttachment, ...]:
        return tuple(dict.fromkeys(self.serial + self.alias + self.source))


@dataclasses.dataclass(frozen=True)
class _Index:
    """An index of attachments by the keys of disks."""

    by_id: dict[str, list[domains.VolumeAttachment]]
    by_alias: dict[str, list[domains.VolumeAttachment]]
    by_name: dict[str, list[domains.VolumeAttachment]]
    by_key: dict[str, list[domains.VolumeAttachment]]

    @classmethod
    def of(cls, attachments: Attachments) -> '_Index':
        index = cls({}, {}, {}, {})
        for each in attachments:
            if each.volume_id:
                index.by_id.setdefault(each.volume_id.lower(), []).append(each)
            # nova names the device by either: nova.virt.block_device,
            # get_volume_id.
            for each_id in {each.volume_id, each.data_id} - {None}:
                found = index.by_alias.setdefault(str(each_id).lower(), [])
                found.append(each)
            if each.target:
                index.by_name.setdefault(each.target, []).append(each)
            for key in dict.fromkeys(source_keys.attachment_keys(each)):
                index.by_key.setdefault(key, []).append(each)
        return index


def match(
    disks: collections.abc.Sequence[domains.Disk],
    attachments: Attachments,
    facts: storage_facts.FactsByPath,
) -> VolumeMatches:
    """Find each disk's volume.

    :param facts: what the source host knows of the disks' paths
    """
    index = _Index.of(attachments)
    candidates = {
        disk.target: _candidates(disk, index, facts) for disk in disks
    }
    owners = _owners(candidates)
    joined = {
        disk.target: _joined(disk, candidates, owners, facts) for disk in disks
    }
    shown = set(owners)
    for disk in disks:
        # No other stage reports the conflict of a disk that is skipped.
        told = disk.writable and disk.source is not None
        if joined[disk.target].attachment or told:
            shown.update(_claimed(candidates[disk.target]))
    return VolumeMatches(
        by_target=joined,
        without_disk=tuple(
            sorted(
                (a for a in attachments if a not in shown),
                key=lambda a: a.label,
            )
        ),
    )


def _owners(
    candidates: collections.abc.Mapping[str, _Candidates],
) -> dict[domains.VolumeAttachment, list[str]]:
    """List the disks that claim each attachment by a strong key."""
    owners: dict[domains.VolumeAttachment, list[str]] = {}
    for target, found in candidates.items():
        for attachment in found.strong:
            owners.setdefault(attachment, []).append(target)
    return owners


def _claimed(found: _Candidates) -> tuple[domains.VolumeAttachment, ...]:
    """List the attachments matched by the device name alone."""
    return () if found.strong else found.name


def _candidates(
    disk: domains.Disk, index: _Index, facts: storage_facts.FactsByPath
) -> _Candidates:
    named: dict[domains.VolumeAttachment, None] = {}
    if disk.source is not None:
        known = storage_facts.find(facts, disk.source)
        for key in source_keys.source_keys(disk.source, known):
            named.update(dict.fromkeys(index.by_key.get(key, ())))
    return _Candidates(
        serial=tuple(index.by_id.get((disk.serial or '').lower(), ())),
        alias=tuple(index.by_alias.get((disk.alias_id or '').lower(), ())),
        source=tuple(
            a
            for a in named
            if _source_says(disk, a, facts) is source_matching.Match.SAME
        ),
        name=tuple(
            a for a in index.by_name.get(disk.target, ()) if _names_volume(a)
        ),
    )


def _names_volume(attachment: domains.VolumeAttachment) -> bool:
    """Return whether a row names a volume and not a device alone."""
    return bool(attachment.volume_id or attachment.driver_volume_type)


def _source_says(
    disk: domains.Disk,
    attachment: domains.VolumeAttachment,
    facts: storage_facts.FactsByPath,
) -> source_matching.Match:
    if disk.source is None:
        return source_matching.Match.SILENT
    known = storage_facts.find(facts, disk.source)
    return source_matching.match(disk.source, known, attachment)


def _joined(
    disk: domains.Disk,
    candidates: collections.abc.Mapping[str, _Candidates],
    owners: collections.abc.Mapping[domains.VolumeAttachment, list[str]],
    facts: storage_facts.FactsByPath,
) -> VolumeMatch:
    found = candidates[disk.target]
    if len(found.strong) > 1:
        return VolumeMatch(
            conflict='its serial, alias and source point at '
            f'{_labels(found.strong)} at once'
        )
    for other in found.name:
        if other in found.strong:
            continue
        if elsewhere := owners.get(other):
            return VolumeMatch(
                conflict=f'{other.label} bears the device name '
                f'{disk.target}, but serial, alias or source say it is '
                f'{message_words.joined(elsewhere)}'
            )
    if found.strong:
        return _by_strong_key(found, disk, candidates, owners, facts)
    return _by_name(disk, found.name, facts)


def _by_strong_key(
    found: _Candidates,
    disk: domains.Disk,
    candidates: collections.abc.Mapping[str, _Candidates],
    owners: collections.abc.Mapping[domains.VolumeAttachment, list[str]],
    facts: storage_facts.FactsByPath,
) -> VolumeMatch:
    (attachment,) = found.strong
    claimants = owners[attachment]
    if len(claimants) > 1:
        return VolumeMatch(
            conflict=f'the disks {message_words.joined(claimants)} both claim '
            f'{attachment.label}'
        )
    if others := [a for a in found.name if a != attachment]:
        return VolumeMatch(
            conflict=f'{_labels(others)} bears the device name of '
            f'{disk.target}, but serial, alias or source say '
            f'{attachment.label}'
        )
    # A device name that no disk has is stale and does no harm.
    if attachment.target != disk.target and attachment.target in candidates:
        return VolumeMatch(
            conflict=f'serial, alias or source say that {disk.target} is '
            f'{attachment.label}, but its device name is that of another '
            f'disk, {attachment.target}'
        )
    keys = [
        word
        for word, matches in (
            ('serial', found.serial),
            ('alias', found.alias),
            ('source', found.source),
        )
        if matches
    ]
    by = ' and '.join(keys)
    if otherwise := _otherwise(disk, attachment, facts):
        return VolumeMatch(
            conflict=f'its {by} say {attachment.label}, but {otherwise}'
            if len(keys) > 1
            else f'its {by} says {attachment.label}, but {otherwise}'
        )
    return VolumeMatch(attachment=attachment, by=by)


def _otherwise(
    disk: domains.Disk,
    attachment: domains.VolumeAttachment,
    facts: storage_facts.FactsByPath,
) -> str:
    """Say why the source contradicts the volume; empty: it does not.

    This happens after a retype that failed once the guest used the new device.
    """
    if disk.source is None:
        return ''
    known = storage_facts.find(facts, disk.source)
    return source_matching.contradicts(disk.source, known, attachment)


def _by_name(
    disk: domains.Disk,
    named: tuple[domains.VolumeAttachment, ...],
    facts: storage_facts.FactsByPath,
) -> VolumeMatch:
    if not named:
        return VolumeMatch()
    if len(named) > 1:
        return VolumeMatch(
            conflict=f'{_labels(named)} bear one device name, {disk.target}'
        )
    (attachment,) = named
    says = _source_says(disk, attachment, facts)
    key = 'serial' if disk.serial else 'alias' if disk.alias_id else 'source'
    if key != 'source' or says is source_matching.Match.OTHER:
        return VolumeMatch(
            conflict=f'{attachment.label} bears the device name of '
            f'{disk.target}, but the {key} of the disk says otherwise'
        )
    return VolumeMatch(attachment=attachment, by='device name', weak=True)


def _labels(attachments: Attachments) -> str:
    return message_words.joined(sorted(a.label for a in attachments))
