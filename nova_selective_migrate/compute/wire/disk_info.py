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

"""The JSON text in which nova's source names its disks to the destination.

It is a list of objects in the shape of nova.virt.libvirt.driver.
_get_instance_disk_info_from_config. A destination without this plugin reads
nova's own keys alone; what else it is to know is below one key of ours.
"""

import collections.abc
import dataclasses
import json
import os.path
import typing

from nova_selective_migrate import exceptions
from nova_selective_migrate.compute.wire import media
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.plan import migration_plan

_KEY = 'selective_migrate'
_UNUSABLE = 'the source sent no usable disk information'


@dataclasses.dataclass(frozen=True)
class Arrival:
    """A file of the instance as the destination has to make it.

    :ivar name: file name in the instance's directory
    :ivar medium: content that is brought over; None where libvirt copies
    :ivar seed: content that its image has before libvirt copies
    :ivar base: file name of its base image, and the digest that this must
        have; empty where there is none
    """

    name: str
    medium: media.Medium | None = None
    seed: media.Medium | None = None
    base: str = ''
    base_digest: str = ''


def dumps(
    plan: migration_plan.MigrationPlan,
    carried: collections.abc.Mapping[str, media.Medium],
    seeds: collections.abc.Mapping[str, media.Medium],
    digests: collections.abc.Mapping[str, str],
) -> str:
    """Write what the destination is to make.

    :param carried: read-only content by target
    :param seeds: content of base images that are not there, by target
    :param digests: digests of base images by path
    """
    entries = []
    for planned in plan.disks:
        disk = planned.decision.disk
        medium = carried.get(disk.target)
        copied = planned.decision.action is domains.DiskAction.COPY
        if not copied and medium is None:
            continue
        seed = seeds[disk.target] if planned.decision.seeded else None
        # A copy of the whole chain goes into an image without a base, and so
        # does one that has a seed: the destination then makes no base with
        # mkfs, as nova would.
        keeps_base = medium or (planned.decision.top_only and not seed)
        backing = disk.backing[0].path if disk.backing and keeps_base else ''
        ours = {
            'medium': medium.tree() if medium else None,
            'seed': seed.tree() if seed else None,
            'base_digest': digests.get(backing or '', ''),
        }
        entries.append({**_entry(planned, backing or ''), _KEY: ours})
    return json.dumps(entries)


def _entry(
    planned: migration_plan.PlannedDisk, backing: str
) -> dict[str, typing.Any]:
    """Describe a file as nova does."""
    source = planned.decision.disk.chain[0]
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


def loads(text: str | None) -> list[dict[str, typing.Any]]:
    """Read the text; nova gives none where nothing is to be made.

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
    """See to it that a source with this plugin wrote all of them.

    :raises PreparationFailed: when another did
    """
    if not all(_KEY in entry for entry in entries):
        raise exceptions.PreparationFailed(
            'the source planned this migration and now sends what nova '
            'alone would: its nova-compute has been started without the '
            'plugin since the check; migrate again'
        )


def arrivals(
    entries: collections.abc.Iterable[dict[str, typing.Any]],
) -> list[Arrival]:
    """Read what a source with this plugin wrote; nothing from another.

    :raises PreparationFailed: when it is damaged
    """
    return [_arrival(entry) for entry in entries if _KEY in entry]


def _arrival(entry: dict[str, typing.Any]) -> Arrival:
    ours = entry[_KEY]
    try:
        medium, seed = ours['medium'], ours['seed']
        return Arrival(
            name=os.path.basename(entry['path']),
            medium=media.Medium.of(medium) if medium else None,
            seed=media.Medium.of(seed) if seed else None,
            base=entry['backing_file'],
            base_digest=ours['base_digest'],
        )
    except (KeyError, TypeError) as err:
        raise exceptions.PreparationFailed(_UNUSABLE) from err
