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

"""What happens in a migration besides its progress."""

import collections.abc
import dataclasses

from nova_selective_migrate.core.plan import migrate_call
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.migration import migration_attempt


@dataclasses.dataclass(frozen=True)
class ImageMade:
    """An image was made at the destination."""

    image: migration_record.CreatedImage


@dataclasses.dataclass(frozen=True)
class LibvirtCalled:
    """libvirt is called to migrate the guest.

    :ivar copy: 1, or 2 where the copy is begun again
    """

    copy: int
    call: migrate_call.MigrateCall


@dataclasses.dataclass(frozen=True)
class AbortWanted:
    """The migration is to be aborted; libvirt is asked as soon as it can."""

    cause: migration_attempt.AbortCause


MigrationEvent = ImageMade | LibvirtCalled | AbortWanted
Listen = collections.abc.Callable[[MigrationEvent], None]


def ignore_event(_event: MigrationEvent) -> None:
    """Take the place of a listener where nobody listens."""
