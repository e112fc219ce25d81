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

"""How much of each disk the call copies: its top image, or its chain."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import destination_places
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.plan import known_bad_releases


@dataclasses.dataclass(frozen=True)
class Extents:
    """How much of each disk the call copies.

    :ivar by_target: of the disks to copy
    :ivar incremental: whether the call is NON_SHARED_INC, for all of them
    :ivar avoids: why top images alone are not copied, though they could be
    :ivar refused: disks that cannot be copied to that extent
    """

    by_target: collections.abc.Mapping[str, disk_strategy.Extent]
    incremental: bool
    avoids: tuple[known_bad_releases.Found, ...]
    refused: disk_strategy.Refusals


def choose(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> Extents:
    """Choose one mode of copying for the call, and what follows for disks.

    One flag holds for all disks: where one needs a full copy, all get one,
    and then a base image at nova's destination is of no use. On the command
    line the image that is made there keeps its base.

    :param copied: the disks to copy that nothing stands against so far
    """
    incremental = _incremental(facts, copied)
    avoids = _top_alone_loses(facts) if incremental else ()
    if avoids:
        return _with_whole(copied, copied, avoids)
    if facts.prepared and not incremental:
        return _with_whole(copied, copied, ())
    alone = tuple(each for each in copied if not _has_base(facts, each.disk))
    return _with_whole(copied, alone, (), incremental=incremental)


def _has_base(facts: case_facts.Facts, disk: domains.Disk) -> bool:
    """Return whether the image there can have another one below it.

    libvirt makes none over an image of the network, or of a format that the
    domain XML does not tell.
    """
    options = facts.options
    made = options.create_images and disk.target not in options.existing
    if made and not all(map(destination_images.can_be_base, disk.chain[1:2])):
        return False
    place = destination_places.of(disk, facts.storage, options)
    return not place.changed or (not place.device and place.format != 'raw')


def _with_whole(
    copied: disk_strategy.Strategies,
    whole: disk_strategy.Strategies,
    avoids: tuple[known_bad_releases.Found, ...],
    *,
    incremental: bool = False,
) -> Extents:
    """Copy whole chains, and refuse those of which that is impossible.

    :param whole: those of the disks to copy of which the whole is copied,
        whatever their strategies say
    """
    targets = {each.disk.target for each in whole}
    impossible = {
        each.disk.target: refusals.Refusal.of_disk(
            each.disk, why[0], about=why[1]
        )
        for each in whole
        if (why := disk_strategy.not_copied(each.disk, each.disk.chain))
    }
    return Extents(
        {
            each.disk.target: disk_strategy.Extent.WHOLE
            if each.disk.target in targets
            else each.extent
            for each in copied
            if each.disk.target not in impossible
        },
        incremental,
        avoids,
        tuple(impossible.values()),
    )


def _incremental(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> bool:
    """Return whether one NON_SHARED_INC is right for all disks to copy.

    The flag holds for the whole call. It writes no cluster that the source
    top image has not allocated, so every destination image must be fresh,
    and nothing may lie below one that the domain XML does not tell. A device
    that has just been made still has what its disks held before. An image
    that can have no base gets the whole, which is more than the top.
    """
    prepared, existing = facts.prepared, facts.options.existing
    whole = disk_strategy.Extent.WHOLE
    return (
        (prepared is None or prepared.images_type == 'qcow2')
        and any(each.extent is not whole for each in copied)
        and all(
            (each.extent is not whole and _has_base(facts, each.disk))
            or (not each.disk.backing and each.disk.chain_ends)
            for each in copied
        )
        and not any(
            each.disk.target in existing
            or destination_places.of(
                each.disk, facts.storage, facts.options
            ).device
            for each in copied
        )
    )


def _top_alone_loses(
    facts: case_facts.Facts,
) -> tuple[known_bad_releases.Found, ...]:
    """Find why a copy of top images alone is to be avoided."""
    return known_bad_releases.to_avoid(
        facts.hypervisors,
        [known_bad_releases.Feature.INCREMENTAL],
        facts.options.accept_known_bad,
    )
