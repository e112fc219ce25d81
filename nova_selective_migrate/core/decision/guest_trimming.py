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

"""Which disks a guest's trim makes smaller before they are copied."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.model import pool_facts


@dataclasses.dataclass(frozen=True)
class GuestTrimming:
    """A trim of all file systems that a guest has mounted.

    :ivar images: paths of the copied images that can become smaller, by
        target; without any nothing is trimmed
    :ivar why_not: why nothing is, where it was asked for
    """

    seconds: int = 0
    images: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    why_not: str | None = None


def choose(
    facts: case_facts.Facts, copied: disk_strategy.Strategies
) -> GuestTrimming:
    """Choose the copied disks that hand discards on to their images.

    libvirt's formatdomain: discard='unmap'. QEMU ignores them without it.

    :param copied: the disks to copy that nothing stands against
    """
    wanted = facts.options.trim
    if not wanted.on:
        return GuestTrimming()
    if facts.case.domain_state.state == 'paused':
        return GuestTrimming(why_not='the guest is paused')
    images: dict[str, str] = {}
    for strategy in copied:
        disk = strategy.disk
        place = pool_facts.in_pool(disk.chain[0], facts.storage.pools)
        if disk.discard == 'unmap' and place and place.path:
            images[disk.target] = place.path
    if not images:
        return GuestTrimming(
            why_not="no disk that is copied has discard='unmap'"
        )
    return GuestTrimming(wanted.seconds, images)


def notes(trimming: GuestTrimming) -> collections.abc.Iterator[str]:
    """Note what is done to the guest, or why it is not."""
    if trimming.why_not:
        yield f'nothing is trimmed: {trimming.why_not}'
    elif trimming.images:
        yield (
            'before the copy the guest is asked to trim all file systems '
            f'that it has mounted, for {trimming.seconds} s at most'
        )
