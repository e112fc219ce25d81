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

"""disk_info: the files and volumes that the destination has to make.

It is the JSON text that nova passes from get_instance_disk_info of the source
to pre_live_migration of the destination, with a part of ours in each entry.
"""

import collections.abc
import dataclasses
import json
import os.path
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.compute.wire import volume_transfer
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import planned_disks

_KEY = 'selective_migrate'
_UNUSABLE = 'the source sent no usable disk information'


@dataclasses.dataclass(frozen=True)
class ExpectedFile:
    """A file of the instance that the destination has to make.

    :ivar name: file name in the instance's directory
    :ivar medium: content from the source; None where libvirt copies
    :ivar seed: content that the image gets before libvirt copies
    :ivar base: file name of its base image; empty where it has none
    :ivar base_digest: digest that the base image must have
    """

    name: str
    medium: media_transfer.MediumContent | None = None
    seed: media_transfer.MediumContent | None = None
    base: str = ''
    base_digest: str = ''


def dumps_disk_info(
    plan: migration_plan.MigrationPlan,
    carried: collections.abc.Mapping[str, media_transfer.MediumContent],
    seeds: collections.abc.Mapping[str, media_transfer.MediumContent],
    digests: collections.abc.Mapping[str, str],
    groups: collections.abc.Mapping[str, str] | None = None,
) -> str:
    """Return JSON that lists the files for the destination to make.

    It extends what nova.virt.libvirt.driver.LibvirtDriver.
    get_instance_disk_info returns.

    :param carried: read-only content by target
    :param seeds: content of base images that the destination lacks, by
        target
    :param digests: digests of base images by path
    :param groups: UUIDs of the volume groups of logical volumes, by path
    """
    entries = []
    for planned in plan.disks:
        disk = planned.disk
        medium = carried.get(disk.target)
        if not planned.copied and medium is None:
            continue
        seed = seeds[disk.target] if planned.seeded else None
        # A copy of the whole chain goes into an image without a base, and so
        # does one that has a seed: the destination then makes no base with
        # mkfs, as nova would.
        keeps_base = medium or (planned.top_only and not seed)
        backing = disk.backing[0].path if disk.backing and keeps_base else ''
        ours = {
            'medium': medium.tree() if medium else None,
            'seed': seed.tree() if seed else None,
            'base_digest': digests.get(backing or '', ''),
        }
        if disk.chain[0].type is domains.SourceType.BLOCK:
            path = disk.chain[0].path or ''
            ours[volume_transfer.KEY] = {
                'path': plan.renamed.get(disk.target, path),
                'group_uuid': (groups or {}).get(path, ''),
            }
        entries.append({**_entry(planned, backing or ''), _KEY: ours})
    return json.dumps(entries)


def _entry(
    planned: planned_disks.PlannedDisk, backing: str
) -> dict[str, typing.Any]:
    """Describe a file as nova does."""
    source = planned.disk.chain[0]
    size = planned.virtual_bytes or 0
    allocated = planned.allocated_bytes or 0
    return {
        'type': source.format or 'raw',
        'path': source.path,
        'virt_disk_size': size,
        'backing_file': os.path.basename(backing),
        'disk_size': allocated,
        'over_committed_disk_size': max(0, size - allocated),
    }


def loads_disk_info(text: str | None) -> list[dict[str, typing.Any]]:
    """Read disk_info; nova passes None where there is nothing to make.

    :raises PreparationFailed: when it is damaged
    """
    try:
        entries = json.loads(text or '[]')
    except ValueError as err:
        raise exceptions.PreparationFailed(_UNUSABLE) from err
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in entries
    ):
        raise exceptions.PreparationFailed(_UNUSABLE)
    return entries


def assert_ours(
    entries: collections.abc.Iterable[dict[str, typing.Any]],
) -> None:
    """Assert that a source with this plugin wrote all entries.

    :raises PreparationFailed: when stock nova wrote one
    """
    if not all(_KEY in entry for entry in entries):
        raise exceptions.PreparationFailed(
            'the source planned this migration and now sends what nova '
            'alone would: its nova-compute has been started without the '
            'plugin since the check; migrate again'
        )


def expected_files(
    entries: collections.abc.Iterable[dict[str, typing.Any]],
) -> list[ExpectedFile]:
    """Return the files that a source with this plugin listed.

    Entries of stock nova are left out, and those of logical volumes.

    :raises PreparationFailed: when it is damaged
    """
    return [
        _arrival(entry)
        for entry in entries
        if _KEY in entry and not _is_volume(entry)
    ]


def expected_volumes(
    entries: collections.abc.Iterable[dict[str, typing.Any]],
) -> list[volume_transfer.ExpectedVolume]:
    """Return the logical volumes that a source with this plugin listed.

    :raises PreparationFailed: when it is damaged
    """
    return [
        volume_transfer.ExpectedVolume.of(entry)
        for entry in entries
        if _is_volume(entry)
    ]


def without_volumes(text: str | None) -> str | None:
    """Return disk_info for nova, which would make files for volumes.

    It stays as it is where it lists none, or is damaged.
    """
    try:
        entries = loads_disk_info(text)
    except exceptions.PreparationFailed:
        return text
    files = [entry for entry in entries if not _is_volume(entry)]
    return text if files == entries else json.dumps(files)


def _is_volume(entry: dict[str, typing.Any]) -> bool:
    ours = entry.get(_KEY)
    return isinstance(ours, dict) and volume_transfer.KEY in ours


def _arrival(entry: dict[str, typing.Any]) -> ExpectedFile:
    ours = entry[_KEY]
    try:
        medium, seed = ours['medium'], ours['seed']
        return ExpectedFile(
            name=os.path.basename(entry['path']),
            medium=media_transfer.MediumContent.of(medium) if medium else None,
            seed=media_transfer.MediumContent.of(seed) if seed else None,
            base=entry['backing_file'],
            base_digest=ours['base_digest'],
        )
    except (KeyError, TypeError) as err:
        raise exceptions.PreparationFailed(_UNUSABLE) from err
