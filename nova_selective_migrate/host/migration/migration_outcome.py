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

"""How a migration ended, and what it leaves on both hosts."""

import collections.abc
import dataclasses
import typing

from nova_selective_migrate.core.job import guest_location
from nova_selective_migrate.core.job import guest_presence
from nova_selective_migrate.core.job import migration_progress
from nova_selective_migrate.host.migration import created_images
from nova_selective_migrate.host.migration import guest_trim


@dataclasses.dataclass(frozen=True)
class MigrationOutcome:
    """The end of a migration, as it is reported.

    :ivar error: what libvirt or the preparation said, if anything
    :ivar left_out: parameter of the call that one side does not know
    :ivar stats: the completed job's statistics, as libvirt names them; the
        destination keeps them, and knows nothing of the disks
    :ivar progress: the job's last progress that was read
    :ivar begun_again: how and when the copy was begun a second time
    :ivar created: destination images that we made
    :ivar copied: the source's images of the copied disks, by the journal
    :ivar cleaned: of these, what was removed and left after a failure
    :ivar trim: what a trim before the copy came to; None: none was asked for
    :ivar left_source: of the source's images that were to go, what was
        deleted and left
    """

    settlement: guest_location.Settlement
    source: guest_presence.GuestSide
    destination: guest_presence.GuestSide
    seconds: float
    plan_id: str
    error: str | None = None
    left_out: str | None = None
    stats: collections.abc.Mapping[str, typing.Any] = dataclasses.field(
        default_factory=dict
    )
    progress: migration_progress.MigrationProgress | None = None
    begun_again: str | None = None
    created: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    cleaned: created_images.ImageCleanup = dataclasses.field(
        default_factory=created_images.ImageCleanup
    )
    left_source: created_images.ImageCleanup = dataclasses.field(
        default_factory=created_images.ImageCleanup
    )
    trim: guest_trim.TrimResult | None = None
