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

"""The plan of a migration: every disk, and one call or all refusals."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.decision import destination_images
from nova_selective_migrate.core.decision import guest_trimming
from nova_selective_migrate.core.decision import media_choices
from nova_selective_migrate.core.decision import media_duties
from nova_selective_migrate.core.decision import source_removals
from nova_selective_migrate.core.job import bandwidth
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import refusals
from nova_selective_migrate.core.model import transport_options
from nova_selective_migrate.core.plan import destination_volumes
from nova_selective_migrate.core.plan import destination_xml
from nova_selective_migrate.core.plan import ejected_media
from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.core.plan import plan_notes
from nova_selective_migrate.core.plan import plan_summary
from nova_selective_migrate.core.plan import planned_disks
from nova_selective_migrate.core.plan import zero_detection


@dataclasses.dataclass(frozen=True)
class MigrationPlan:
    """What a migration does with every disk, or why it does nothing.

    :ivar call: the libvirt call; empty where the plan is refused
    :ivar second_call: the call that follows, once, where the copy of the
        first does not converge; None for none
    :ivar images: what to make at the destination before the call
    :ivar flattened: targets whose image will hold the whole chain
    :ivar zeroes: how zeroes are kept from taking room there
    :ivar renamed: paths of devices there by target, where others than here
    :ivar placed: places there by target, where the operator wants others
    :ivar left: what stays on the source beside what is copied
    :ivar volumes: those whose sources are held against the destination's
    :ivar limit: what the link may carry, disks and memory together
    :ivar summary: what it comes to; None where it is refused
    :ivar media: read-only media that are copied before the call or ejected
        by it, in XML order
    :ivar defined: whether the domain is defined at the source
    :ivar transport: what is done while it runs, and with its definitions
    :ivar removals: the source's images that go when the guest has moved
    :ivar trimming: what the guest is asked to trim before the copy
    """

    domain: domains.Domain
    disks: tuple[planned_disks.PlannedDisk, ...]
    refusals: tuple[refusals.StatedRefusal, ...]
    duties: tuple[media_duties.Duty, ...]
    notes: tuple[str, ...]
    call: migrate_call.MigrateCall
    images: tuple[destination_images.DestinationImage, ...]
    flattened: tuple[str, ...]
    zeroes: zero_detection.ZeroDetection = dataclasses.field(
        default_factory=zero_detection.ZeroDetection
    )
    limit: bandwidth.LinkLimit = dataclasses.field(
        default_factory=bandwidth.LinkLimit
    )
    second_call: migrate_call.MigrateCall | None = None
    left: tuple[plan_notes.LeftBehind, ...] = ()
    volumes: tuple[destination_volumes.KeptVolume, ...] = ()
    renamed: collections.abc.Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )
    summary: plan_summary.PlanSummary | None = None
    media: media_choices.MediaChoices = dataclasses.field(
        default_factory=media_choices.MediaChoices
    )
    placed: destination_xml.Placed = dataclasses.field(default_factory=dict)
    defined: bool = False
    transport: transport_options.TransportOptions = dataclasses.field(
        default_factory=transport_options.TransportOptions
    )
    removals: source_removals.SourceRemovals = dataclasses.field(
        default_factory=source_removals.SourceRemovals
    )
    trimming: guest_trimming.GuestTrimming = dataclasses.field(
        default_factory=guest_trimming.GuestTrimming
    )

    @property
    def ready(self) -> bool:
        """Return whether the plan can be run."""
        return not self.refusals

    @property
    def migrate_disks(self) -> list[str]:
        """Return the targets that QEMU is to mirror, in XML order."""
        if not self.ready:
            return []
        return [
            planned.disk.target for planned in self.disks if planned.copied
        ]

    @property
    def changes(self) -> destination_xml.Changes:
        """Return how the domain's XML differs at the destination."""
        return destination_xml.Changes(
            self.flattened, self.zeroes.drivers, self.renamed, self.placed
        )

    @property
    def changes_xml(self) -> bool:
        """Return whether the domain's XML differs at the destination."""
        return bool(self.changes or self.media.ejected)

    def destination_xml(self, text: str) -> str:
        """Change the XML of what runs for the destination.

        :raises InvalidDomain: when the text cannot be parsed
        """
        changed = destination_xml.for_copy(text, self.changes)
        return ejected_media.without(changed, self.media.ejected)

    def definition(self, text: str, live: str) -> str:
        """Change the domain's definition for the destination.

        :param live: XML of what runs
        :raises InvalidDomain: when a text cannot be parsed
        """
        changed = destination_xml.of_definition(text, live, self.changes)
        return ejected_media.of_definition(changed, live, self.media.ejected)

    @property
    def copy_bytes(self) -> int:
        """Return the bytes that the copies move."""
        return sum(d.copy_bytes for d in self.disks) if self.ready else 0

    def second_copy(self) -> 'MigrationPlan':
        """Return the plan with the second call; there is no third one."""
        return dataclasses.replace(
            self, call=self.second_call or self.call, second_call=None
        )
