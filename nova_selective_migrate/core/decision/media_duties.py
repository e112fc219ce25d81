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

"""Read-only content that the caller has to bring to the destination."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.case import case_facts
from nova_selective_migrate.core.decision import disk_strategy
from nova_selective_migrate.core.decision import medium_copies
from nova_selective_migrate.core.evidence import image_locality
from nova_selective_migrate.core.evidence import locality_verdicts
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import pool_facts
from nova_selective_migrate.core.model import reasons
from nova_selective_migrate.core.model import storage_facts


@dataclasses.dataclass(frozen=True)
class Duty:
    """Content that libvirt cannot copy and the caller must bring over.

    :ivar image: of the chain of the disk; its own, or one below it
    :ivar droppable: libvirt takes the medium out of the drive where the
        destination has none (startupPolicy)
    """

    target: str
    path: str
    code: str
    message: str
    image: domains.DiskSource
    droppable: bool = False


def duties(
    facts: case_facts.Facts,
    strategies: disk_strategy.Strategies,
    verdicts: locality_verdicts.Verdicts,
) -> tuple[tuple[Duty, ...], tuple[Duty, ...]]:
    """State what read-only content the destination must be given.

    :returns: the duties, and those that are none: media that the destination
        lacks, that nobody brings over and that the guest can go without
    """
    carried = facts.prepared.carried if facts.prepared else ()
    found = tuple(
        duty
        for chosen in strategies
        if chosen.reason is reasons.Reason.READ_ONLY
        for image in _unreached(chosen, verdicts[chosen.disk.target], facts)
        for duty in (_duty(chosen.disk, image, carried),)
    )
    dropped = tuple(
        duty
        for duty in found
        if duty.droppable
        and duty.target not in carried
        and _is_missing(duty.image, facts.storage)
    )
    return tuple(duty for duty in found if duty not in dropped), dropped


def brought_over(target: str, path: str) -> str:
    """Say of read-only content that nova-compute with the driver sends it."""
    return (
        f'{target}: libvirt does not copy read-only {path}; nova-compute '
        'brings it over'
    )


def _to_be_brought_over(target: str, path: str) -> str:
    return (
        f'{target}: libvirt does not copy read-only {path}; put the same '
        'bytes there on the destination before the migration'
    )


def _is_missing(
    image: domains.DiskSource, storage: storage_facts.Storage
) -> bool:
    if medium_copies.is_without_pool(image, storage):
        return True
    place = pool_facts.in_pool(image, storage.pools)
    known = storage_facts.find(storage.destination, place) if place else None
    return known is not None and known.exists is False


def _unreached(
    chosen: disk_strategy.Strategy,
    verdicts: tuple[locality_verdicts.Verdict, ...],
    facts: case_facts.Facts,
) -> collections.abc.Iterator[domains.DiskSource]:
    """List the images of a disk that both hosts are not known to have.

    nova's own files are sent only where the images below them are there.
    """
    if facts.prepared is not None:
        if chosen.locality is not domains.Locality.SHARED:
            yield chosen.disk.chain[0]
        return
    images = image_locality.images(chosen.disk)
    for image, verdict in zip(images, verdicts, strict=True):
        if not locality_verdicts.is_there(verdict):
            yield image


def _duty(
    disk: domains.Disk,
    image: domains.DiskSource,
    carried: collections.abc.Container[str],
) -> Duty:
    path = image.label
    # nova.virt.libvirt.driver names a config drive disk.config.
    config = path.rpartition('/')[2].startswith('disk.config')
    say = brought_over if disk.target in carried else _to_be_brought_over
    return Duty(
        disk.target,
        path,
        'config-drive' if config else 'read-only-media',
        say(disk.target, path),
        image,
        droppable=_droppable(disk),
    )


def _droppable(disk: domains.Disk) -> bool:
    """Return whether the guest can go without a removable medium.

    libvirt's formatdomain: "requisite" drops it if it is missing on migrate,
    "optional" at any start; "mandatory" is the default.
    """
    removable = (domains.DiskDevice.CDROM, domains.DiskDevice.FLOPPY)
    policy = disk.startup_policy
    return disk.device in removable and policy in ('requisite', 'optional')
