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

"""Content that the caller of a migration must bring over."""

import collections.abc
import dataclasses

from nova_selective_migrate.core import model
from nova_selective_migrate.core.case import storage as storage_
from nova_selective_migrate.core.decision import decision
from nova_selective_migrate.core.decision import reasons


@dataclasses.dataclass(frozen=True)
class Duty:
    """Content that libvirt cannot copy and the caller must bring over.

    :ivar droppable: libvirt takes the medium out of the drive where the
        destination has none (startupPolicy)
    """

    target: str
    path: str
    code: str
    message: str
    droppable: bool = False


def of_disks(
    decisions: collections.abc.Iterable[decision.Decision],
) -> collections.abc.Iterator[Duty]:
    """State what read-only content the destination must be given."""
    for chosen in decisions:
        unreached = chosen.locality is not model.Locality.SHARED
        if chosen.reason is reasons.Reason.READ_ONLY and unreached:
            path = chosen.disk.chain[0].label
            # nova.virt.libvirt.driver names a config drive disk.config.
            config = path.rpartition('/')[2].startswith('disk.config')
            yield Duty(
                chosen.disk.target,
                path,
                'config-drive' if config else 'read-only-media',
                f'{chosen.disk.target}: libvirt does not copy read-only '
                f'{path}; put the same bytes there on the destination '
                'before the migration',
                droppable=_droppable(chosen.disk),
            )


def dropped(
    duties: collections.abc.Iterable[Duty],
    storage: storage_.Storage,
    carried: collections.abc.Collection[str] = (),
) -> tuple[Duty, ...]:
    """Find the media that the destination lacks, and that may go.

    :param carried: targets whose content the caller brings over
    """
    return tuple(
        duty
        for duty in duties
        if duty.droppable
        and duty.target not in carried
        and (known := storage.destination.get(duty.path)) is not None
        and known.exists is False
    )


def _droppable(disk: model.Disk) -> bool:
    """Tell a removable medium that a migration may go without.

    libvirt's formatdomain: "requisite" drops it if it is missing on migrate,
    "optional" at any start; "mandatory" is the default.
    """
    removable = (model.DiskDevice.CDROM, model.DiskDevice.FLOPPY)
    policy = disk.startup_policy
    return disk.device in removable and policy in ('requisite', 'optional')
