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

"""Join disks and volumes: by volume id, by source, by device name.

Serial, alias and source are strong keys. The device name is weak: it goes
stale, and joins only where no strong key says otherwise.
"""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core import names
from nova_selective_migrate.core.case import storage
from nova_selective_migrate.core.evidence import source_keys
from nova_selective_migrate.core.evidence import source_match

Attachments = collections.abc.Sequence[model.VolumeAttachment]


@dataclasses.dataclass(frozen=True)
class Joined:
    """The volume of one disk, or why it cannot be told.

    :ivar by: the keys that joined them, for a person
    :ivar weak: joined by the device name alone
    """

    attachment: model.VolumeAttachment | None = None
    by: str = ''
    weak: bool = False
    conflict: str | None = None


@dataclasses.dataclass(frozen=True)
class Join:
    """What became of each disk, and the volumes that no disk shows."""

    by_target: collections.abc.Mapping[str, Joined]
    without_disk: tuple[model.VolumeAttachment, ...]


@dataclasses.dataclass(frozen=True)
class _Candidates:
    """The attachments that each key of one disk points at."""

    serial: tuple[model.VolumeAttachment, ...]
    alias: tuple[model.VolumeAttachment, ...]
    source: tuple[model.VolumeAttachment, ...]
    name: tuple[model.VolumeAttachment, ...]

    @property
    def strong(self) -> tuple[model.VolumeAttachment, ...]:
        return tuple(dict.fromkeys(self.serial + self.alias + self.source))


@dataclasses.dataclass(frozen=True)
class _Index:
    """The attachments by what a disk may find them by."""

    by_id: dict[str, list[model.VolumeAttachment]]
    by_alias: dict[str, list[model.VolumeAttachment]]
    by_name: dict[str, list[model.VolumeAttachment]]
    by_key: dict[str, list[model.VolumeAttachment]]

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


def join(
    disks: collections.abc.Sequence[model.Disk],
    attachments: Attachments,
    facts: storage.FactsByPath,
) -> Join:
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
        # The conflict of a disk that is skipped is told by nobody else.
        told = disk.writable and disk.source is not None
        if joined[disk.target].attachment or told:
            shown.update(_claimed(candidates[disk.target]))
    return Join(
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
) -> dict[model.VolumeAttachment, list[str]]:
    """List the disks that claim each attachment by a strong key."""
    owners: dict[model.VolumeAttachment, list[str]] = {}
    for target, found in candidates.items():
        for attachment in found.strong:
            owners.setdefault(attachment, []).append(target)
    return owners


def _claimed(found: _Candidates) -> tuple[model.VolumeAttachment, ...]:
    """List what a disk without strong keys has by its device name."""
    return () if found.strong else found.name


def _candidates(
    disk: model.Disk, index: _Index, facts: storage.FactsByPath
) -> _Candidates:
    named: dict[model.VolumeAttachment, None] = {}
    if disk.source is not None:
        known = storage.find(facts, disk.source)
        for key in source_keys.source_keys(disk.source, known):
            named.update(dict.fromkeys(index.by_key.get(key, ())))
    return _Candidates(
        serial=tuple(index.by_id.get((disk.serial or '').lower(), ())),
        alias=tuple(index.by_alias.get((disk.alias_id or '').lower(), ())),
        source=tuple(
            a
            for a in named
            if _source_says(disk, a, facts) is source_match.Match.SAME
        ),
        name=tuple(
            a for a in index.by_name.get(disk.target, ()) if _names_volume(a)
        ),
    )


def _names_volume(attachment: model.VolumeAttachment) -> bool:
    """Tell whether a row says more than a device name: which volume."""
    return bool(attachment.volume_id or attachment.driver_volume_type)


def _source_says(
    disk: model.Disk,
    attachment: model.VolumeAttachment,
    facts: storage.FactsByPath,
) -> source_match.Match:
    if disk.source is None:
        return source_match.Match.SILENT
    known = storage.find(facts, disk.source)
    return source_match.match(disk.source, known, attachment)


def _joined(
    disk: model.Disk,
    candidates: collections.abc.Mapping[str, _Candidates],
    owners: collections.abc.Mapping[model.VolumeAttachment, list[str]],
    facts: storage.FactsByPath,
) -> Joined:
    found = candidates[disk.target]
    if len(found.strong) > 1:
        return Joined(
            conflict='its serial, alias and source point at '
            f'{_labels(found.strong)} at once'
        )
    for other in found.name:
        if other in found.strong:
            continue
        if elsewhere := owners.get(other):
            return Joined(
                conflict=f'{other.label} bears the device name '
                f'{disk.target}, but serial, alias or source say it is '
                f'{names.joined(elsewhere)}'
            )
    if found.strong:
        return _by_strong_key(found, disk, candidates, owners, facts)
    return _by_name(disk, found.name, facts)


def _by_strong_key(
    found: _Candidates,
    disk: model.Disk,
    candidates: collections.abc.Mapping[str, _Candidates],
    owners: collections.abc.Mapping[model.VolumeAttachment, list[str]],
    facts: storage.FactsByPath,
) -> Joined:
    (attachment,) = found.strong
    claimants = owners[attachment]
    if len(claimants) > 1:
        return Joined(
            conflict=f'the disks {names.joined(claimants)} both claim '
            f'{attachment.label}'
        )
    if others := [a for a in found.name if a != attachment]:
        return Joined(
            conflict=f'{_labels(others)} bears the device name of '
            f'{disk.target}, but serial, alias or source say '
            f'{attachment.label}'
        )
    # A name that no disk owns is stale and harms nobody.
    if attachment.target != disk.target and attachment.target in candidates:
        return Joined(
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
        return Joined(
            conflict=f'its {by} say {attachment.label}, but {otherwise}'
            if len(keys) > 1
            else f'its {by} says {attachment.label}, but {otherwise}'
        )
    return Joined(attachment=attachment, by=by)


def _otherwise(
    disk: model.Disk,
    attachment: model.VolumeAttachment,
    facts: storage.FactsByPath,
) -> str:
    """Say how the source is none of the volume's; else ''.

    As after a retype that failed when the guest was on the new device.
    """
    if disk.source is None:
        return ''
    known = storage.find(facts, disk.source)
    return source_match.contradicts(disk.source, known, attachment)


def _by_name(
    disk: model.Disk,
    named: tuple[model.VolumeAttachment, ...],
    facts: storage.FactsByPath,
) -> Joined:
    if not named:
        return Joined()
    if len(named) > 1:
        return Joined(
            conflict=f'{_labels(named)} bear one device name, {disk.target}'
        )
    (attachment,) = named
    says = _source_says(disk, attachment, facts)
    key = 'serial' if disk.serial else 'alias' if disk.alias_id else 'source'
    if key != 'source' or says is source_match.Match.OTHER:
        return Joined(
            conflict=f'{attachment.label} bears the device name of '
            f'{disk.target}, but the {key} of the disk says otherwise'
        )
    return Joined(attachment=attachment, by='device name', weak=True)


def _labels(attachments: Attachments) -> str:
    return names.joined(sorted(a.label for a in attachments))
