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

"""What one host has of a guest that migrates."""

import dataclasses
import enum


class Presence(enum.Enum):
    """What a host has of a domain.

    SWITCHING is the pause that libvirt makes for a migration: on the
    source while it hands over, at the destination while it waits.
    POSTCOPY is the source's when the guest runs at the destination already
    and its memory follows. A post-copy that has failed leaves a part of the
    guest on either host, and neither is whole.
    """

    RUNNING = 'running'
    PAUSED = 'paused'
    SWITCHING = 'paused by the migration'
    POSTCOPY = 'paused in post-copy'
    POSTCOPY_FAILED = 'in a post-copy that failed'
    OFF = 'shut off'
    MIGRATED = 'shut off after a migration'
    ABSENT = 'absent'
    UNREACHABLE = 'unreachable'


#: A host that has the guest, and does not hand it over.
HOLDS = (Presence.RUNNING, Presence.PAUSED)
#: A host with nothing of the guest, or with its definition alone.
GONE = (Presence.OFF, Presence.MIGRATED, Presence.ABSENT)


@dataclasses.dataclass(frozen=True)
class GuestSide:
    """One host's state of a domain, with libvirt's words for it.

    :ivar resumed: whether libvirt has resumed it after a migration that had
        paused it (VIR_DOMAIN_RUNNING_MIGRATION_CANCELED)
    :ivar arrived: whether its last job was to come here, and has succeeded
    """

    presence: Presence
    detail: str = ''
    resumed: bool = False
    arrived: bool = False

    @property
    def holds(self) -> bool:
        """Return whether the guest is here, and not about to leave."""
        return self.presence in HOLDS

    @property
    def may_have_run(self) -> bool:
        """Return whether this side may have the guest's newest state.

        A guest that waits for its source has not run here.
        """
        return self.presence not in (Presence.ABSENT, Presence.SWITCHING)

    def __str__(self) -> str:
        detail = f' ({self.detail})' if self.detail else ''
        return f'{self.presence.value}{detail}'


#: A host that nobody has asked.
NOT_ASKED = GuestSide(Presence.UNREACHABLE, 'not asked')
