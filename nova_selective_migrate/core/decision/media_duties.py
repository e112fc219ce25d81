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
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import reasons


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

    def brought_over(self) -> 'Duty':
        """Return it as the duty of a nova-compute with the driver."""
        return dataclasses.replace(
            self,
            message=f'{self.target}: libvirt does not copy read-only '
            f'{self.path}; nova-compute brings it over',
        )


def duties(
    facts: case_facts.Facts, strategies: disk_strategy.Strategies
) -> tuple[tuple[Duty, ...], tuple[Duty, ...]]:
    """State what read-only content the destination must be given.

    :returns: the duties, and those that are none: media that the destination
        lacks, that nobody brings over and that the guest can go without
    """
    carried = facts.prepared.carried if facts.prepared else ()
    found = tuple(
        duty.brought_over() if duty.target in carried else duty
        for duty in _duties(strategies)
    )
    dropped = tuple(
        duty
        for duty in found
        if duty.droppable
        and duty.target not in carried
        and (known := facts.storage.destination.get(duty.path)) is not None
        and known.exists is False
    )
    return tuple(duty for duty in found if duty not in dropped), dropped


def _duties(
    strategies: disk_strategy.Strategies,
) -> collections.abc.Iterator[Duty]:
    for chosen in strategies:
        unreached = chosen.locality is not domains.Locality.SHARED
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


def _droppable(disk: domains.Disk) -> bool:
    """Return whether the guest can go without a removable medium.

    libvirt's formatdomain: "requisite" drops it if it is missing on migrate,
    "optional" at any start; "mandatory" is the default.
    """
    removable = (domains.DiskDevice.CDROM, domains.DiskDevice.FLOPPY)
    policy = disk.startup_policy
    return disk.device in removable and policy in ('requisite', 'optional')
